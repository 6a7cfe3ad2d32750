package gan

import (
	"context"
	"fmt"
	"math"
	"testing"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/safetensors"
	"genview/tensor"
	"genview/vk/vktest"
)

// replay is what scripts/torchref dcgan wrote: PyTorch's states, inputs, losses, gradients and next states.
type replay struct {
	t      *testing.T
	file   *safetensors.File
	prefix string // of one state
}

func (r *replay) get(name string) []float32 {
	r.t.Helper()
	x, ok := r.file.Find(r.prefix + name)
	if !ok {
		r.t.Fatalf("testdata has no %s%s", r.prefix, name)
	}
	return x.Values.([]float32)
}

// relativeError is ‖a − b‖/‖b‖.
func relativeError(a, b []float32) float64 {
	d, n := 0.0, 0.0
	for i := range b {
		d += math.Pow(float64(a[i])-float64(b[i]), 2)
		n += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(d / max(n, 1e-30))
}

// half is one network's part of a step, whose gradients can be seen and whose Adam can be fed.
type half struct {
	name    string
	scope   *nn.Scope
	loss    *tensor.Tensor
	grads   []*tensor.Tensor
	running []tensor.Update
	program *tensor.Program

	adam *optim.Adam
	fed  []*tensor.Tensor
	next *tensor.Program
}

func newHalf(t *testing.T, rt *tensor.Runtime, name string, s *nn.Scope, pass *nn.Pass, loss, total *tensor.Tensor, adam *optim.Adam) *half {
	t.Helper()
	h := &half{name: name, scope: s, loss: loss, grads: tensor.Grad(total, s.Vars()...), running: pass.Updates(), adam: adam}
	var err error
	if h.program, err = rt.Compile(tensor.Outputs{Fetch: append([]*tensor.Tensor{loss}, h.grads...), Update: h.running}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.program.Close)
	for _, v := range s.Vars() {
		h.fed = append(h.fed, tensor.Input("grad."+v.Name(), tensor.F32, v.Shape()...))
	}
	if h.next, err = rt.Compile(tensor.Outputs{Update: h.adam.Update(h.fed)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.next.Close)
	return h
}

// TestStepsArePyTorchs takes one D and one G step from each of PyTorch's states.
func TestStepsArePyTorchs(t *testing.T) {
	worst := map[string]float64{}
	for _, run := range []struct {
		file, prefix, upsample string
		gamma                  float64
		steps                  []int
		family                 tensor.Options
	}{
		{"dcgan", "r1=0", "", 0, []int{0, 20, 100, 500}, tensor.Options{}},
		{"dcgan", "r1=5", "", 5, []int{0, 20, 100, 500}, tensor.Options{}},
		{"dcgan", "r1=5", "", 5, []int{0, 20, 100, 500}, tensor.Options{Family: tensor.ForGPU}},
		{"upsample", "nearest", "nearest", 0, []int{20}, tensor.Options{}},
		{"upsample", "bilinear", "bilinear", 0, []int{20}, tensor.Options{}},
		{"upsample", "bicubic", "bicubic", 0, []int{20}, tensor.Options{}},
		{"upsample", "bicubic", "bicubic", 0, []int{20}, tensor.Options{Family: tensor.ForGPU}},
	} {
		file, err := safetensors.Read("testdata/" + run.file + ".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), run.family)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rt.Close)
		c := DCGANDefaults()
		c.Hidden, c.Z, c.Size, c.Pairing, c.R1, c.R2, c.Upsample = 2, 8, 32, "non-saturating", run.gamma, 0, run.upsample
		y := newReplayed(t, rt, c)
		for _, step := range run.steps {
			y.replay(t, rt, &replay{t, file, fmt.Sprintf("%s/%d/", run.prefix, step)}, step, worst)
		}
	}
	t.Logf("largest differences: loss %.1e, gradient %.1e, weights %.1e, running statistics %.1e", worst["loss"], worst["grad"], worst["weight"], worst["running"])
}

// replayed is a GAN with programs of both halves of a step.
type replayed struct {
	scope  *nn.Scope
	real   *tensor.Tensor
	z      [2]*tensor.Tensor
	halves []*half
}

func newReplayed(t *testing.T, rt *tensor.Runtime, c Config) *replayed {
	t.Helper()
	const batch = 8
	adam := optim.AdamDefaults()
	adam.LR, adam.Beta1 = 2e-4, 0.5
	s := nn.NewScope(1)
	g, d := newGenerator(s.Sub("generator"), c), newDiscriminator(s.Sub("discriminator"), c)
	var adams []*optim.Adam
	for _, name := range []string{"discriminator", "generator"} {
		adams = append(adams, optim.NewAdam(adam, s.Sub(name).Vars()))
	}
	y := &replayed{scope: s, real: tensor.Input("real", tensor.F32, batch, 1, c.Size, c.Size)}
	y.z = [2]*tensor.Tensor{tensor.Input("z1", tensor.F32, batch, c.Z), tensor.Input("z2", tensor.F32, batch, c.Z)}

	pass := nn.Train(nil)
	v := judge(pass, d, y.real, g.forward(nn.Train(nil), y.z[0]).Detach())
	loss := discriminatorLoss(c.Pairing, v.onReal, v.onFake)
	y.halves = []*half{newHalf(t, rt, "discriminator", s.Sub("discriminator"), pass, loss, loss.Add(v.r1.Scale(c.R1)), adams[0])}
	pass = nn.Train(nil)
	v = judge(nn.Train(nil), d, y.real, g.forward(pass, y.z[1]))
	loss = generatorLoss(c.Pairing, v.onReal, v.onFake)
	y.halves = append(y.halves, newHalf(t, rt, "generator", s.Sub("generator"), pass, loss, loss, adams[1]))
	return y
}

// replay takes a step from one of PyTorch's states.
func (y *replayed) replay(t *testing.T, rt *tensor.Runtime, r *replay, step int, worst map[string]float64) {
	t.Helper()
	for _, n := range y.scope.Named() {
		if err := rt.Write(n.Tensor, r.get(n.Name)); err != nil {
			t.Fatal(err)
		}
	}
	feed := tensor.Feed{y.real: r.get("real"), y.z[0]: r.get("z1"), y.z[1]: r.get("z2")}
	for _, h := range y.halves {
		h.replay(t, rt, r, feed, step, worst)
	}
}

// replay takes a half step and compares it, then feeds Adam with PyTorch's gradients and leaves PyTorch's weights.
func (h *half) replay(t *testing.T, rt *tensor.Runtime, r *replay, feed tensor.Feed, step int, worst map[string]float64) {
	t.Helper()
	within := func(what, name string, got, limit float64) {
		t.Helper()
		worst[what] = max(worst[what], got)
		if !(got <= limit) {
			t.Errorf("%s%s %s: %.2g from PyTorch's, want at most %.0g", r.prefix, name, what, got, limit)
		}
	}
	if err := h.program.Run(context.Background(), feed); err != nil {
		t.Fatal(err)
	}
	loss, err := h.program.Float(h.loss)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(r.get(h.name + ".loss")[0])
	within("loss", h.name, math.Abs(loss-want)/math.Abs(want), 1e-5)
	grads := tensor.Feed{}
	for i, v := range h.scope.Vars() {
		got, name := make([]float32, v.Len()), v.Name()[len(h.name)+1:]
		if err := h.program.Fetch(h.grads[i], got); err != nil {
			t.Fatal(err)
		}
		theirs := r.get(h.name + ".grad." + name)
		within("grad", v.Name(), relativeError(got, theirs), 1e-4)
		grads[h.fed[i]] = theirs
	}
	for _, n := range h.adam.State() {
		values := []float32{float32(step)}
		if n.Tensor.Rank() > 0 {
			moment, v := "exp_avg.", n.Name[len("exp_avg."):]
			if len(n.Name) > len("exp_avg_sq.") && n.Name[:len("exp_avg_sq.")] == "exp_avg_sq." {
				moment, v = "exp_avg_sq.", n.Name[len("exp_avg_sq."):]
			}
			values = r.get(h.name + "." + moment + v[len(h.name)+1:])
		}
		if err := rt.Write(n.Tensor, values); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.next.Run(context.Background(), grads); err != nil {
		t.Fatal(err)
	}
	for _, n := range h.scope.Named() {
		got := make([]float32, n.Tensor.Len())
		if err := rt.Read(n.Tensor, got); err != nil {
			t.Fatal(err)
		}
		theirs := r.get(h.name + ".after." + n.Name[len(h.name)+1:])
		what := "weight"
		for _, b := range h.scope.Buffers() {
			if b == n.Tensor {
				what = "running"
			}
		}
		most := 0.0
		for i := range theirs {
			most = max(most, math.Abs(float64(got[i]-theirs[i])))
		}
		within(what, n.Name, most, 1e-6)
	}
}
