package heads

import (
	"fmt"
	"regexp"
	"strings"

	"genview/models/watch"
)

// A Reduction makes one map of the maps of several heads.
type Reduction string

// The reductions.
const (
	Average Reduction = "average" // over the heads of a layer
	Maximum Reduction = "maximum" // over the heads of a layer
	// Rollout is what reaches each position of a layer from the tokens at the bottom, through the average heads of all layers up to it and
	// past them: the product of (A + 1)/2 over layers (Abnar & Zuidema 2020, section 3). It is of stacks of self-attention alone.
	Rollout Reduction = "rollout"
)

// Reductions are all reductions.
var Reductions = []Reduction{Average, Maximum, Rollout}

// Known returns an error for a name that is none of a reduction.
func (r Reduction) Known() error {
	var names []string
	for _, known := range Reductions {
		if r == known {
			return nil
		}
		names = append(names, string(known))
	}
	return fmt.Errorf("heads: %q is no way to reduce maps: give %s", string(r), strings.Join(names, ", "))
}

// Reduce returns a map of one head for each layer, in the order of maps. A reduction leaves out the layers that it is not defined for.
func Reduce(maps []watch.Map, r Reduction) []watch.Map {
	var all []watch.Map
	below := map[string][]float64{} // the rollout of each stack so far
	for _, m := range maps {
		n := len(m.Rows) * len(m.Cols)
		if m.Pool > 1 && r != Maximum { // what is the greatest of several has no mean
			continue
		}
		one := watch.Map{Name: m.Name, Heads: 1, Rows: m.Rows, Cols: m.Cols, Self: m.Self, Pool: m.Pool, Patches: m.Patches}
		switch r {
		case Average:
			one.Values = narrow(average(m))
		case Maximum:
			one.Values = append(one.Values, m.Head(0)...)
			for i, v := range m.Values[n:] {
				one.Values[i%n] = max(one.Values[i%n], v)
			}
		case Rollout:
			if m.Rollout != nil {
				one.Values = m.Rollout
				break
			}
			if !m.Self {
				continue
			}
			id := Stack(m.Name)
			below[id] = rolled(average(m), below[id], len(m.Rows))
			one.Values = narrow(below[id])
		}
		all = append(all, one)
	}
	return all
}

func average(m watch.Map) []float64 {
	n := len(m.Rows) * len(m.Cols)
	sum := make([]float64, n)
	for i, v := range m.Values {
		sum[i%n] += float64(v) / float64(m.Heads)
	}
	return sum
}

// rolled returns (a + 1)/2 · below, matrices of n × n; nil is the matrix 1.
func rolled(a, below []float64, n int) []float64 {
	out := make([]float64, n*n)
	for i := range n {
		for k := range n {
			w := a[i*n+k] / 2
			if i == k {
				w += 0.5
			}
			switch {
			case w == 0:
			case below == nil:
				out[i*n+k] = w
			default:
				for j := range n {
					out[i*n+j] += w * below[k*n+j]
				}
			}
		}
	}
	return out
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

var numbers = regexp.MustCompile(`\d+`)

// Stack returns the name that the layers of a stack share: h.*.attn of h.3.attn.
func Stack(layer string) string { return numbers.ReplaceAllString(layer, "*") }
