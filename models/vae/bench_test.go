package vae

import (
	"context"
	"os"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk"
)

// BenchmarkStep times a training step of 128 pictures of 28×28, and counts what it allocates on the host.
func BenchmarkStep(b *testing.B) {
	for _, c := range []Config{Defaults(), ConvDefaults()} {
		b.Run(c.Arch, func(b *testing.B) {
			dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE")})
			if err != nil {
				b.Skipf("SKIPPED, no Vulkan device: %v", err)
			}
			defer dev.Close()
			rt := tensor.NewRuntime(dev)
			defer rt.Close()
			const batch = 128
			m, err := NewTrainer(rt, c, TrainConfig{Batch: batch, Adam: optim.AdamDefaults(), Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			x := make([]float32, batch*c.Size*c.Size)
			step := func() {
				if err := m.Step(context.Background(), x); err != nil {
					b.Fatal(err)
				}
				if _, err := m.Metrics(); err != nil {
					b.Fatal(err)
				}
			}
			for range 3 {
				step()
			}
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			b.ReportMetric(batch*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
