package vae

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"genview/models/nn"
	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

// matrix is the reference's: float64, row-major, plain loops.
type matrix struct {
	r, c int
	v    []float64
}

func zeros(r, c int) matrix { return matrix{r, c, make([]float64, r*c)} }

// mul returns op(a)·op(b), where ta and tb transpose.
func mul(a, b matrix, ta, tb bool) matrix {
	r, k, c := a.r, a.c, b.c
	if ta {
		r, k = a.c, a.r
	}
	if tb {
		c = b.r
	}
	out := zeros(r, c)
	var wg sync.WaitGroup
	const parts = 2
	for p := range parts {
		wg.Go(func() {
			for i := p; i < r; i += parts {
				mulRow(out.v[i*c:(i+1)*c], a, b, i, k, ta, tb)
			}
		})
	}
	wg.Wait()
	return out
}

// mulRow adds up row i of a product. Rows share nothing; watched by the race detector, they would take ten times as long.
//
//go:norace
func mulRow(row []float64, a, b matrix, i, k int, ta, tb bool) {
	for j := range k {
		at := i*a.c + j
		if ta {
			at = j*a.c + i
		}
		x := a.v[at]
		switch {
		case x == 0:
		case tb:
			for n := range row {
				row[n] += x * b.v[n*b.c+j]
			}
		default:
			for n, y := range b.v[j*b.c : (j+1)*b.c] {
				row[n] += x * y
			}
		}
	}
}

// refLayer is a linear layer with Adam's state.
type refLayer struct {
	w, b   matrix
	gw, gb matrix
	m, s   [2]matrix
	in     matrix
}

func (l *refLayer) forward(x matrix) matrix {
	l.in = x
	y := mul(x, l.w, false, true)
	for i := range y.v {
		y.v[i] += l.b.v[i%y.c]
	}
	return y
}

func (l *refLayer) backward(dy matrix) matrix {
	l.gw = mul(dy, l.in, true, false)
	l.gb = zeros(1, dy.c)
	for i, g := range dy.v {
		l.gb.v[i%dy.c] += g
	}
	return mul(dy, l.w, false, false)
}

func (l *refLayer) adam(step int) {
	for k, p := range []struct{ w, g matrix }{{l.w, l.gw}, {l.b, l.gb}} {
		if l.m[k].v == nil {
			l.m[k], l.s[k] = zeros(p.w.r, p.w.c), zeros(p.w.r, p.w.c)
		}
		for i, g := range p.g.v {
			l.m[k].v[i] = 0.9*l.m[k].v[i] + 0.1*g
			l.s[k].v[i] = 0.999*l.s[k].v[i] + 0.001*g*g
			mean := l.m[k].v[i] / (1 - math.Pow(0.9, float64(step)))
			square := l.s[k].v[i] / (1 - math.Pow(0.999, float64(step)))
			p.w.v[i] -= 1e-3 * mean / (math.Sqrt(square) + 1e-8)
		}
	}
}

func relu(x matrix) matrix {
	y := zeros(x.r, x.c)
	for i, v := range x.v {
		y.v[i] = math.Max(v, 0)
	}
	return y
}

func reluBack(x, dy matrix) matrix {
	dx := zeros(x.r, x.c)
	for i, v := range x.v {
		if v > 0 {
			dx.v[i] = dy.v[i]
		}
	}
	return dx
}

// refVAE is the MLP VAE with forward and backward pass written out.
type refVAE struct{ fc1, fc21, fc22, fc3, fc4 *refLayer }

