package transformer

import (
	"os"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk"
)

// BenchmarkCompile makes models with cmd/genview's defaults, from nothing to the recorded step, each on a newly opened device. It measures
// a start with a driver that has compiled the shaders before.
func BenchmarkCompile(b *testing.B) {
	gpt, translator := GPTDefaults(), Defaults()
	gpt.Vocab = 65
	translator.Vocab, translator.Source, translator.Target = 60, 30, 11
	train := TrainConfig{Batch: 12, Adam: optim.AdamDefaults(), Warmup: 100, Decay: 2000, Clip: 1, Smoothing: 0.1, Seed: 1}
	for _, c := range []struct {
		name string
		make func(rt *tensor.Runtime) (interface{ Close() }, error)
	}{
		{"gpt", func(rt *tensor.Runtime) (interface{ Close() }, error) { return NewGenerator(rt, gpt, train) }},
		{"translator", func(rt *tensor.Runtime) (interface{ Close() }, error) { return NewTranslator(rt, translator, train) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE")})
				if err != nil {
					b.Skipf("SKIPPED, no Vulkan device: %v", err)
				}
				rt := tensor.NewRuntime(dev)
				b.StartTimer()
				m, err := c.make(rt)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				m.Close()
				rt.Close()
				if err := dev.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
