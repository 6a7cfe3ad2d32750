package watermark

import (
	"math"
	"math/rand/v2"
	"sync"
)

const (
	lowest  = 10 // waves with fewer half periods carry nothing: pictures are strongest in them
	highest = 48 // nor those with more, which small pictures lose when they are scaled down
)

// A part is a coefficient's share in a coded bit.
type part struct {
	u, v   int // half periods over the width and the height
	bit    int
	weight float32
}

// A pattern says which coefficients carry which coded bit, and where the lattice of a bit begins, in parts of its step.
type pattern struct {
	parts  []part
	dither [coded]float64
}

// known returns the pattern of all pictures.
var known = sync.OnceValue(func() *pattern {
	rng := rand.NewPCG(0x67656e76696577, 1) // its numbers are specified, those of rand.Rand are not
	var p pattern
	for v := 2; v <= highest; v++ { // seams of sheets and borders are strong where u or v is 0
		for u := 2; u <= highest; u++ {
			if r := math.Hypot(float64(u), float64(v)); r >= lowest && r <= highest {
				p.parts = append(p.parts, part{u: u, v: v, weight: float32(r)}) // pictures become weaker with the frequency
			}
		}
	}
	for i := len(p.parts) - 1; i > 0; i-- {
		k := int(rng.Uint64() % uint64(i+1))
		p.parts[i], p.parts[k] = p.parts[k], p.parts[i]
	}
	var norm [coded]float64
	for i := range p.parts {
		c := &p.parts[i]
		c.bit = i % coded
		norm[c.bit] += float64(c.weight * c.weight)
		if rng.Uint64()&1 == 1 {
			c.weight = -c.weight
		}
	}
	for i := range p.parts {
		p.parts[i].weight /= float32(math.Sqrt(norm[p.parts[i].bit]))
	}
	for i := range p.dither {
		p.dither[i] = float64(rng.Uint64()>>11) / (1 << 53)
	}
	return &p
})

// project returns what a spectrum has for each coded bit.
func (p *pattern) project(s *spectrum) (y [coded]float32) {
	for _, c := range p.parts {
		y[c.bit] += c.weight * s[c.v][c.u]
	}
	return y
}
