package heads

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"genview/models/watch"
)

// A Report says of each head of a model how it attends, and what the model loses without it on held-out data.
type Report struct {
	Loss float64 `json:"loss"` // with all heads
	Unit string  `json:"unit"` // of losses, such as "nats per character"
	Of   string  `json:"of"`   // what was measured, such as "4,096 held-out characters"

	Heads []Head `json:"heads"`
}

// A Head is what a Report says of a head.
type Head struct {
	Layer     string `json:"layer"`     // name of the tap on its weights
	Head      int    `json:"head"`      // from 1
	Entropy   Score  `json:"entropy"`   // nats
	Distance  Score  `json:"distance"`  // tokens
	Previous  Score  `json:"previous"`  // weight of the previous token
	Induction Score  `json:"induction"` // weight of the token after the same one, in repeated random tokens

	// Zero and Mean are the losses of the model if the head puts out zeros (Michel et al. 2019, section 3.2), or its mean output for each
	// position (Wang et al. 2023, section 2.1).
	Zero float64 `json:"zero"`
	Mean float64 `json:"mean"`
}

// Add appends the heads of a layer with their scores. Losses are set later.
func (r *Report) Add(layer string, heads int, scores []watch.Score) {
	for k := range heads {
		h := Head{Layer: layer, Head: k + 1}
		for name, to := range map[string]*Score{"entropy": &h.Entropy, "distance": &h.Distance, "previous": &h.Previous, "induction": &h.Induction} {
			*to = undefined
			for _, s := range scores {
				if s.Name == name {
					*to = Score(s.Values[k])
				}
			}
		}
		r.Heads = append(r.Heads, h)
	}
}

// Cuts returns what is measured of each head: zeros, then the mean.
func (r *Report) Cuts() []watch.Ablate {
	var all []watch.Ablate
	for _, h := range r.Heads {
		a := watch.Ablate{Layer: h.Layer, Head: h.Head - 1}
		all = append(all, a)
		a.Mean = true
		all = append(all, a)
	}
	return all
}

// Measured sets the losses: that with all heads, and then those of Cuts.
func (r *Report) Measured(losses []float64) {
	r.Loss = losses[0]
	for i := range r.Heads {
		r.Heads[i].Zero, r.Heads[i].Mean = losses[1+2*i], losses[2+2*i]
	}
}

// String says what was measured.
func (r *Report) String() string {
	return fmt.Sprintf("loss %.4f %s on %s; zero and mean: how much more without the head", r.Loss, r.Unit, r.Of)
}

// Table returns a line for each head. Losses without a head are written as what they add to that with all heads.
func (r *Report) Table() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "layer\thead\tentropy\tdistance\tprevious\tinduction\tzero\tmean\t")
	for _, h := range r.Heads {
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.2f\t%.3f\t%.3f\t%+.4f\t%+.4f\t\n",
			h.Layer, h.Head, h.Entropy, h.Distance, h.Previous, h.Induction, h.Zero-r.Loss, h.Mean-r.Loss)
	}
	w.Flush()
	return out.String()
}

// CSV writes a line for each head, below one of names.
func (r *Report) CSV(to io.Writer) error {
	w := csv.NewWriter(to)
	rows := [][]string{{"layer", "head", "entropy", "distance", "previous", "induction", "loss", "zero", "mean"}}
	for _, h := range r.Heads {
		row := []string{h.Layer, strconv.Itoa(h.Head)}
		for _, v := range []Score{h.Entropy, h.Distance, h.Previous, h.Induction, Score(r.Loss), Score(h.Zero), Score(h.Mean)} {
			cell := ""
			if !math.IsNaN(float64(v)) {
				cell = strconv.FormatFloat(float64(v), 'g', -1, 64)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return w.WriteAll(rows)
}
