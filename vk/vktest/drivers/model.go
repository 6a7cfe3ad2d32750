package main

import (
	"math"

	"genview/vk/vktest"
)

// A gpu is what AMD says of a card of a family, and how its cores issue.
type gpu struct {
	card      string
	simds     float64
	clock     float64 // cycles a second
	cycles    float64 // that a SIMD takes for an instruction of 64 lanes
	flops     float64 // a second
	bandwidth float64 // bytes a second
}

// gpus have 64 lanes a compute unit: GCN's units are four SIMDs of 16, RDNA's two of 32. RDNA 3 computes twice as much where its compiler
// finds two instructions that go together, which is not counted.
var gpus = map[string]gpu{
	"polaris10": card("RX 480", 36, 1.27e9, 4, 256e9),
	"vega10":    card("RX Vega 64", 64, 1.55e9, 4, 484e9),
	"navi10":    card("RX 5700 XT", 40, 1.91e9, 2, 448e9),
	"navi21":    card("RX 6900 XT", 80, 2.25e9, 2, 512e9),
	"gfx1100":   card("RX 7900 XTX", 96, 2.5e9, 2, 960e9),
}

func card(name string, units, clock, cycles, bandwidth float64) gpu {
	return gpu{name, units * cycles, clock, cycles, 2 * 64 * units * clock, bandwidth}
}

// launch is what a dispatch takes that waits for the one before: the device runs dry and fills again.
const launch = 4e-6

// modelled estimates what a dispatch takes on a card, in seconds, and the least that any kernel would take which reads and writes each
// byte once and computes at the card's peak.
//
// A subgroup runs the instructions that the compiler has made, those of its loop once more for each round. How many these are follows
// from what the compiler reckons, which is that loops have eight rounds. It issues one after the other, and in between waits as long as
// the compiler reckons with; meanwhile others run that the SIMD holds. Of too few subgroups some SIMDs have none.
func (g gpu) modelled(s vktest.Shader, family string) (seconds, bound float64) {
	m := s.Made[family]
	memory := float64(s.Bytes) / g.bandwidth
	bound = launch + max(memory, s.FLOPs/g.flops)
	const reckoned = 8
	loop := max(0, (m["Inverse Throughput"]/g.cycles-m["Instructions"])/(reckoned-1))
	issue := (m["Instructions"] + loop*(s.Rounds-1)) * g.cycles
	alone := issue * max(1, m["Latency"]/m["Inverse Throughput"])
	waves := float64(s.Groups[0]*s.Groups[1]*s.Groups[2]) * math.Ceil(float64(s.Local)/64)
	a := waves / g.simds // of each SIMD
	rounds := math.Ceil(a / m.Waves())
	return launch + max(memory, max(a*issue, rounds*alone)/g.clock), bound
}
