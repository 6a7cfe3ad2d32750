package tensor

import (
	"fmt"
	"math"

	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
)

// An RNG makes random tensors on the device by Philox4x32-10 (Salmon et al. 2011), which is a function of seed, step, stream and position
// alone. So every device draws the same numbers, to the last bit, and a run resumed at a step draws the same numbers as an uninterrupted
// one. Each call of a method has a stream of its own. Within one step the numbers do not change; [RNG.Advance] is the update that begins
// the next step.
type RNG struct {
	State   *Tensor // variable of four words: seed low, seed high, step low, step high
	streams int
}

// NewRNG returns a generator with that seed, at step 0. Its state variable has the given name.
func NewRNG(name string, seed uint64) *RNG {
	return &RNG{State: Var(name, Const([]int32{int32(uint32(seed)), int32(uint32(seed >> 32)), 0, 0}, 4))}
}

// Advance returns the update that moves to the next step.
func (r *RNG) Advance() Update {
	// One expression over the four words: the lower word of the step grows by one, and the upper word grows when the lower one wraps
	// round to zero.
	at := Iota(0, 4)
	is := func(word float64) *Tensor { return at.Equal(fullOf(I32, word, nil)).Cast(I32) }
	low := r.State.Slice(0, 2, 3).Expand(4).Shift(1)
	carry := low.Equal(fullOf(I32, 0, nil)).Cast(I32)
	return Update{Var: r.State, Value: r.State.Add(is(2)).Add(is(3).Mul(carry))}
}

// Uniform draws from [0, 1), in steps of 2⁻²⁴.
func (r *RNG) Uniform(shape ...int) *Tensor {
	return r.draw("Uniform", shape, nil, func(b *spirv.Block, u [4]spirv.ID) spirv.ID { return expr.Uniform(b, u[0]) })
}

// Normal draws from the normal distribution of mean 0 and variance 1 (Box & Muller 1958).
func (r *RNG) Normal(shape ...int) *Tensor {
	return r.draw("Normal", shape, nil, func(b *spirv.Block, u [4]spirv.ID) spirv.ID { return expr.Normal(b, u[0], u[1]) })
}

// Bernoulli draws 1 with probability p [...] and 0 otherwise.
func (r *RNG) Bernoulli(p *Tensor) *Tensor {
	return r.Uniform(p.op.Shape...).Less(p.Detach()).Cast(F32)
}

// Dropout sets elements of x to 0, each with probability p, and scales the others by 1/(1−p) (Srivastava et al. 2014).
func (r *RNG) Dropout(x *Tensor, p float64) *Tensor {
	if p == 0 {
		return x
	}
	return r.keep(r.Uniform(x.op.Shape...), x, p)
}

// keep returns x, scaled, where u says that it is kept, and 0 elsewhere. u is uniform in [0, 1).
func (r *RNG) keep(u, x *Tensor, p float64) *Tensor {
	return Where(u.GreaterEqual(Full(p)), x.Scale(1/(1-p)), Full(0))
}

// TruncatedNormal draws from the normal distribution of mean 0 and variance 1 between lo and hi, by the inverse of its distribution
// function; the bounds may be up to 5 from 0.
func (r *RNG) TruncatedNormal(lo, hi float64, shape ...int) *Tensor {
	if !(lo < hi) || lo < -5 || hi > 5 {
		return fail("TruncatedNormal", nil, "the bounds %g and %g must rise and lie from −5 to 5", lo, hi)
	}
	from, to := math.Erf(lo/math.Sqrt2), math.Erf(hi/math.Sqrt2)
	return r.draw("TruncatedNormal", shape, [2]float64{lo, hi}, func(b *spirv.Block, u [4]spirv.ID) spirv.ID {
		x := b.Add(b.Mul(expr.Open(b, u[0]), b.Float(to-from)), b.Float(from))
		x = b.Mul(expr.InverseErf(b, x), b.Float(math.Sqrt2))
		return b.Min(b.Max(x, b.Float(lo)), b.Float(hi))
	})
}

// Categorical draws an int32 index for each row of logits [..., C], with the probabilities softmax(logits). It takes the largest of the
// logits plus Gumbel noise (Gumbel 1954).
func (r *RNG) Categorical(logits *Tensor) *Tensor {
	noise := r.draw("Gumbel", logits.op.Shape, nil, func(b *spirv.Block, u [4]spirv.ID) spirv.ID { return expr.Gumbel(b, u[0]) })
	return logits.Add(noise).ArgMax(-1)
}

// Permutation draws a permutation of n indices, as int32. All are equally likely, except for ties among n draws of 24 bits.
func (r *RNG) Permutation(n int) *Tensor {
	_, order := r.Uniform(n).Sort(0, false)
	return order
}

// draw draws from the next stream. Attr must identify finish.
func (r *RNG) draw(name string, shape []int, attr any, finish func(b *spirv.Block, u [4]spirv.ID) spirv.ID) *Tensor {
	return r.branch().from(name, shape, nil, attr, finish)
}

// branch returns a generator that draws from the next stream, and from no other.
func (r *RNG) branch() *RNG {
	r.streams++
	return &RNG{State: r.State, streams: r.streams - 1}
}

// A stretch is a range of the last axis: n elements from lo on.
type stretch struct{ lo, of int }

// part draws a range of the last axis of a tensor: the same numbers that Uniform would draw there if the last axis had `of` elements. It
// draws from a branch's stream.
func (r *RNG) part(shape []int, lo, of int) *Tensor {
	last := &stretch{lo, of}
	if shape[len(shape)-1] == of {
		last = nil
	}
	return r.from("Uniform", shape, last, nil, func(b *spirv.Block, u [4]spirv.ID) spirv.ID { return expr.Uniform(b, u[0]) })
}

// from draws from a branch's stream the given range of the last axis; nil: the whole axis.
func (r *RNG) from(name string, shape []int, last *stretch, attr any, finish func(b *spirv.Block, u [4]spirv.ID) spirv.ID) *Tensor {
	stream := r.streams
	var words []*Tensor
	for i := range 4 {
		words = append(words, r.State.Slice(0, i, i+1).Reshape().Expand(shape...))
	}
	drawn := fmt.Sprint(stream, attr)
	if last != nil {
		drawn = fmt.Sprint(stream, attr, *last)
	}
	return Op{
		Name: name, Shape: shape, DType: F32, Attr: drawn,
		EmitAt: func(b *spirv.Block, at spirv.ID, in ...spirv.ID) spirv.ID {
			var words [4]spirv.ID
			for i := range words {
				words[i] = b.Bitcast(in[i], spirv.Uint)
			}
			at = b.Bitcast(at, spirv.Uint)
			if last != nil {
				n := b.Uint(uint32(shape[len(shape)-1]))
				at = b.Add(b.Mul(b.Div(at, n), b.Uint(uint32(last.of))), b.Add(b.Mod(at, n), b.Uint(uint32(last.lo))))
			}
			var x spirv.ID
			b.NoContraction(func() { x = finish(b, expr.Philox(b, stream, at, words)) })
			return x
		},
	}.On(words...)
}
