// Package walk makes walks through a latent space: where they lead, and the pictures or animations that show them.
package walk

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// Point returns the latent vector that a text names: "seed:7" draws it from N(0, 1), the same on every machine; "file:z.json" reads
// an array of z numbers.
func Point(text string, z int) ([]float32, error) {
	kind, arg, _ := strings.Cut(text, ":")
	out := make([]float32, z)
	switch kind {
	case "seed":
		seed, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("walk: %q: the seed must be a whole number, as in seed:7", text)
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range out {
			out[i] = float32(rng.NormFloat64())
		}
		return out, nil
	case "file":
		p, err := os.ReadFile(arg)
		if err != nil {
			return nil, fmt.Errorf("walk: %w", err)
		}
		var v []float32
		if err := json.Unmarshal(p, &v); err != nil {
			return nil, fmt.Errorf("walk: %s is no JSON array of numbers: %w", arg, err)
		}
		if len(v) != z {
			return nil, fmt.Errorf("walk: %s has %d numbers, the model's z has %d", arg, len(v), z)
		}
		return v, nil
	}
	return nil, fmt.Errorf("walk: %q names no point: use seed:N or file:PATH", text)
}

// Interp goes from a (t = 0) to b (t = 1).
type Interp func(a, b []float32, t float64) []float32

// Interps are the interpolations by name.
var Interps = map[string]Interp{"lerp": Lerp, "slerp": Slerp}

// Lerp goes along the straight line.
func Lerp(a, b []float32, t float64) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32((1-t)*float64(a[i]) + t*float64(b[i]))
	}
	return out
}

// Slerp goes along the great circle (Shoemake 1985), while the length goes from that of a to that of b: random points of many
// dimensions all lie near one sphere, and the straight line between two leaves it.
func Slerp(a, b []float32, t float64) []float32 {
	var aa, bb, ab float64
	for i := range a {
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
		ab += float64(a[i]) * float64(b[i])
	}
	la, lb := math.Sqrt(aa), math.Sqrt(bb)
	angle := math.Acos(min(max(ab/(la*lb), -1), 1))
	if !(la > 0 && lb > 0) || math.Sin(angle) < 1e-4 { // parallel: there is no circle, or no one circle
		return Lerp(a, b, t)
	}
	length := (1-t)*la + t*lb
	p, q := math.Sin((1-t)*angle)/math.Sin(angle)*length/la, math.Sin(t*angle)/math.Sin(angle)*length/lb
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32(p*float64(a[i]) + q*float64(b[i]))
	}
	return out
}

// Path returns frames points through all stops, equally many between each two, with the first and last among them.
func Path(stops [][]float32, frames int, f Interp) ([][]float32, error) {
	if frames < 1 {
		return nil, fmt.Errorf("walk: %d frames make no walk: give --frames 1 or more", frames)
	}
	out := make([][]float32, frames)
	for i := range out {
		at := 0.0
		if frames > 1 {
			at = float64(i) / float64(frames-1) * float64(len(stops)-1)
		}
		k := min(int(at), len(stops)-2)
		out[i] = f(stops[k], stops[k+1], at-float64(k))
	}
	return out, nil
}
