package run

import (
	"slices"
	"testing"
	"time"

	"genview/models/family"
	"genview/models/safetensors"
)

// evaluates measures the newest checkpoint of a run of a VAE and adds that to its folder.
func evaluates(t *testing.T, h Host, dir string) {
	t.Helper()
	s, err := h.Open(t.Context(), dir, Newest, Place{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found, e, err := s.Evaluate(t.Context(), family.Evaluation{Examples: 9, Samples: 2})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := safetensors.Checksum(s.Weights)
	if err != nil || sum == "" {
		t.Fatal(err, "no checksum")
	}
	if e.Step != s.Step || e.Weights != "checkpoints/step-00000012.safetensors" || e.Checksum != sum || e.Metric != "elbo" || !e.Higher || e.Examples != 9 || e.Samples != 2 ||
		e.Split != "test" || e.Data != "glyphs, 22000 glyphs of seed 1" || e.Device != s.Device.Info().Name || time.Since(e.Time) > time.Minute || !slices.Equal(e.Metrics(), found.Scores().Measures) {
		t.Errorf("the evaluation is %+v, of %s", e, found)
	}
	if err := s.Folder.AddEval(e); err != nil {
		t.Fatal(err)
	}
}
