package nn_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/models/nn"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestNamesAndShapesArePyTorchs compares names and shapes of variables with the state_dict of torch.nn.
func TestNamesAndShapesArePyTorchs(t *testing.T) {
	s := nn.NewScope(1)
	nn.NewLinear(s.Sub("fc"), 3, 5)
	nn.NewConv2d(s.Sub("conv"), 4, 6, nn.ConvConfig{Kernel: 3, Groups: 2})
	nn.NewConvTranspose2d(s.Sub("deconv"), 4, 6, nn.ConvConfig{Kernel: 3, NoBias: true})
	nn.NewBatchNorm2d(s.Sub("norm"), 7)
	var got []string
	for _, n := range s.Named() {
		got = append(got, fmt.Sprint(n.Name, n.Tensor.Shape()))
	}
	want := []string{
		"fc.weight[5 3]", "fc.bias[5]", "conv.weight[6 2 3 3]", "conv.bias[6]", "deconv.weight[4 6 3 3]",
		"norm.weight[7]", "norm.bias[7]", "norm.running_mean[7]", "norm.running_var[7]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(s.Vars()); n != 7 {
		t.Errorf("%d variables are trained, want 7: running statistics are not", n)
	}
}

// TestFirstValues compares the first values with PyTorch's: uniform within 1/√fan_in, and the same from the same seed.
func TestFirstValues(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	values := func(seed uint64) (weight, bias []float32) {
		s := nn.NewScope(seed)
		l := nn.NewConv2d(s.Sub("conv"), 16, 64, nn.ConvConfig{Kernel: 5})
		for _, p := range []struct {
			v  *tensor.Tensor
			to *[]float32
		}{{l.Weight, &weight}, {l.Bias, &bias}} {
			*p.to = make([]float32, p.v.Len())
			if err := rt.Read(p.v, *p.to); err != nil {
				t.Fatal(err)
			}
		}
		return weight, bias
	}
	w, b := values(1)
	bound := 1 / math.Sqrt(16*5*5)
	for name, p := range map[string][]float32{"weight": w, "bias": b} {
		var mean, square float64
		for _, v := range p {
			if math.Abs(float64(v)) > bound {
				t.Fatalf("%s: %v is outside of ±%v", name, v, bound)
			}
			mean += float64(v) / float64(len(p))
			square += float64(v) * float64(v) / float64(len(p))
		}
		sigma := bound / math.Sqrt(3)
		if root := math.Sqrt(float64(len(p))); math.Abs(mean) > 5*sigma/root || math.Abs(math.Sqrt(square)-sigma) > 4*sigma/root {
			t.Errorf("%s: mean %v and deviation %v, want 0 and %v", name, mean, math.Sqrt(square), sigma)
		}
	}
	if again, _ := values(1); !slices.Equal(w, again) {
		t.Error("equal seeds give different weights")
	}
	if other, _ := values(2); slices.Equal(w, other) {
		t.Error("different seeds give equal weights")
	}
}

// TestBatchNorm2d trains and then evaluates, against float64: PyTorch normalises by the biased variance and keeps the unbiased one.
func TestBatchNorm2d(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	const b, c, h, w = 3, 2, 4, 5
	s := nn.NewScope(1)
	l := nn.NewBatchNorm2d(s, c)
	scale, shift := []float32{1.5, -0.5}, []float32{0.25, 2}
	for v, p := range map[*tensor.Tensor][]float32{l.Weight: scale, l.Bias: shift} {
		if err := rt.Write(v, p); err != nil {
			t.Fatal(err)
		}
	}
	x := tensor.Input("x", tensor.F32, b, c, h, w)
	training, evaluation := nn.Train(nil), nn.Eval()
	y := l.Forward(training, x)
	p, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{y}, Update: training.Updates()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	z := l.Forward(evaluation, x)
	eval, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{z}})
	if err != nil {
		t.Fatal(err)
	}
	defer eval.Close()
	if u := evaluation.Updates(); len(u) != 0 {
		t.Errorf("evaluation updates %d buffers", len(u))
	}
	runningMean, runningVar := [c]float64{}, [c]float64{1, 1}
	rng := rand.New(rand.NewPCG(1, 1))
	check := func(what string, p *tensor.Program, out *tensor.Tensor, in []float32, mean, variance [c]float64) {
		t.Helper()
		if err := p.Run(context.Background(), tensor.Feed{x: in}); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(in))
		if err := p.Fetch(out, got); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			k := i / (h * w) % c
			want := (float64(in[i])-mean[k])/math.Sqrt(variance[k]+1e-5)*float64(scale[k]) + float64(shift[k])
			if math.Abs(float64(got[i])-want) > 2e-5*(1+math.Abs(want)) {
				t.Fatalf("%s, element %d: got %v, want %v", what, i, got[i], want)
			}
		}
	}
	in := make([]float32, b*c*h*w)
	for range 3 {
		var mean, variance [c]float64
		for i := range in {
			in[i] = float32(rng.NormFloat64()*2 + 3)
			mean[i/(h*w)%c] += float64(in[i]) / (b * h * w)
		}
		for i := range in {
			k := i / (h * w) % c
			variance[k] += (float64(in[i]) - mean[k]) * (float64(in[i]) - mean[k]) / (b * h * w)
		}
		check("training", p, y, in, mean, variance)
		const n = b * h * w
		for k := range c {
			runningMean[k] = 0.9*runningMean[k] + 0.1*mean[k]
			runningVar[k] = 0.9*runningVar[k] + 0.1*variance[k]*n/(n-1)
		}
	}
	check("evaluation", eval, z, in, runningMean, runningVar)
}

