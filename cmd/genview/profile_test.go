package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProfile has kernels timed, in a training and in a benchmark, and reads the table and the trace.
func TestProfile(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace.json")
	events := func() (names map[string]int, kernels int) {
		t.Helper()
		p, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		var all struct {
			TraceEvents []struct {
				Name, Ph string
				TS, Dur  float64
				TID      int
			}
		}
		if err := json.Unmarshal(p, &all); err != nil {
			t.Fatal(err)
		}
		names = map[string]int{}
		for _, e := range all.TraceEvents {
			names[e.Name]++
			if e.TID == 2 {
				kernels++
				if e.Ph != "X" || e.TS < 0 || e.Dur < 0 {
					t.Errorf("the trace has %+v", e)
				}
			}
		}
		return names, kernels
	}
	var l struct {
		Steps, Dispatches int
		Profile           []struct {
			Ops, Kernel      string
			MS, Share, Calls float64
			GFLOPs, GBs      float64
		}
	}
	out := must(t, "bench", "vae", "--batch", "16", "--steps", "4", "--json", "--profile", "--trace", trace)
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	calls, share, products := 0.0, 0.0, 0.0
	for i, r := range l.Profile {
		calls, share = calls+r.Calls, share+r.Share
		if strings.Contains(r.Ops, "MatMul") && r.GFLOPs > 0 && r.GBs > 0 {
			products += r.Calls
		}
		if i > 0 && r.MS > l.Profile[i-1].MS {
			t.Errorf("row %d takes longer than the one before", i)
		}
	}
	if calls < float64(l.Dispatches) || math.Abs(share-1) > 1e-6 || products < 10 {
		t.Errorf("%v calls of %d dispatches, %v products, %v of the time", calls, l.Dispatches, products, share)
	}
	if names, kernels := events(); names["step"] != 4 || float64(kernels) != 4*calls {
		t.Errorf("the trace has %d steps and %d kernels, want 4 and %v", names["step"], kernels, 4*calls)
	}
	run := filepath.Join(dir, "run")
	if out := must(t, tiny("--out", run, "--steps", "30", "--profile", "--trace", trace)...); !strings.Contains(out, "GFLOP/s") || !strings.Contains(out, "MatMul") {
		t.Errorf("train --profile says %s", out)
	}
	if names, _ := events(); names["step"] != 16 {
		t.Errorf("the trace has %d steps", names["step"])
	}
	plain := filepath.Join(dir, "plain")
	must(t, tiny("--out", plain, "--steps", "30")...)
	if !bytes.Equal(newest(t, run), newest(t, plain)) {
		t.Error("a run that is profiled gives other bits than one that is not")
	}
	write(t, filepath.Join(run, "events.jsonl"), []byte(`{"step":30,"event":"set","detail":"model.beta","value":0.5}`+"\n"))
	if _, said, code := genview(t, "train", "--resume", run, "--steps", "31", "--profile"); code != 0 || !strings.Contains(said, "model.beta is 0.5") {
		t.Errorf("a profiled run that is resumed does not keep a setting that was changed: exit code %d, %s", code, said)
	}
	refused(t, 1, "there is no such folder", tiny("--out", filepath.Join(dir, "no"), "--trace", filepath.Join(dir, "nowhere", "t.json"))...)
	refused(t, 1, "there is no such folder", "bench", "vae", "--trace", filepath.Join(dir, "nowhere", "t.json"))
}
