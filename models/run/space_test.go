package run

import (
	"path/filepath"
	"slices"
	"testing"

	"genview/models/train"
)

// TestRewinder: a session that has shown older weights has its own again, in all bits, and not those of the recording, which has 16.
func TestRewinder(t *testing.T) {
	c, err := New("vae")
	if err != nil {
		t.Fatal(err)
	}
	c.SetSteps(9)
	for key, value := range map[string]string{"model.hidden": "8", "model.z": "2", "data.size": "8", "batch": "8"} {
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	dir, h := filepath.Join(t.TempDir(), "run"), host(t)
	learner, err := h.Create(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := learner.Train(t.Context(), train.Options{LogEvery: 5, SaveEvery: train.Every{Steps: 5}, Record: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := learner.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := h.Open(t.Context(), dir, Newest, Place{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	weights := func() (all []float32) {
		for _, v := range s.Model.Drawn() {
			some := make([]float32, v.Tensor.Len())
			if err := s.Runtime.Read(v.Tensor, some); err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
		return all
	}
	keys, err := s.Keys()
	if err != nil || len(keys) < 2 || keys[len(keys)-1] != 9 || !slices.IsSorted(keys) {
		t.Fatalf("there are weights of the steps %v, %v", keys, err)
	}
	own, rewind := weights(), s.Rewinder()
	for _, step := range []int{keys[0], 9, keys[0], 9} {
		if err := rewind(step); err != nil {
			t.Fatal(err)
		}
		if same := slices.Equal(weights(), own); same != (step == 9) || s.Step != step {
			t.Errorf("at step %d, asked for %d: the weights are the session's own: %v", s.Step, step, same)
		}
	}
}
