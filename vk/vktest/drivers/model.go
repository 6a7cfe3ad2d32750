package main

import (
	"math"

	"genview/vk/vktest"
)

// A gpu holds AMD's figures for a card of a family, and how its cores issue instructions.
type gpu struct {
	card      string
	simds     float64
	clock     float64 // cycles per second
	flops     float64 // per second
	bandwidth float64 // bytes per second
}

// gpus have 64 lanes per compute unit: GCN has four SIMDs of 16, RDNA two of 32. RDNA 3 has twice the rate if its compiler can pair
// instructions, which is not counted.
var gpus = map[string]gpu{
	"polaris10": card("RX 480", 36, 1.27e9, 4, 256e9),
	"vega10":    card("RX Vega 64", 64, 1.55e9, 4, 484e9),
	"navi10":    card("RX 5700 XT", 40, 1.91e9, 2, 448e9),
	"navi21":    card("RX 6900 XT", 80, 2.25e9, 2, 512e9),
	"gfx1100":   card("RX 7900 XTX", 96, 2.5e9, 2, 960e9),
}

// card returns the figures of a card. A SIMD takes so many cycles for an instruction of 64 lanes, and a compute unit has as many SIMDs.
func card(name string, units, clock, cycles, bandwidth float64) gpu {
	return gpu{name, units * cycles, clock, 2 * 64 * units * clock, bandwidth}
}

// launch is the time between two dependent dispatches: the device drains and fills again.
const launch = 4e-6

// modelled estimates the time of a dispatch on a card in seconds, and a lower bound for any kernel that reads and writes each byte once and
// computes at the card's peak.
//
// A subgroup executes as many instructions as the compiler estimates, but for the number of rounds that its loops have, which the compiler
// does not know. It issues them one after the other and waits in between as long as the compiler estimates, while the SIMD's other subgroups
// run. A workgroup's subgroups stay on the SIMDs that share its memory. So the SIMD with the most subgroups decides, and if there are few
// workgroups, others have none.
func (g gpu) modelled(s vktest.Shader, family string) (seconds, bound float64) {
	m := s.Made[family]
	memory := float64(s.Bytes) / g.bandwidth
	bound = launch + max(memory, s.FLOPs/g.flops)
	issue := m["Inverse Throughput"] * s.Executed
	alone := issue * max(1, m["Latency"]/m["Inverse Throughput"])
	const share = 4 // SIMDs that share memory: of a compute unit of GCN, of two of RDNA, which RADV uses as one
	groups, subgroups := float64(s.Groups[0]*s.Groups[1]*s.Groups[2]), math.Ceil(float64(s.Local)/64)
	a := math.Ceil(math.Ceil(groups*share/g.simds) * subgroups / share) // subgroups of the SIMD that has most
	rounds := math.Ceil(a / m.Waves())
	return launch + max(memory, max(a*issue, rounds*alone)/g.clock), bound
}
