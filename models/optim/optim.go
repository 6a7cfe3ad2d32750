package optim

import (
	"fmt"

	"genview/tensor"
)

// Named is a tensor and its name in a checkpoint. It is an alias so that nn's, which is the same, needs no conversion.
type Named = struct {
	Name   string
	Tensor *tensor.Tensor
}

// ClipGlobalNorm scales the gradients by min(1, limit/(norm+1e-6)), where norm is that of all gradients as one vector, as
// torch.nn.utils.clip_grad_norm_ does (Pascanu et al. 2013). It also returns norm, a scalar.
func ClipGlobalNorm(grads []*tensor.Tensor, limit float64) (clipped []*tensor.Tensor, norm *tensor.Tensor) {
	norm = GlobalNorm(grads)
	scale := tensor.Full(limit).Div(norm.Shift(1e-6)).Minimum(tensor.Full(1))
	for _, g := range grads {
		clipped = append(clipped, g.Mul(scale))
	}
	return clipped, norm
}

// GlobalNorm returns the norm of all gradients as one vector, a scalar.
func GlobalNorm(grads []*tensor.Tensor) *tensor.Tensor {
	sum := tensor.Full(0)
	for _, g := range grads {
		sum = sum.Add(g.Square().Sum())
	}
	return sum.Sqrt()
}

// slots makes a variable with initial value 0 for each of vars.
func slots(name string, vars []*tensor.Tensor) []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, v := range vars {
		all = append(all, tensor.Var(name+"."+v.Name(), tensor.Full(0, v.Shape()...)))
	}
	return all
}

func named(groups ...[]*tensor.Tensor) []Named {
	var all []Named
	for _, g := range groups {
		for _, t := range g {
			all = append(all, Named{Name: t.Name(), Tensor: t})
		}
	}
	return all
}

func mustMatch(vars, grads []*tensor.Tensor) {
	if len(vars) != len(grads) {
		panic(fmt.Sprintf("optim: %d gradients for %d variables", len(grads), len(vars)))
	}
}

func scalarVar(name string, v float64) *tensor.Tensor { return tensor.Var(name, tensor.Full(v)) }