func (m *refVAE) step(x, eps matrix, t int) float64 {
	n := float64(x.r)
	a1 := m.fc1.forward(x)
	h1 := relu(a1)
	mu, logvar := m.fc21.forward(h1), m.fc22.forward(h1)
	z := zeros(mu.r, mu.c)
	for i := range z.v {
		z.v[i] = mu.v[i] + math.Exp(0.5*logvar.v[i])*eps.v[i]
	}
	a3 := m.fc3.forward(z)
	logits := m.fc4.forward(relu(a3))
	loss := 0.0
	dl := zeros(logits.r, logits.c)
	for i, l := range logits.v {
		loss += (math.Max(l, 0) + math.Log1p(math.Exp(-math.Abs(l))) - l*x.v[i]) / n
		dl.v[i] = (1/(1+math.Exp(-l)) - x.v[i]) / n
	}
	dz := m.fc3.backward(reluBack(a3, m.fc4.backward(dl)))
	dmu, dlv := zeros(mu.r, mu.c), zeros(mu.r, mu.c)
	for i, u := range mu.v {
		lv := logvar.v[i]
		loss += (u*u + math.Exp(lv) - lv - 1) / 2 / n
		dmu.v[i] = dz.v[i] + u/n
		dlv.v[i] = dz.v[i]*eps.v[i]*0.5*math.Exp(0.5*lv) + (math.Exp(lv)-1)/2/n
	}
	dh := m.fc21.backward(dmu)
	for i, g := range m.fc22.backward(dlv).v {
		dh.v[i] += g
	}
	m.fc1.backward(reluBack(a1, dh))
	for _, l := range []*refLayer{m.fc1, m.fc21, m.fc22, m.fc3, m.fc4} {
		l.adam(t)
	}
	return loss
}

// TestTrainingMatchesFloat64 trains the MLP VAE 784-400-20 from fixed weights, batches and noise, here and in float64.
func TestTrainingMatchesFloat64(t *testing.T) {
	steps := 100
	if testing.Short() {
		steps = 10
	}
	const batch = 128
	dev := vktest.Open(t)
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	c := Defaults()
	scope := nn.NewScope(3)
	model, err := New(scope, c)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Input("x", tensor.F32, batch, 1, c.Size, c.Size)
	eps := tensor.Input("eps", tensor.F32, batch, c.Z)
	recon, kl := model.Loss(nn.Eval(), x, eps)
	loss := recon.Add(kl.Scale(model.Config().Beta))
	adam := optim.NewAdam(optim.AdamDefaults(), scope.Vars())
	prog, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{loss}, Update: adam.Update(tensor.Grad(loss, scope.Vars()...))})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()

	weights := map[string]matrix{}
	for _, n := range scope.Named() {
		v := make([]float32, n.Tensor.Len())
		if err := rt.Read(n.Tensor, v); err != nil {
			t.Fatal(err)
		}
		m := matrix{1, len(v), wide(v)}
		if n.Tensor.Rank() == 2 {
			m.r, m.c = n.Tensor.Dim(0), n.Tensor.Dim(1)
		}
		weights[n.Name] = m
	}
	layer := func(name string) *refLayer { return &refLayer{w: weights[name+".weight"], b: weights[name+".bias"]} }
	ref := &refVAE{layer("fc1"), layer("fc21"), layer("fc22"), layer("fc3"), layer("fc4")}

	rng := rand.New(rand.NewPCG(5, 6))
	pictures := make([]float32, batch*c.Size*c.Size)
	noise := make([]float32, batch*c.Z)
	worst := 0.0
	for step := 1; step <= steps; step++ {
		for i := range pictures { // bars at random places
			pictures[i] = 0
			if (i/28%28+step)%9 < 3 && rng.IntN(5) > 0 {
				pictures[i] = 1
			}
		}
		for i := range noise {
			noise[i] = float32(rng.NormFloat64())
		}
		if err := prog.Run(context.Background(), tensor.Feed{x: pictures, eps: noise}); err != nil {
			t.Fatal(err)
		}
		got, err := prog.Float(loss)
		if err != nil {
			t.Fatal(err)
		}
		want := ref.step(matrix{batch, c.Size * c.Size, wide(pictures)}, matrix{batch, c.Z, wide(noise)}, step)
		worst = max(worst, math.Abs(got-want)/want)
		if !(math.Abs(got-want) <= 1e-3*want) {
			t.Fatalf("step %d: the loss is %v, want %v", step, got, want)
		}
	}
	t.Logf("largest relative difference over %d steps: %.2g", steps, worst)
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}
