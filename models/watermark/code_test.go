package watermark

import (
	"math/rand/v2"
	"testing"
)

// TestCode: noise that is as strong as the coded bits disturbs no identifier, and noise alone is seldom one.
func TestCode(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	passed := 0
	for range 100 {
		id := rng.Uint32()
		soft := encode(id)
		var noise [coded]float32
		for i := range soft {
			soft[i] += float32(rng.NormFloat64())
			noise[i] = float32(rng.NormFloat64())
		}
		if got, agree, ok := decode(&soft); !ok || got != id || agree < 0.7 || agree > 1.3 {
			t.Errorf("%08x becomes %08x, %v, %v", id, got, agree, ok)
		}
		if _, _, ok := decode(&noise); ok {
			passed++
		}
	}
	if passed > 4 {
		t.Errorf("the check of %d of 100 identifiers from noise is right, one in 256 is to be", passed)
	}
}
