package transformer

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/safetensors"
	"genview/tensor"
	"genview/vk/vktest"
)

// What follows makes the numbers that scripts/torchref makes.

// hashed is n numbers of 32 bits: an integer hash of (stream, place).
func hashed(stream uint32, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		x := uint32(i) + 0x9E3779B9*(stream+1)
		x = (x ^ x>>16) * 0x7FEB352D
		x = (x ^ x>>15) * 0x846CA68B
		out[i] = x ^ x>>16
	}
	return out
}

// fill gives each variable, in the order of their names in PyTorch's model, the values that it has there.
func fill(t *testing.T, rt *tensor.Runtime, s *nn.Scope, std func(name string, in int) float64) {
	t.Helper()
	for k, n := range s.Named() {
		values := make([]float32, n.Tensor.Len())
		scale, shift := 0.1, 0.0
		switch {
		case n.Tensor.Rank() > 1:
			scale = std(n.Name, n.Tensor.Len()/n.Tensor.Dim(0))
		case strings.HasSuffix(n.Name, "weight"):
			shift = 1
		}
		for i, h := range hashed(uint32(k), len(values)) {
			values[i] = float32((2*float64(h)/(1<<32)-1)*math.Sqrt(3)*scale) + float32(shift)
		}
		if err := rt.Write(n.Tensor, values); err != nil {
			t.Fatal(err)
		}
	}
}

func relativeError(a, b []float32) float64 {
	d, n := 0.0, 0.0
	for i := range b {
		d += math.Pow(float64(a[i])-float64(b[i]), 2)
		n += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(d / max(n, 1e-30))
}

func reference(t *testing.T, name string) func(tensor string) []float32 {
	t.Helper()
	f, err := safetensors.Read("testdata/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return func(tensor string) []float32 {
		t.Helper()
		x, ok := f.Find(tensor)
		if !ok {
			t.Fatalf("%s has no %s", name, tensor)
		}
		return x.Values.([]float32)
	}
}

// TestGPTTrainsAsPyTorchDoes takes 100 steps of AdamW with clipping and a schedule, and compares every loss and norm.
func TestGPTTrainsAsPyTorchDoes(t *testing.T) {
	const steps = 100
	want := reference(t, "gpt")
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	c := GPTDefaults()
	c.Vocab, c.Bias = 65, true
	adam := optim.AdamDefaults()
	adam.Beta2, adam.WeightDecay = 0.99, 0.1
	g, err := NewGenerator(rt, c, TrainConfig{Batch: 12, Adam: adam, MinLR: 1e-4, Warmup: 10, Decay: steps, Clip: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	fill(t, rt, g.Scope, func(name string, _ int) float64 {
		if strings.HasSuffix(name, "c_proj.weight") {
			return 0.02 / math.Sqrt(2*float64(c.Layers))
		}
		return 0.02
	})
	worst := map[string]float64{}
	for step := range steps {
		var batch []int32
		for r := range 12 {
			h := hashed(uint32(1000+step*12+r), c.Context+3)
			for i := range c.Context + 1 {
				token := (int(h[0]%65) + (1+int(h[1]%3))*i) % 65
				if i%3 == 2 {
					token = int(h[2+i] % 65)
				}
				batch = append(batch, int32(token))
			}
		}
		if err := g.Step(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		m, err := g.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"loss", "norm"} {
			theirs := float64(want(name)[step])
			d := math.Abs(m[i].Value-theirs) / theirs
			worst[name] = max(worst[name], d)
			if limit := []float64{1e-4, 2e-3}[i]; !(d <= limit) {
				t.Fatalf("step %d: %s %v, PyTorch's is %v", step, name, m[i].Value, theirs)
			}
		}
	}
	t.Logf("largest relative differences in %d steps: loss %.1e, norm %.1e", steps, worst["loss"], worst["norm"])
}

// TestTransformerIsPyTorchs compares logits, loss and all gradients with torch.nn.Transformer's, on padded sequences.
func TestTransformerIsPyTorchs(t *testing.T) {
	want := reference(t, "transformer")
	c := Config{Vocab: 14, Width: 12, Heads: 3, Layers: 2, Hidden: 20, Source: 9, Target: 6}
	whole := func(v []float32) []int32 {
		out := make([]int32, len(v))
		for i := range v {
			out[i] = int32(v[i])
		}
		return out
	}
	for name, o := range map[string]tensor.Options{"device": {}, "gpu": {Family: tensor.ForGPU}} {
		t.Run(name, func(t *testing.T) {
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), o)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			s := nn.NewScope(1)
			m, err := New(s, c)
			if err != nil {
				t.Fatal(err)
			}
			fill(t, rt, s, func(_ string, in int) float64 { return 1 / math.Sqrt(float64(in)) })
			source, target := tensor.Const(whole(want("source")), 3, 9), tensor.Const(whole(want("target")), 3, 7)
			pass := nn.Train(nil)
			logits := m.Decode(pass, target.Slice(1, 0, 6), source, m.Encode(pass, source))
			loss := logits.CrossEntropy(target.Slice(1, 1, 7), tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: Pad})
			outs := append([]*tensor.Tensor{loss, logits}, tensor.Grad(loss, s.Vars()...)...)
			p, err := rt.Compile(tensor.Outputs{Fetch: outs})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			names := []string{"loss", "logits"}
			for _, n := range s.Named() {
				names = append(names, "grad."+n.Name)
			}
			worst := 0.0
			for i, x := range outs {
				got := make([]float32, x.Len())
				if err := p.Fetch(x, got); err != nil {
					t.Fatal(err)
				}
				theirs := want(names[i])
				if names[i] == "logits" { // what pads a source says nothing of what comes of it, what follows a target's end nothing at all
					got, theirs = slices.Clone(got[:6*14]), theirs[:6*14]
				}
				d := relativeError(got, theirs)
				worst = max(worst, d)
				if !(d <= 2e-5) {
					t.Errorf("%s is %.2g from PyTorch's", names[i], d)
				}
			}
			t.Logf("largest relative difference: %.1e", worst)
		})
	}
}
