package transformer

import (
	"testing"

	"genview/models/step"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestMemoryGrowsWithLength compiles training steps, with dropout, for sequences of two lengths: twice the length takes twice the memory,
// and not four times.
func TestMemoryGrowsWithLength(t *testing.T) {
	t.Parallel()
	dev := vktest.Open(t)
	steps := map[string]func(rt *tensor.Runtime, n int) (*step.Trainer, error){
		"GPT": func(rt *tensor.Runtime, n int) (*step.Trainer, error) {
			m, err := NewGenerator(rt, GPTConfig{Vocab: 7, Context: n, Width: 16, Heads: 2, Layers: 1, Dropout: 0.1}, TrainConfig{Batch: 1})
			return m.Trainer, err
		},
		"Transformer": func(rt *tensor.Runtime, n int) (*step.Trainer, error) {
			m, err := NewTranslator(rt, Config{Vocab: 7, Width: 16, Heads: 2, Layers: 1, Hidden: 16, Source: n, Target: n, Dropout: 0.1}, TrainConfig{Batch: 1})
			return m.Trainer, err
		},
	}
	for _, family := range []tensor.Family{tensor.ForGPU, tensor.ForDevice} {
		for name, make := range steps {
			var peaks []int
			for _, n := range []int{768, 1536} { // whole blocks of keys, more than are taken at once
				rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
				if err != nil {
					t.Fatal(err)
				}
				m, err := make(rt, n)
				if err != nil {
					t.Fatal(err)
				}
				peaks = append(peaks, m.Programs()[0].Peak())
				m.Close()
				rt.Close()
			}
			if float64(peaks[1]) > 2.1*float64(peaks[0]) {
				t.Errorf("%v, %s: sequences twice as long take %d bytes instead of %d", family, name, peaks[1], peaks[0])
			}
		}
	}
}
