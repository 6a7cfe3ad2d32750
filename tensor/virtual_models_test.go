package tensor_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"genview/models/classifier"
	"genview/models/gan"
	"genview/models/optim"
	"genview/models/step"
	"genview/models/transformer"
	"genview/models/vae"
	"genview/shaders/spirv/virtual"
	"genview/tensor"
	"genview/vk/vktest"
)

// smooth raises Adam's epsilon. Otherwise the sign of a gradient that is nearly 0, which is rounding error, would decide a step.
func smooth(c optim.AdamConfig) optim.AdamConfig {
	c.Eps = 1e-2
	return c
}

// A trained is a preset's model with its training step.
type trained interface {
	Programs() []*tensor.Program
	Close()
}

// presets are the presets of cmd/genview with small models, in sizes that are no multiples of anything.
var presets = map[string]func(rt *tensor.Runtime) (trained, error){
	"vae": func(rt *tensor.Runtime) (trained, error) {
		c := vae.Defaults()
		c.Z, c.Hidden, c.Size = 3, 37, 7
		return vae.NewTrainer(rt, c, vae.TrainConfig{Batch: 5, Adam: smooth(optim.AdamDefaults()), Seed: 1})
	},
	"vae conv": func(rt *tensor.Runtime) (trained, error) {
		c := vae.ConvDefaults()
		c.Z, c.Hidden, c.Size = 3, 5, 8
		return vae.NewTrainer(rt, c, vae.TrainConfig{Batch: 3, Adam: smooth(optim.AdamDefaults()), Seed: 1})
	},
	"gan": func(rt *tensor.Runtime) (trained, error) {
		c := gan.Defaults()
		c.Z, c.Hidden, c.Size = 5, 19, 6
		return gan.NewTrainer(rt, c, gan.TrainConfig{Batch: 5, Adam: smooth(optim.AdamDefaults()), Seed: 1})
	},
	"dcgan": func(rt *tensor.Runtime) (trained, error) {
		c := gan.DCGANDefaults()
		c.Z, c.Hidden, c.Size = 5, 3, 16
		return gan.NewTrainer(rt, c, gan.TrainConfig{Batch: 3, Adam: smooth(optim.AdamDefaults()), Seed: 1})
	},
	"points": func(rt *tensor.Runtime) (trained, error) {
		c := gan.PointsDefaults()
		c.Hidden = 18
		return gan.NewTrainer(rt, c, gan.TrainConfig{Batch: 13, Adam: smooth(optim.AdamDefaults()), Seed: 1})
	},
	"classifier": func(rt *tensor.Runtime) (trained, error) {
		c := classifier.CNNDefaults()
		c.Classes, c.Hidden, c.Size, c.Dropout = 11, 3, 9, 0.2
		return classifier.NewTrainer(rt, c, classifying)
	},
	"vit": func(rt *tensor.Runtime) (trained, error) {
		c := classifier.ViTDefaults()
		c.Classes, c.Hidden, c.Size, c.Patch, c.Width, c.Heads, c.Layers, c.Dropout = 11, 19, 9, 3, 12, 2, 1, 0.2
		return classifier.NewTrainer(rt, c, classifying)
	},
	"translate": func(rt *tensor.Runtime) (trained, error) {
		c := transformer.Defaults()
		c.Vocab, c.Width, c.Heads, c.Layers, c.Hidden, c.Source, c.Target = 11, 12, 2, 1, 21, 7, 5
		return transformer.NewTranslator(rt, c, transforming)
	},
	"paper": func(rt *tensor.Runtime) (trained, error) {
		c := transformer.PaperDefaults()
		c.Vocab, c.Width, c.Heads, c.Layers, c.Hidden, c.Source, c.Target = 13, 16, 4, 1, 30, 6, 6
		return transformer.NewTranslator(rt, c, transforming)
	},
	"text": func(rt *tensor.Runtime) (trained, error) {
		c := transformer.GPTDefaults()
		c.Vocab, c.Width, c.Heads, c.Layers, c.Context, c.Dropout, c.Bias = 11, 12, 2, 1, 9, 0.2, true
		return transformer.NewGenerator(rt, c, transforming)
	},
}

