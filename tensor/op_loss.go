package tensor

// BCEWithLogits returns the binary cross-entropy −t·log σ(x) − (1−t)·log(1−σ(x)) of logits x and targets t in [0, 1], element by
// element, in the form softplus(x) − x·t that does not overflow.
func (x *Tensor) BCEWithLogits(t *Tensor) *Tensor { return x.Softplus().Sub(x.Mul(t)) }

// MSE returns the squared difference of x and t, element by element.
func (x *Tensor) MSE(t *Tensor) *Tensor { return x.Sub(t).Square() }
