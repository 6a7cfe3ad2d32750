package nn

import (
	"fmt"

	"genview/tensor"
)

// An Ablation takes heads of attention layers away. Which ones is an input of the program, so that one program serves all heads.
type Ablation struct {
	layers []*ablatedLayer // in the order of the forward pass
	means  HeadMeans       // that cuts are filled with
	counts func(layer string) *tensor.Tensor
}

// ablatedLayer is an attention layer whose heads can be taken away: an output y [B, Heads, T, Width] becomes keep·y + fill.
type ablatedLayer struct {
	name         string
	heads, width int
	keep, fill   *tensor.Tensor // inputs [1, Heads, 1, 1] and [1, Heads, 1, Width]
	sum, count   *tensor.Tensor // of y over the positions that count [1, Heads, 1, Width], and their number

	gathered struct {
		sum []float64
		n   float64
	}
}

// A Cut takes a head away: its output becomes zeros (Michel et al. 2019, section 3.2) or, for each position, its mean output (Wang et al.
// 2023, section 2.1).
type Cut struct {
	Layer string // its name is that of the tap on its weights
	Head  int    // from 0
	Mean  bool
}

// HeadMeans are the mean outputs of the heads of each layer, [Heads, Width].
type HeadMeans map[string][]float32

// NewAblation returns an Ablation. counts returns, for the positions [B, T] of a layer, 1 where they count for HeadMeans, and 0 for padding.
func NewAblation(counts func(layer string) *tensor.Tensor) *Ablation {
	return &Ablation{counts: counts}
}

// Pass returns a pass for evaluation, without the heads that [Ablation.Feed] names. One pass is made of each Ablation.
func (a *Ablation) Pass() *Pass {
	p := Eval()
	p.Heads(func(name string, y *tensor.Tensor) *tensor.Tensor {
		l := &ablatedLayer{name: name, heads: y.Dim(1), width: y.Dim(3)}
		l.keep = tensor.Input(name+".keep", tensor.F32, 1, l.heads, 1, 1)
		l.fill = tensor.Input(name+".fill", tensor.F32, 1, l.heads, 1, l.width)
		counts := a.counts(name)
		l.count = counts.Sum()
		l.sum = y.Mul(counts.Reshape(counts.Dim(0), 1, counts.Dim(1), 1)).SumKeep(0, 2)
		a.layers = append(a.layers, l)
		return y.Mul(l.keep).Add(l.fill)
	})
	return p
}

// Sums returns what a program must fetch for [Ablation.Gather].
func (a *Ablation) Sums() []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, l := range a.layers {
		all = append(all, l.sum, l.count)
	}
	return all
}

// Gather adds the outputs of the newest run of a program, which had all heads, to those that Means is taken of.
func (a *Ablation) Gather(p *tensor.Program) error {
	for _, l := range a.layers {
		n, err := p.Float(l.count)
		if err != nil {
			return err
		}
		sum := make([]float32, l.sum.Len())
		if err := p.Fetch(l.sum, sum); err != nil {
			return err
		}
		l.gathered.n += n
		l.gathered.sum = append(l.gathered.sum, make([]float64, len(sum)-len(l.gathered.sum))...)
		for i, v := range sum {
			l.gathered.sum[i] += float64(v)
		}
	}
	return nil
}

// Means returns the means of what was gathered, and forgets that. Cuts are filled with the newest means.
func (a *Ablation) Means() HeadMeans {
	a.means = HeadMeans{}
	for _, l := range a.layers {
		for _, v := range l.gathered.sum {
			a.means[l.name] = append(a.means[l.name], float32(v/l.gathered.n))
		}
		l.gathered.n, l.gathered.sum = 0, nil
	}
	return a.means
}

// Measure measures a model with all heads, and then without the head of each cut. measure feeds a program, and calls ran after each run
// whose outputs count for the means. heard, if not nil, receives how many of the measurements are done.
func Measure[Result any](a *Ablation, cuts []Cut, heard func(done, all int), measure func(feed tensor.Feed, ran func(*tensor.Program) error) (Result, error)) ([]Result, error) {
	var all []Result
	for i := range len(cuts) + 1 {
		feed, ran := tensor.Feed{}, a.Gather
		var cut []Cut
		if i > 0 {
			cut, ran = cuts[i-1:i], func(*tensor.Program) error { return nil }
		}
		if err := a.Feed(feed, cut...); err != nil {
			return nil, err
		}
		r, err := measure(feed, ran)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			a.Means()
		}
		if all = append(all, r); heard != nil {
			heard(len(all), len(cuts)+1)
		}
	}
	return all, nil
}

// Feed adds to f the inputs that take the heads of cuts away, and no others. Before a cut that is filled with the mean, Means is called.
func (a *Ablation) Feed(f tensor.Feed, cuts ...Cut) error {
	found := 0
	for _, l := range a.layers {
		keep, fill := make([]float32, l.heads), make([]float32, l.heads*l.width)
		for k := range keep {
			keep[k] = 1
		}
		for _, c := range cuts {
			if c.Layer != l.name || c.Head < 0 || c.Head >= l.heads {
				continue
			}
			found++
			keep[c.Head] = 0
			if c.Mean {
				lo, hi := c.Head*l.width, (c.Head+1)*l.width
				copy(fill[lo:hi], a.means[l.name][lo:hi])
			}
		}
		f[l.keep], f[l.fill] = keep, fill
	}
	if found != len(cuts) {
		return fmt.Errorf("nn: there is no head %d of %s", cuts[0].Head+1, cuts[0].Layer)
	}
	return nil
}
