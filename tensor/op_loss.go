package tensor

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
)

// BCEWithLogits returns the binary cross-entropy −t·log σ(x) − (1−t)·log(1−σ(x)) of logits x and targets t in [0, 1], element by element.
// It computes x·(1−t) + log(1 + e^−x) for positive x and −x·t + log(1 + eˣ) for others, which neither overflows nor cancels.
func (x *Tensor) BCEWithLogits(t *Tensor) *Tensor {
	x, t, bad := broadcastTogether("BCEWithLogits", x, t)
	if bad != nil {
		return bad
	}
	if x.op.DType != F32 {
		return fail("BCEWithLogits", []*Tensor{x, t}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	return binaryOp(Op{
		Name: "BCEWithLogits",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			x, t := in[0], in[1]
			part := b.Select(b.Less(b.Float(0), x), b.Sub(b.Float(1), t), b.Neg(t))
			return b.Add(b.Mul(x, part), expr.Log1p(b, b.Ext(spirv.Exp, b.Neg(b.Ext(spirv.FAbs, x)))))
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sigmoid().Sub(t)), dy.Mul(x).Neg()} },
	}, x, t)
}

// MSE returns the squared difference of x and t, element by element.
func (x *Tensor) MSE(t *Tensor) *Tensor { return x.Sub(t).Square() }

// CrossEntropyOptions are the options of torch.nn.functional.cross_entropy.
type CrossEntropyOptions struct {
	LabelSmoothing float64 // the part of each target that is spread evenly over all classes (Szegedy et al. 2015, section 7)
	IgnoreIndex    int     // targets of this value are left out
}

// CrossEntropyDefaults returns PyTorch's defaults: no smoothing, IgnoreIndex −100.
func CrossEntropyDefaults() CrossEntropyOptions { return CrossEntropyOptions{IgnoreIndex: -100} }

// CrossEntropy returns the mean of −log softmax(x)[target] over all int32 targets [...] that are not ignored, in nats, from logits x
// [..., C]. Special numbers in ignored rows do not affect it. If all targets are ignored it is NaN and its gradient is 0, as in PyTorch.
// Other targets must be from 0 to C−1.
func (x *Tensor) CrossEntropy(target *Tensor, o CrossEntropyOptions) *Tensor {
	in := []*Tensor{x, target}
	if x.err != nil || target.err != nil {
		return fail("CrossEntropy", in, "an operand is poisoned")
	}
	if target.op.DType != I32 || x.op.DType != F32 || x.Rank() != target.Rank()+1 || x.Len() != target.Len()*x.Dim(-1) {
		return fail("CrossEntropy", in, "it takes logits [..., C] of f32 and targets [...] of i32")
	}
	n, classes := target.Len(), x.Dim(-1)
	x, target = x.Reshape(n, classes), target.Reshape(n)
	x = x.Sub(x.MaxKeep(-1).Detach())
	total := x.Exp().Sum(-1).Log()
	each := total.Sub(Where(target.isPlace(classes), x, Full(0)).Sum(-1))
	if e := o.LabelSmoothing; e != 0 {
		each = each.Scale(1 - e).Add(total.Sub(x.Mean(-1)).Scale(e))
	}
	return each.over(target, o.IgnoreIndex)
}

// over returns the mean of the losses x over the targets that are not ignored. The other losses do not affect it, whatever their values.
func (x *Tensor) over(target *Tensor, ignore int) *Tensor {
	counts := target.NotEqual(fullOf(I32, float64(ignore), nil))
	return Where(counts, x, Full(0)).Sum().Div(counts.Cast(F32).Sum())
}

// L1 returns the distance |x − t|, element by element.
func (x *Tensor) L1(t *Tensor) *Tensor { return x.Sub(t).Abs() }

// Huber returns ½d² for distances d = |x − t| up to delta, and delta·(d − ½delta) beyond (Huber 1964), element by element.
func (x *Tensor) Huber(t *Tensor, delta float64) *Tensor {
	d := x.Sub(t)
	near := d.Clamp(-delta, delta)
	return near.Mul(d.Sub(near.Scale(0.5))).withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(near)} }, d)
}

// NLL returns the mean of −x[target] over all int32 targets [...] except those of −100, from logarithms of probabilities x [..., C].
func (x *Tensor) NLL(target *Tensor) *Tensor {
	if x.err == nil && target.err == nil && (target.op.DType != I32 || x.Rank() != target.Rank()+1 || x.Len() != target.Len()*x.Dim(-1)) {
		return fail("NLL", []*Tensor{x, target}, "it takes logarithms [..., C] of f32 and targets [...] of i32")
	}
	return x.Gather(-1, target.Unsqueeze(-1)).Squeeze(-1).Neg().over(target, CrossEntropyDefaults().IgnoreIndex)
}

// Hinge returns max(0, margin − t·x) of scores x and labels t of 1 or −1, element by element.
func (x *Tensor) Hinge(t *Tensor, margin float64) *Tensor { return Full(margin).Sub(x.Mul(t)).ReLU() }

// KLNormal returns the Kullback-Leibler divergence of the normal distribution with mean x and log-variance logVar from the one with mean
// 0 and variance 1, ½(x² + e^logVar − 1 − logVar), element by element (Kingma & Welling 2013, appendix B).
func (x *Tensor) KLNormal(logVar *Tensor) *Tensor {
	return x.Square().Add(logVar.Expm1()).Sub(logVar).Scale(0.5)
}

// KLDiv returns t·log t − t·x for log-probabilities x and probabilities t, element by element, as torch.nn.functional.kl_div does. Where
// t is 0 it is 0 if x is finite, and NaN otherwise.
func (x *Tensor) KLDiv(t *Tensor) *Tensor {
	none := t.Equal(Full(0))
	return t.Mul(Where(none, Full(1), t).Log()).Sub(t.Mul(x))
}
