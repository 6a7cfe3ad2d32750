package train

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"genview/models/watch"
)

// TestEvals: evaluations are read as they were added, and lines that are damaged or torn do no harm to others.
func TestEvals(t *testing.T) {
	r := create(t)
	if all, err := r.Evals(); err != nil || len(all) != 0 || BestEval(all) != nil {
		t.Errorf("a run that was not evaluated has %v, %v", all, err)
	}
	eval := func(step int, metric string, value float64) *Eval {
		e := &Eval{
			Time: time.Unix(int64(step), 0).UTC(), Step: step, Weights: "checkpoints/a", Checksum: "b", Metric: metric, Higher: true, Split: "test",
			Examples: 7, Samples: 2, Device: "llvmpipe", Program: "genview", Measures: map[string]float64{"a": 1, "z": 2},
		}
		if value != 0 {
			e.Measures[metric] = value
		}
		return e
	}
	elsewhere := eval(6, "accuracy", 0.9)
	elsewhere.Data = "other data"
	want := []*Eval{elsewhere, eval(1, "other", 99), eval(2, "accuracy", 0.5), eval(3, "accuracy", 0.75), eval(4, "accuracy", 0), eval(5, "accuracy", 0.25)}
	path := filepath.Join(r.Dir, evalsName)
	for i, e := range want {
		if err := r.AddEval(e); err != nil {
			t.Fatal(err)
		}
		if i != 2 {
			continue
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("{}\nno line\n{\"time\":\"2026-11-24T12:00:00Z\",\"ste"); err != nil { // a process was killed
			t.Fatal(err)
		}
		f.Close()
	}
	all, err := r.Evals()
	if err != nil || !reflect.DeepEqual(all, want) {
		t.Fatalf("got %v, %v, want %v", all, err, want)
	}
	if best := BestEval(all); best != all[3] {
		t.Errorf("the best is %+v", best)
	}
	if got, want := all[2].Metrics(), (watch.Metrics{{Name: "accuracy", Value: 0.5}, {Name: "a", Value: 1}, {Name: "z", Value: 2}}); !reflect.DeepEqual(got, want) {
		t.Errorf("the measures are %v, want %v", got, want)
	}
	if err := os.WriteFile(path, []byte(`{"time":"2026-11-24T12`), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err = r.Evals(); err != nil || len(all) != 0 {
		t.Errorf("of a torn line it reads %v, %v", all, err)
	}
}
