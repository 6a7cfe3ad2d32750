package heads

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"genview/models/watch"
)

// A Score is a number that may not be defined; it is then NaN, and null in JSON.
type Score float64

var undefined = Score(math.NaN())

// MarshalJSON implements [json.Marshaler].
func (s Score) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(s)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(s))
}

// Format implements [fmt.Formatter]: a score that is not defined is a dash.
func (s Score) Format(f fmt.State, verb rune) {
	if math.IsNaN(float64(s)) {
		fmt.Fprint(f, "–")
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), float64(s))
}

// Entropy returns the mean entropy in nats of the rows of weights with that many columns: 0 if each query attends to one key alone, ln
// columns if to all equally.
func Entropy(weights []float32, cols int) float64 {
	sum := 0.0
	for _, w := range weights {
		if w > 0 {
			sum -= float64(w) * math.Log(float64(w))
		}
	}
	return sum / float64(len(weights)/cols)
}

// Distance returns how many positions away from a query are the keys that it attends to, on average: Σⱼ w(i, j)·|i − j|, the mean over
// queries i (Vig & Belinkov 2019, section 4.3). Queries and keys are the positions of one sequence.
func Distance(weights []float32, cols int) float64 {
	sum := 0.0
	for at, w := range weights {
		sum += float64(w) * math.Abs(float64(at/cols-at%cols))
	}
	return sum / float64(len(weights)/cols)
}

// Previous returns the mean weight of the position before a query, over all queries but the first; NaN for a single position.
func Previous(weights []float32, cols int) float64 { return diagonal(weights, cols, 1, 1) }

// Induction returns how far a head completes a repetition (Olsson et al. 2022, "prefix matching"). The sequence is a part of random tokens,
// twice. A query in the second part has occurred once before; the score is the mean weight of the position after that one.
func Induction(weights []float32, cols int) float64 {
	n := cols / 2
	return diagonal(weights, cols, n-1, n)
}

// diagonal returns the mean weight of the key that is back positions before a query, over the queries from first on.
func diagonal(weights []float32, cols, back, first int) float64 {
	rows, sum := len(weights)/cols, 0.0
	if first >= rows {
		return math.NaN()
	}
	for i := first; i < rows; i++ {
		sum += float64(weights[i*cols+i-back])
	}
	return sum / float64(rows-first)
}

// Scores returns the scores of a layer's heads in a text. Distance and Previous are of self-attention alone. Of a picture's patches there is
// one row, of all of them.
func Scores(m watch.Map) []watch.Score {
	all := []watch.Score{{Name: "entropy", Unit: "nats"}}
	if m.Self {
		all = append(all, watch.Score{Name: "distance", Unit: "tokens"}, watch.Score{Name: "previous"})
	}
	cols := len(m.Cols)
	if m.Patches {
		cols *= len(m.Rows)
	}
	for k := range m.Heads {
		w := m.Head(k)
		all[0].Values = append(all[0].Values, Entropy(w, cols))
		if m.Self {
			all[1].Values = append(all[1].Values, Distance(w, cols))
			all[2].Values = append(all[2].Values, Previous(w, cols))
		}
	}
	if m.Self && cols < 2 { // there is no previous token
		all = all[:2]
	}
	return all
}

// PictureScores returns the scores of a layer's heads in a picture: weights [heads, 1+side², 1+side²] of a class token and of patches, row by
// row. The distance is that between the middles of patches, in widths of a patch, from the patches alone (Dosovitskiy et al. 2021, fig. 7).
func PictureScores(weights []float32, heads, side int) []watch.Score {
	entropy, distance := watch.Score{Name: "entropy", Unit: "nats"}, watch.Score{Name: "distance", Unit: "patches"}
	n := 1 + side*side
	for k := range heads {
		w := weights[k*n*n : (k+1)*n*n]
		entropy.Values = append(entropy.Values, Entropy(w, n))
		sum, total := 0.0, 0.0
		for i := 1; i < n; i++ {
			for j := 1; j < n; j++ {
				v := float64(w[i*n+j])
				sum += v * math.Hypot(float64((i-1)/side-(j-1)/side), float64((i-1)%side-(j-1)%side))
				total += v
			}
		}
		distance.Values = append(distance.Values, sum/max(total, math.SmallestNonzeroFloat64))
	}
	return []watch.Score{entropy, distance}
}

// Repeated returns the induction score of a layer's heads, whose weights [heads, n, n] are those for a part of random tokens, twice.
func Repeated(weights []float32, heads, n int) watch.Score {
	s := watch.Score{Name: "induction"}
	for k := range heads {
		s.Values = append(s.Values, Induction(weights[k*n*n:(k+1)*n*n], n))
	}
	return s
}

// Mean returns the means of scores over several texts. A score counts where it is defined.
func Mean(texts ...[]watch.Score) []watch.Score {
	var all []watch.Score
	counts := map[string]float64{}
	for _, scores := range texts {
		for _, s := range scores {
			i := slices.IndexFunc(all, func(known watch.Score) bool { return known.Name == s.Name })
			if i < 0 {
				i = len(all)
				all = append(all, watch.Score{Name: s.Name, Unit: s.Unit, Values: make([]float64, len(s.Values))})
			}
			counts[s.Name]++
			for k, v := range s.Values {
				all[i].Values[k] += (v - all[i].Values[k]) / counts[s.Name]
			}
		}
	}
	return all
}
