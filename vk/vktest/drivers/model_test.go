package main

import (
	"testing"

	"genview/vk/vktest"
)

// TestModel: a pass over memory takes what memory takes, a product with few waves waits, and one with many computes.
func TestModel(t *testing.T) {
	made := map[string]vktest.Made{"vega10": {"Latency": 8000, "Inverse Throughput": 4000, "Subgroups per SIMD": 4}}
	of := func(groups, local int, flops float64, bytes int) vktest.Shader {
		return vktest.Shader{Local: local, Groups: [3]int{groups, 1, 1}, FLOPs: flops, Bytes: bytes, Executed: 5, Made: made}
	}
	g := gpus["vega10"]
	const cycles = 5 * 4000
	for _, c := range []struct {
		what string
		s    vktest.Shader
		want float64
	}{
		{"one wave waits for itself", of(1, 64, 1, 1), launch + 2*cycles/g.clock},
		{"four waves a SIMD are busy", of(4*256, 64, 1, 1), launch + 4*cycles/g.clock},
		{"one large workgroup is on one compute unit", of(1, 1024, 1, 1), launch + 4*cycles/g.clock},
		{"one workgroup more than there are compute units", of(65, 512, 1, 1), launch + 4*cycles/g.clock},
		{"much memory", of(1, 64, 1, 1<<30), launch + (1<<30)/g.bandwidth},
	} {
		if got, bound := g.modelled(c.s, "vega10"); got < 0.999*c.want || got > 1.001*c.want || bound > got {
			t.Errorf("%s: %g s of at least %g, want %g", c.what, got, bound, c.want)
		}
	}
	if g.flops < 12.6e12 || g.flops > 12.8e12 {
		t.Errorf("the card computes %g FLOP/s", g.flops)
	}
}