var classifying = classifier.TrainConfig{Batch: 3, Descent: step.Descent{Adam: smooth(optim.AdamWDefaults()), Clip: 1}, Smoothing: 0.1, Seed: 1}

var transforming = transformer.TrainConfig{Batch: 3, Adam: smooth(optim.AdamWDefaults()), MinLR: 1e-4, Warmup: 2, Decay: 10, Clip: 1, Smoothing: 0.1, Seed: 1}

// fed returns examples to feed to a program: images or points, or tokens.
func fed(r *rand.Rand, p *tensor.Program) tensor.Feed {
	const tokens = 11
	f := tensor.Feed{}
	for _, x := range p.Inputs() {
		if x.DType() == tensor.I32 {
			v := make([]int32, x.Len())
			for i := range v {
				v[i] = r.Int32N(tokens)
			}
			f[x] = v
			continue
		}
		v := make([]float32, x.Len())
		for i := range v {
			v[i] = r.Float32()
		}
		f[x] = v
	}
	return f
}

// onDevice are the presets that are also trained on the device. They are few, because its driver needs as long to compile a model's
// kernels as the virtual GPU needs to run them.
var onDevice = []string{"vae", "gan", "text"}

// TestVirtualTraining trains small models of the presets for some steps on virtual GPUs. There are no faults, and both families have the
// same losses as the device.
func TestVirtualTraining(t *testing.T) {
	for name, preset := range presets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []float32
			for _, family := range []tensor.Family{tensor.ForLavapipe, tensor.ForGPU} {
				rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
				if err != nil {
					continue // the device is not lavapipe
				}
				o := virtual.Options{Subgroup: 32, SharedMemory: 32 << 10, Seed: 4}
				if family == tensor.ForLavapipe {
					o = virtual.Options{Subgroup: rt.Device().Info().SubgroupSize, Seed: 4, Forgiving: true}
				} else {
					rt.Subgroups(o.Subgroup)
				}
				m, err := preset(rt)
				if err != nil {
					t.Fatal(err)
				}
				got := virtualSteps(t, m, o)
				switch {
				case want != nil:
				case slices.Contains(onDevice, name):
					want = deviceSteps(t, m)
				default:
					want = got
				}
				m.Close()
				rt.Close()
				for i, w := range want {
					if d := math.Abs(float64(got[i] - w)); !(d < 2e-4*math.Abs(float64(w))+2e-5) {
						t.Errorf("%v: the losses are %g, want %g", family, got, want)
						break
					}
				}
			}
		})
	}
}

// virtualSteps returns the results of the training steps of a model on a virtual GPU.
func virtualSteps(t *testing.T, m trained, o virtual.Options) (losses []float32) {
	memory := tensor.NewVirtualGPU(o).Memory()
	if err := memory.Hold(m.Programs()...); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	return steps(t, m, func(p *tensor.Program, f tensor.Feed) func(x *T) ([]float32, error) {
		faults, err := memory.Run(p, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			if what := fmt.Sprint(f.Kernel, f.What, f.Code); !said[what] {
				t.Error(f)
				said[what] = true
			}
		}
		return func(x *T) ([]float32, error) { return memory.Read(p, x) }
	})
}

// deviceSteps is virtualSteps on the device itself.
func deviceSteps(t *testing.T, m trained) (losses []float32) {
	return steps(t, m, func(p *tensor.Program, f tensor.Feed) func(x *T) ([]float32, error) {
		if err := p.Run(context.Background(), f); err != nil {
			t.Fatal(err)
		}
		return func(x *T) ([]float32, error) {
			v := make([]float32, x.Len())
			return v, p.Fetch(x, v)
		}
	})
}

// steps returns the results of some steps. Results have no order, so the numbers of each program are sorted.
func steps(t *testing.T, m trained, run func(p *tensor.Program, f tensor.Feed) func(x *T) ([]float32, error)) (losses []float32) {
	const steps = 2
	for step := range steps {
		for _, p := range m.Programs() {
			read := run(p, fed(rand.New(rand.NewPCG(5, uint64(step))), p))
			var all []float32
			for _, x := range p.Results() {
				v, err := read(x)
				if err != nil {
					t.Error(err)
				}
				all = append(all, v...)
			}
			slices.Sort(all)
			losses = append(losses, all...)
		}
	}
	return losses
}
