package nn

import (
	"fmt"
	"math"

	"genview/tensor"
)

// A Dissection shows what the heads of attention layers compute on the way to their output. A program that is built with its pass fetches
// [Dissection.Parts].
type Dissection struct {
	layers []dissected
}

type dissected struct {
	name    string
	q, k, v *tensor.Tensor // [B, Heads, T, D], [B, Heads, S, D] and [B, Heads, S, E]
	mask    *tensor.Tensor // [B, Heads, T, S]; nil: none
	causal  bool
}

// Stages are the stages of one head's attention (Vaswani et al. 2017, equation 1), of To queries to From keys.
type Stages struct {
	To, From, Width int
	Scores          []float32 // Q·Kᵀ/√D [To, From]
	Masked          []bool    // whether the query must not look at the key [To, From]
	Weights         []float32 // the softmax of the scores that are not masked [To, From]
	Values          []float32 // Weights·V [To, Width]
}

// Pass returns a pass for evaluation whose attention layers are dissected. One pass is made of each Dissection.
func (d *Dissection) Pass() *Pass {
	p := Eval()
	p.attention = func(layer string, q, k, v *tensor.Tensor, o tensor.AttentionOptions) {
		l := dissected{name: layer, q: q, k: k, v: v, causal: o.Causal}
		if o.Mask != nil {
			l.mask = o.Mask.Expand(q.Dim(0), q.Dim(1), q.Dim(2), k.Dim(2))
		}
		d.layers = append(d.layers, l)
	}
	return p
}

// Parts returns what a program must fetch for [Dissection.Head].
func (d *Dissection) Parts() []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, l := range d.layers {
		all = append(all, l.q, l.k, l.v)
		if l.mask != nil {
			all = append(all, l.mask)
		}
	}
	return all
}

// Head returns the stages of a head for the first sequence of the newest run of a program: of its first queries, and of as many keys.
func (d *Dissection) Head(p *tensor.Program, layer string, head, queries, keys int) (*Stages, error) {
	for _, l := range d.layers {
		if l.name == layer && head >= 0 && head < l.q.Dim(1) && queries <= l.q.Dim(2) && keys <= l.k.Dim(2) {
			return l.stages(p, head, queries, keys)
		}
	}
	return nil, fmt.Errorf("nn: there is no head %d of %s with %d queries and %d keys", head+1, layer, queries, keys)
}

func (l dissected) stages(p *tensor.Program, head, queries, keys int) (*Stages, error) {
	fetch := func(x *tensor.Tensor) ([]float32, error) { // of the head [T, …]
		if x == nil {
			return nil, nil
		}
		all, n := make([]float32, x.Len()), x.Dim(2)*x.Dim(3)
		err := p.Fetch(x, all)
		return all[head*n : (head+1)*n], err
	}
	var parts [4][]float32
	for i, x := range []*tensor.Tensor{l.q, l.k, l.v, l.mask} {
		var err error
		if parts[i], err = fetch(x); err != nil {
			return nil, err
		}
	}
	q, k, v, mask := parts[0], parts[1], parts[2], parts[3]
	size, width := l.q.Dim(3), l.v.Dim(3)
	s := &Stages{
		To: queries, From: keys, Width: width, Scores: make([]float32, queries*keys), Masked: make([]bool, queries*keys),
		Weights: make([]float32, queries*keys), Values: make([]float32, queries*width),
	}
	for i := range queries {
		scores := make([]float64, keys) // with the mask
		for j := range keys {
			dot := 0.0
			for d := range size {
				dot += float64(q[i*size+d]) * float64(k[j*size+d])
			}
			scores[j] = dot / math.Sqrt(float64(size))
			s.Scores[i*keys+j] = float32(scores[j])
			if mask != nil {
				scores[j] += float64(mask[i*l.k.Dim(2)+j])
			}
			if l.causal && j > i {
				scores[j] = math.Inf(-1)
			}
			s.Masked[i*keys+j] = scores[j] < never/2
		}
		for j, w := range softmax(scores) {
			s.Weights[i*keys+j] = float32(w)
			for e := range width {
				s.Values[i*width+e] += float32(w) * v[j*width+e]
			}
		}
	}
	return s, nil
}

// softmax returns exp(x) divided by its sum; one x at least must be finite.
func softmax(x []float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	p := make([]float64, len(x))
	for i, v := range x {
		p[i] = math.Exp(v - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}
