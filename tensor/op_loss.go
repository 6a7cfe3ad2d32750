package tensor

// BCEWithLogits returns the binary cross-entropy −t·log σ(x) − (1−t)·log(1−σ(x)) of logits x and targets t in [0, 1], element by
// element, in the form softplus(x) − x·t that does not overflow.
func (x *Tensor) BCEWithLogits(t *Tensor) *Tensor { return x.Softplus().Sub(x.Mul(t)) }

// MSE returns the squared difference of x and t, element by element.
func (x *Tensor) MSE(t *Tensor) *Tensor { return x.Sub(t).Square() }

// CrossEntropyOptions are torch.nn.functional.cross_entropy's.
type CrossEntropyOptions struct {
	LabelSmoothing float64 // the share of each target that is spread evenly over all classes (Szegedy et al. 2015, section 7)
	IgnoreIndex    int     // targets of this value do not count
}

// CrossEntropyDefaults returns PyTorch's: no smoothing, IgnoreIndex −100.
func CrossEntropyDefaults() CrossEntropyOptions { return CrossEntropyOptions{IgnoreIndex: -100} }

// CrossEntropy returns the mean of −log softmax(x)[target] over all targets [...] of int32, in nats, from logits x [..., C]. Where no
// target counts it is NaN, as in PyTorch.
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
	want := target.OneHot(classes)
	if e := o.LabelSmoothing; e != 0 {
		want = want.Scale(1 - e).Shift(e / float64(classes))
	}
	each := x.LogSumExp(-1).Sub(x.Mul(want).Sum(-1))
	return each.over(target, o.IgnoreIndex)
}

// over is the mean of losses x over the targets that count.
func (x *Tensor) over(target *Tensor, ignore int) *Tensor {
	counts := target.NotEqual(fullOf(I32, float64(ignore), nil)).Cast(F32)
	return x.Mul(counts).Sum().Div(counts.Sum())
}

// L1 returns the distance |x − t|, element by element.
func (x *Tensor) L1(t *Tensor) *Tensor { return x.Sub(t).Abs() }

// Huber returns ½d² of the distance d = |x − t| up to delta, and delta·(d − ½delta) beyond (Huber 1964), element by element.
func (x *Tensor) Huber(t *Tensor, delta float64) *Tensor {
	d := x.Sub(t)
	near := d.Clamp(-delta, delta) // ½·near² + delta·(|d| − |near|)
	return near.Square().Scale(0.5).Add(d.Abs().Sub(near.Abs()).Scale(delta))
}

// NLL returns the mean of −x[target] over all targets [...] of int32 but those of −100, from logarithms of probabilities x [..., C].
func (x *Tensor) NLL(target *Tensor) *Tensor {
	if x.err == nil && target.err == nil && (target.op.DType != I32 || x.Rank() != target.Rank()+1 || x.Len() != target.Len()*x.Dim(-1)) {
		return fail("NLL", []*Tensor{x, target}, "it takes logarithms [..., C] of f32 and targets [...] of i32")
	}
	return x.Gather(-1, target.Unsqueeze(-1)).Squeeze(-1).Neg().over(target, CrossEntropyDefaults().IgnoreIndex)
}

// Hinge returns max(0, margin − t·x) of scores x and labels t of 1 or −1, element by element.
func (x *Tensor) Hinge(t *Tensor, margin float64) *Tensor { return Full(margin).Sub(x.Mul(t)).ReLU() }

// KLNormal returns the divergence of normal distributions of means x and logarithms of variances logVar from that of mean 0 and
// variance 1, ½(x² + e^logVar − 1 − logVar), element by element (Kingma & Welling 2013, appendix B).
func (x *Tensor) KLNormal(logVar *Tensor) *Tensor {
	return x.Square().Add(logVar.Expm1()).Sub(logVar).Scale(0.5)
}

// KLDiv returns t·(log t − x) of logarithms of probabilities x and probabilities t, element by element, 0 where t is 0, as
// torch.nn.functional.kl_div does.
func (x *Tensor) KLDiv(t *Tensor) *Tensor {
	some := t.Greater(Full(0))
	return Where(some, t.Mul(Where(some, t, Full(1)).Log().Sub(x)), Full(0))
}
