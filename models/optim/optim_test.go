package optim_test

import (
	"context"
	"math"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

// rule is one element's step by PyTorch's formulas in float64: from θ, its gradient and the step's number to the next θ.
type rule func(theta, g float64, t int) float64

func sgd(c optim.SGDConfig) rule {
	var buffer float64
	return func(theta, g float64, _ int) float64 {
		g += c.WeightDecay * theta
		if c.Momentum != 0 {
			buffer = c.Momentum*buffer + g
			if c.Nesterov {
				g += c.Momentum * buffer
			} else {
				g = buffer
			}
		}
		return theta - c.LR*g
	}
}

func adam(c optim.AdamConfig, decoupled bool) rule {
	var m, v float64
	return func(theta, g float64, t int) float64 {
		if decoupled {
			theta -= c.LR * c.WeightDecay * theta
		} else {
			g += c.WeightDecay * theta
		}
		m = c.Beta1*m + (1-c.Beta1)*g
		v = c.Beta2*v + (1-c.Beta2)*g*g
		rate := c.LR / (1 - math.Pow(c.Beta1, float64(t)))
		return theta - rate*m/(math.Sqrt(v/(1-math.Pow(c.Beta2, float64(t))))+c.Eps)
	}
}

// TestOptimizersMatchFloat64 takes 60 steps down Σ a·(θ−b)⁴ and compares each with the formula.
func TestOptimizersMatchFloat64(t *testing.T) {
	type updater interface {
		Update(grads []*tensor.Tensor) []tensor.Update
	}
	momentum := optim.SGDConfig{LR: 0.01, Momentum: 0.9, WeightDecay: 0.1}
	nesterov := momentum
	nesterov.Nesterov = true
	decayed, quick := optim.AdamWDefaults(), optim.AdamDefaults()
	decayed.LR, decayed.WeightDecay = 0.02, 0.3
	quick.LR, quick.Beta1, quick.Beta2, quick.WeightDecay = 0.05, 0, 0.99, 0.1
	for _, c := range []struct {
		name string
		make func(vars []*tensor.Tensor) updater
		rule func() rule
	}{
		{"SGD", func(v []*tensor.Tensor) updater { return optim.NewSGD(optim.SGDConfig{LR: 0.01}, v) }, func() rule { return sgd(optim.SGDConfig{LR: 0.01}) }},
		{"momentum", func(v []*tensor.Tensor) updater { return optim.NewSGD(momentum, v) }, func() rule { return sgd(momentum) }},
		{"Nesterov", func(v []*tensor.Tensor) updater { return optim.NewSGD(nesterov, v) }, func() rule { return sgd(nesterov) }},
		{"Adam", func(v []*tensor.Tensor) updater { return optim.NewAdam(optim.AdamDefaults(), v) }, func() rule { return adam(optim.AdamDefaults(), false) }},
		{"Adam, no first moment", func(v []*tensor.Tensor) updater { return optim.NewAdam(quick, v) }, func() rule { return adam(quick, false) }},
		{"AdamW", func(v []*tensor.Tensor) updater { return optim.NewAdamW(decayed, v) }, func() rule { return adam(decayed, true) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rt := tensor.NewRuntime(vktest.Open(t))
			defer rt.Close()
			start, a, b := []float32{1, -0.5, 2, 0.1, -1.5, 0.7}, []float32{0.5, 1, 0.2, 2, 0.3, 1}, []float32{0, 0.5, 1, -1, -1, 0.6}
			theta := tensor.Var("theta", tensor.Const(start, 2, 3))
			loss := theta.Sub(tensor.Const(b, 2, 3)).Square().Square().Mul(tensor.Const(a, 2, 3)).Sum()
			o := c.make([]*tensor.Tensor{theta})
			p, err := rt.Compile(tensor.Outputs{Update: o.Update(tensor.Grad(loss, theta))})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			want, rules := make([]float64, len(start)), make([]rule, len(start))
			for i, v := range start {
				want[i], rules[i] = float64(v), c.rule()
			}
			got := make([]float32, len(start))
			for step := 1; step <= 60; step++ {
				if err := p.Run(context.Background(), nil); err != nil {
					t.Fatal(err)
				}
				if err := rt.Read(theta, got); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					d := want[i] - float64(b[i])
					want[i] = rules[i](want[i], 4*float64(a[i])*d*d*d, step)
					if math.Abs(float64(got[i])-want[i]) > 2e-5*(1+math.Abs(want[i])) {
						t.Fatalf("step %d, element %d: got %v, want %v", step, i, got[i], want[i])
					}
				}
			}
		})
	}
}

func TestClipGlobalNorm(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	a, b := tensor.Const([]float32{3, 0}, 2), tensor.Const([]float32{4}, 1)
	for limit, scale := range map[float64]float64{10: 1, 1: 1 / (5 + 1e-6)} {
		clipped, norm := optim.ClipGlobalNorm([]*tensor.Tensor{a, b}, limit)
		for want, x := range map[float64]*tensor.Tensor{5: norm, 3 * scale: clipped[0].Sum(), 4 * scale: clipped[1].Sum()} {
			got, err := rt.Floats(x)
			if err != nil || math.Abs(float64(got[0])-want) > 1e-5 {
				t.Errorf("limit %v: got %v, want %v (%v)", limit, got, want, err)
			}
		}
	}
}
