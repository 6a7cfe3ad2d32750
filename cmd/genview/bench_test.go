package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBench times an op and a step, and checks the output.
func TestBench(t *testing.T) {
	type line struct {
		Name, Device, Kernel string
		MS                   struct{ Min, Median, Max float64 }
		GFLOPs, GBs          float64
		Share                float64 `json:"share_of_peak"`
		Dispatches           int
	}
	read := func(text string) line {
		t.Helper()
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if l.Device == "" || l.Kernel == "" || !(l.MS.Min > 0 && l.MS.Min <= l.MS.Median && l.MS.Median <= l.MS.Max) || !(l.GFLOPs > 0 && l.GBs > 0 && l.Share > 0) {
			t.Errorf("bench says %+v", l)
		}
		return l
	}
	ops := strings.Split(strings.TrimSpace(must(t, "bench", "ops", "gelu/4m", "--json")), "\n")
	if len(ops) != 2 || read(ops[0]).Name != "GELU/4M" || read(ops[1]).Name != "GELU/4M/grad" {
		t.Errorf("bench ops says %q", ops)
	}
	if out := must(t, "bench", "ops", "adam"); !strings.Contains(out, "Adam/800k") || !strings.Contains(out, "×") {
		t.Errorf("bench ops says %s", out)
	}
	if l := read(must(t, "bench", "gpt", "--batch", "1", "--set", "model.layers=1", "--steps", "2", "--json")); l.Name != "gpt" || l.Dispatches < 20 || l.Dispatches > 100 {
		t.Errorf("bench says %+v", l)
	}
	refused(t, 2, "no op of the table", "bench", "ops", "frobnicate")
	refused(t, 2, "--batch is for training steps", "bench", "ops", "--batch", "3")
	refused(t, 2, "genview bench vae|", "bench", "vae", "gan")
}