// TestPassTwice: a second pass through a layer in one program continues from the statistics of the first, and the updates of another pass
// are separate.
func TestPassTwice(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	l := nn.NewBatchNorm2d(nn.NewScope(1), 1)
	both, other := nn.Train(nil), nn.Train(nil)
	for _, mean := range []float64{10, 20} {
		l.Forward(both, tensor.Full(mean, 1, 1, 2, 2))
	}
	l.Forward(other, tensor.Full(-1000, 1, 1, 2, 2))
	p, err := rt.Compile(tensor.Outputs{Update: both.Updates()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	var got [1]float32
	if err := rt.Read(l.RunningMean, got[:]); err != nil || math.Abs(float64(got[0])-(0.9*1+2)) > 1e-6 {
		t.Errorf("the running mean is %v (%v), want 2.9", got, err)
	}
}

// TestDropoutIsForTraining: half of the elements are dropped in training, and none in evaluation.
func TestDropoutIsForTraining(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	l := nn.Dropout{P: 0.5}
	for want, pass := range map[float64]*nn.Pass{1: nn.Eval(), 0.5: nn.Train(tensor.NewRNG("rng", 1))} {
		kept, err := rt.Floats(l.Forward(pass, tensor.Full(1, 10_000)).NotEqual(tensor.Full(0)).Cast(tensor.F32).Mean())
		if err != nil || math.Abs(float64(kept[0])-want) > 0.02 {
			t.Errorf("%v of the elements stay (%v), want %v", kept, err, want)
		}
	}
}

// TestApply runs rows through a network whose batch does not divide them.
func TestApply(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	s := nn.NewScope(1)
	l := nn.NewLinear(s, 2, 3)
	if err := rt.Write(l.Weight, []float32{1, 0, 0, 1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	if err := rt.Write(l.Bias, []float32{0, 0, 10}); err != nil {
		t.Fatal(err)
	}
	a := nn.NewApply(rt, 4, []int{2}, l.Forward)
	defer a.Close()
	for _, n := range []int{0, 1, 4, 9} {
		var in, want []float32
		for i := range n {
			x, y := float32(i), float32(-2*i)
			in, want = append(in, x, y), append(want, x, y, x+y+10)
		}
		if got, err := a.Run(context.Background(), in); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d rows: got %v, %v; want %v", n, got, err, want)
		}
	}
	if _, err := a.Run(context.Background(), make([]float32, 3)); err == nil {
		t.Error("one and a half rows are taken")
	}
}

// TestAttentionIsOneKernelOnGPUs: a layer computes no shares unless they are fetched, and these add up to 1. A query that may look nowhere
// takes from all alike, also in what it gives back.
func TestAttentionIsOneKernelOnGPUs(t *testing.T) {
	dev := vktest.Open(t)
	s := nn.NewScope(1)
	a := nn.NewMultiheadAttention(s.Sub("attention"), 8, 2, &nn.Dropout{})
	x := tensor.Var("x", tensor.Iota(0, 2*3*8).Reshape(2, 3, 8).Cast(tensor.F32).Sin())
	may := tensor.Const([]bool{true, true, false, false, false, false}, 2, 1, 1, 3) // the second text is only padding
	y := a.Forward(nn.Train(nil), x, x, tensor.AttentionOptions{Mask: may})
	taps := tensor.Taps(y)
	if len(taps) != 1 || taps[0].Name() != "attention" {
		t.Fatalf("the taps are %v", taps)
	}
	var values [2][]float32
	for i, family := range []tensor.Family{tensor.ForDevice, tensor.ForGPU} {
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		grad := tensor.Grad(y.Square().Sum(), x)[0]
		p, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{y, grad}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if code := p.String(); family == tensor.ForGPU && (!strings.Contains(code, "\nAttention [") || strings.Contains(code, "Softmax")) {
			t.Errorf("attention is not one kernel:\n%s", code)
		}
		for _, f := range []*tensor.Tensor{y, grad} {
			v, err := rt.Floats(f)
			if err != nil {
				t.Fatal(err)
			}
			values[i] = append(values[i], v...)
		}
		shares, err := rt.Floats(taps[0])
		if err != nil {
			t.Fatal(err)
		}
		for q := range 2 * 2 * 3 {
			want := []float32{shares[3*q], 1 - shares[3*q], 0}
			if q >= 2*3 {
				want = []float32{1. / 3, 1. / 3, 1. / 3}
			}
			for i, v := range want {
				if got := shares[3*q+i]; !(math.Abs(float64(got-v)) < 1e-6) {
					t.Errorf("%v: query %d takes %v of key %d, want %v", family, q, got, i, v)
				}
			}
		}
	}
	for i, want := range values[0] {
		if got := values[1][i]; !(math.Abs(float64(got-want)) < 1e-5*max(1, math.Abs(float64(want)))) {
			t.Errorf("element %d is %v on GPUs, want %v", i, got, want)
		}
	}
}
