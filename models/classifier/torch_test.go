package classifier

import (
	"math"
	"strings"
	"testing"

	"genview/models/optim"
	"genview/models/safetensors"
	"genview/models/step"
	"genview/tensor"
	"genview/vk/vktest"
)

// hashed is n numbers of 32 bits, as scripts/torchref makes them.
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

// fill gives each weight the values that it has in scripts/torchref.
func fill(t *testing.T, rt *tensor.Runtime, vars []*tensor.Tensor) {
	t.Helper()
	for k, v := range vars {
		scale, shift := 0.1, 0.0
		switch {
		case v.Rank() > 1:
			scale = 1 / math.Sqrt(float64(v.Len()/v.Dim(0)))
		case strings.HasSuffix(v.Name(), "weight"):
			shift = 1
		}
		values := make([]float32, v.Len())
		for i, h := range hashed(uint32(k), len(values)) {
			values[i] = float32((2*float64(h)/(1<<32)-1)*math.Sqrt(3)*scale) + float32(shift)
		}
		if err := rt.Write(v, values); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTrainsAsPyTorchDoes takes ten steps of both networks from PyTorch's weights, and holds each loss, each norm of the gradients, and
// the logits in the end to PyTorch's within 1e-5.
func TestTrainsAsPyTorchDoes(t *testing.T) {
	const batch, classes, side = 6, 5, 12
	f, err := safetensors.Read("testdata/torch.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	dev := vktest.Open(t)
	for _, c := range []Config{
		{Arch: "vit", Classes: classes, Size: side, Channels: 1, Hidden: 24, Patch: 4, Width: 16, Heads: 2, Layers: 2},
		{Arch: "cnn", Classes: classes, Size: side, Channels: 1, Hidden: 3},
	} {
		t.Run(c.Arch, func(t *testing.T) {
			rt := tensor.NewRuntime(dev)
			defer rt.Close()
			adam := optim.AdamDefaults()
			adam.Beta2, adam.WeightDecay = 0.99, 0.05
			m, err := NewTrainer(rt, c, TrainConfig{Batch: batch, Descent: step.Descent{Adam: adam, Clip: 1}, Smoothing: 0.1, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			fill(t, rt, m.Scope.Vars())
			theirs := func(what string, i int) float64 {
				x, ok := f.Find(c.Arch + "." + what)
				if !ok {
					t.Fatalf("there is no %s", what)
				}
				return float64(x.Values.([]float32)[i])
			}
			check := func(what string, i int, got float64) {
				if want := theirs(what, i); !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
					t.Errorf("%s %d is %v, and PyTorch's %v", what, i, got, want)
				}
			}
			images, labels := make([]float32, batch*side*side), make([]int32, batch)
			for k := range 10 {
				for i, h := range hashed(uint32(2000+k), len(images)) {
					images[i] = float32(float64(h) / (1 << 32))
				}
				for i, h := range hashed(uint32(3000+k), batch) {
					labels[i] = int32(h % classes)
				}
				if err := m.Step(t.Context(), images, labels); err != nil {
					t.Fatal(err)
				}
				got, err := m.Metrics()
				if err != nil {
					t.Fatal(err)
				}
				check("loss", k, got[0].Value)
				check("norm", k, got[1].Value)
			}
			logits, err := m.logits.Run(t.Context(), images)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range logits {
				check("logits", i, float64(v))
			}
		})
	}
}
