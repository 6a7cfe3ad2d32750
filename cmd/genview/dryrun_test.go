package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDryRun asks what runs will take, and checks that no file is left.
func TestDryRun(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	var n struct {
		Parameters, Dispatches int
		Weights                int     `json:"parameter_bytes"`
		State                  int     `json:"state_bytes"`
		Values                 int     `json:"value_bytes"`
		Memory                 int     `json:"device_bytes"`
		FLOPs                  float64 `json:"flops_per_step"`
	}
	if out := must(t, tiny("--dry-run", "--json")...); json.Unmarshal([]byte(out), &n) != nil {
		t.Fatalf("--dry-run says %s", out)
	}
	const weights = 784*32 + 32 + 2*(32*4+4) + 4*32 + 32 + 32*784 + 784
	products := 2 * 16 * float64(784*32+2*32*4+4*32+32*784)
	if n.Parameters != weights || n.Weights != 4*weights || n.State < 8*weights || n.State > 8*weights+100 ||
		n.Values <= 0 || n.Memory < n.Weights+n.State+n.Values || n.Dispatches < 10 || n.FLOPs < 2*products || n.FLOPs > 4*products {
		t.Errorf("the run takes %+v, of %d weights and %.0f FLOPs forward", n, weights, products)
	}
	if out := must(t, "train", "dcgan", "--dry-run"); !strings.Contains(out, "DCGAN") || !strings.Contains(out, "2,000 steps of 128 examples") || !strings.Contains(out, "GFLOPs") {
		t.Errorf("--dry-run says %s", out)
	}
	holds(t, dir)
	refused(t, 2, "say what to train", "train", "--dry-run")
}
