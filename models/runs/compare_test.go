package runs_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/runs"
	"genview/models/train"
	"genview/models/watch"
)

// TestCompare compares runs of two families.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	for name, preset := range map[string]string{"a": "vae", "b": "vae", "c": "dcgan"} {
		m := watch.Metrics{{Name: "loss", Value: 123.456789}}
		set := "optim.lr=0.002"
		if name == "c" {
			m, set = watch.Metrics{{Name: "g_loss", Value: 2}}, "data.size=32"
		}
		if name == "a" {
			set = "optim.lr=0.001"
		}
		r, err := made(filepath.Join(dir, name), preset, 7, 9, m, set)
		if err != nil {
			t.Fatal(err)
		}
		if name != "b" {
			e := &train.Eval{Time: began, Step: 7, Metric: "elbo", Higher: true, Measures: map[string]float64{"elbo": -99.123456}, Examples: 100}
			if name == "c" {
				e.Metric, e.Measures = "distance", map[string]float64{"distance": 3}
			}
			if err := r.AddEval(e); err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
	}
	lines := func(rows []runs.Row) (all []string) {
		for _, r := range rows {
			all = append(all, fmt.Sprint(r.Name, " ", strings.Join(r.Values, "|")))
		}
		return all
	}
	c, err := runs.Compare(filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(c.Settings); !slices.Equal(got, []string{"optim.lr 0.001|0.002"}) {
		t.Errorf("two runs differ in %q", got)
	}
	if got := lines(c.Measures); got[0] != "state stopped|stopped" || got[1] != "step 7|7" || got[2] != "trained 1s|1s" || got[4] != "loss 123.46|123.46" ||
		!slices.Contains(got, "eval_elbo -99.123|") || !slices.Contains(got, "eval_step 7|") || !slices.Contains(got, "eval_examples 100|") {
		t.Errorf("two runs have the measures %q", got)
	}
	if c, err = runs.Compare(filepath.Join(dir, "a"), filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	if got := lines(c.Settings); !slices.Contains(got, "kind vae|gan") || !slices.Contains(got, "model.beta 1|") {
		t.Errorf("runs of two families differ in %q", got)
	}
	if got := lines(c.Measures); !slices.Contains(got, "loss 123.46|") || !slices.Contains(got, "g_loss |2") ||
		!slices.Contains(got, "eval_elbo -99.123|") || !slices.Contains(got, "eval_distance |3") {
		t.Errorf("runs of two families have the measures %q", got)
	}
	if _, err := runs.Compare(filepath.Join(dir, "a"), dir); err == nil {
		t.Error("a folder that is no run is compared")
	}
}
