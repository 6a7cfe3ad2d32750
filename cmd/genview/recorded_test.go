package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"genview/models/run"
	"genview/models/safetensors"
)

// recorded checks a run's recording: it has what the last step looked like, whole, with the views of those names, and the key checkpoint
// of that step has the run's own weights in 16 bits, of those parts that are named.
func recorded(t *testing.T, dir string, step int, views, parts string) {
	t.Helper()
	_, of, err := run.Read(dir, run.Place{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := of.Recording()
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.At(step)
	if err != nil || m.Step != step || len(m.Lost) > 0 {
		t.Fatalf("%s, step %d: the recording has %+v, %v", dir, step, m, err)
	}
	var names []string
	for _, v := range m.Views {
		names = append(names, v.Title())
	}
	if got := strings.Join(names, ", "); got != views {
		t.Errorf("%s: the views are %q, want %q", dir, got, views)
	}
	path, at, err := r.Key(step)
	if err != nil || at != step {
		t.Fatalf("%s: the newest key checkpoint is of step %d, %v; want %d", dir, at, err, step)
	}
	key, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	newest, _, err := of.Newest()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := safetensors.Read(newest)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, k := range key.Tensors {
		part, _, _ := strings.Cut(k.Name, ".")
		if !slices.Contains(found, part) {
			found = append(found, part)
		}
		w, _ := whole.Find(k.Name)
		got, is := k.Values.([]float32)
		want, _ := w.Values.([]float32)
		if !is || len(got) != len(want) {
			t.Fatalf("%s: the key checkpoint has %d of %s, the newest %d", dir, len(got), k.Name, len(want))
		}
		for i, v := range want {
			if d := math.Abs(float64(got[i] - v)); d > math.Abs(float64(v))/1024+1e-7 {
				t.Fatalf("%s: %s[%d] is %v, in the key checkpoint %v", dir, k.Name, i, v, got[i])
			}
		}
	}
	if got := strings.Join(found, ", "); got != parts {
		t.Errorf("%s: the key checkpoint has %q, want %q", dir, got, parts)
	}
}
