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
	counts := target.NotEqual(fullOf(I32, float64(o.IgnoreIndex), nil)).Cast(F32)
	return each.Mul(counts).Sum().Div(counts.Sum())
}
