package classifier

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/models/optim"
	"genview/models/step"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestTally counts six pictures of three classes by hand.
func TestTally(t *testing.T) {
	sum := newTally(3)
	third := math.Log(1. / 3)
	for _, p := range []struct {
		probabilities [3]float64
		class         int32
	}{
		{[3]float64{0.9, 0.05, 0.05}, 0},
		{[3]float64{0.8, 0.1, 0.1}, 1},
		{[3]float64{0.1, 0.8, 0.1}, 1},
		{[3]float64{0.2, 0.7, 0.1}, 1},
		{[3]float64{0.2, 0.2, 0.6}, 0},
		{[3]float64{1. / 3, 1. / 3, 1. / 3}, 0},
	} {
		var logits []float32
		for _, v := range p.probabilities {
			logits = append(logits, float32(math.Log(v)-third))
		}
		sum.add(logits, p.class)
	}
	e := sum.result()
	close := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	close("the accuracy", e.Accuracy, 4./6)
	close("the loss", e.Loss, -(math.Log(0.9)+math.Log(0.1)+math.Log(0.8)+math.Log(0.7)+math.Log(0.2)+math.Log(1./3))/6)
	// The two pictures with 0.8 share a bin; one of them is right.
	close("the calibration error", e.ECE, (0.1+math.Abs(1-1.6)+0.3+0.6+2./3)/6)
	if want := [][]int{{2, 0, 1}, {1, 2, 0}, {0, 0, 0}}; !slices.EqualFunc(e.Confusion, want, slices.Equal) {
		t.Errorf("the confusion matrix is %v, want %v", e.Confusion, want)
	}
	if got, want := e.Classes(), []ClassScore{{3, 2. / 3, 2. / 3, 2. / 3}, {3, 1, 2. / 3, 0.8}, {}}; !slices.Equal(got, want) {
		t.Errorf("the classes' scores are %v, want %v", got, want)
	}
}

// TestLossOfSureMistakes: however unlikely a class is, its loss is that of the logits: of a probability that is 0 in float64, too.
func TestLossOfSureMistakes(t *testing.T) {
	for _, apart := range []float64{0, 1, 700, 745, 800, 5000, 1 << 100} {
		sum := newTally(2)
		sum.add([]float32{float32(-apart / 2), float32(apart / 2)}, 0)
		if got, want := sum.result().Loss, apart+math.Log1p(math.Exp(-apart)); math.Abs(got-want) > 1e-12*max(1, want) {
			t.Errorf("with logits that are %g apart the loss is %v, want %v", apart, got, want)
		}
	}
}

// set is pictures of 8 × 8 in two classes: one half of them is bright, the left one or the right one.
type set int

func (s set) Len() int           { return int(s) }
func (set) Shape() (c, h, w int) { return 1, 8, 8 }
func (set) Read(i int, _ *rand.Rand, dst []float32) (int32, error) {
	rng := rand.New(rand.NewPCG(1, uint64(i)))
	class := rng.IntN(2)
	for j := range dst {
		dst[j] = rng.Float32() / 2
		if j%8/4 == class {
			dst[j] += 0.5
		}
	}
	return int32(class), nil
}

func configs() []Config {
	return []Config{
		{Arch: "cnn", Classes: 2, Size: 8, Channels: 1, Hidden: 4, Dropout: 0.1},
		{Arch: "vit", Classes: 2, Size: 8, Channels: 1, Hidden: 16, Patch: 4, Width: 16, Heads: 2, Layers: 2, Dropout: 0.1},
	}
}

// TestLearns trains both networks to tell left from right: the measures say so, the probabilities agree with them, and a Vision
// Transformer shows where it looks.
func TestLearns(t *testing.T) {
	dev := vktest.Open(t)
	for _, c := range configs() {
		t.Run(c.Arch, func(t *testing.T) {
			rt := tensor.NewRuntime(dev)
			defer rt.Close()
			adam := optim.AdamWDefaults()
			adam.LR = 1e-2
			m, err := NewTrainer(rt, c, TrainConfig{Batch: 16, Descent: step.Descent{Adam: adam, Clip: 1}, Smoothing: 0.1, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			images, classes := make([]float32, 16*64), make([]int32, 16)
			for s := range 40 {
				for k := range classes {
					classes[k], _ = set(0).Read(1000+16*s+k, nil, images[64*k:64*k+64])
				}
				if err := m.Step(t.Context(), images, classes); err != nil {
					t.Fatal(err)
				}
			}
			heard := 0
			e, err := m.Evaluate(t.Context(), set(1234), 1100, func(done, all int) {
				if done <= heard || all != 1100 {
					t.Errorf("heard of %d of %d after %d", done, all, heard)
				}
				heard = done
			})
			if err != nil || e.Examples != 1100 || heard != 1100 || !(e.Accuracy > 0.99) || !(e.Loss < 0.3) || !(e.ECE < 0.3) {
				t.Errorf("after training: %+v (%v), heard of %d", e, err, heard)
			}
			p, err := m.Classify(t.Context(), images)
			if err != nil || len(p) != 2*16 {
				t.Fatalf("%d probabilities (%v)", len(p), err)
			}
			for k, class := range classes {
				if one := p[2*k] + p[2*k+1]; math.Abs(float64(one)-1) > 1e-6 || p[2*k+int(class)] < 0.5 {
					t.Errorf("picture %d, of class %d, has the probabilities %v", k, class, p[2*k:2*k+2])
				}
			}
			gazes, err := m.Attention(t.Context(), images[:64])
			if c.Arch != "vit" {
				if !errors.Is(err, ErrNoAttention) {
					t.Errorf("attention gives the error %v", err)
				}
				return
			}
			if err != nil || len(gazes) != 2 || gazes[1].Name != "encoder.layers.encoder_layer_1.self_attention" {
				t.Fatalf("%d layers look (%v)", len(gazes), err)
			}
			for _, g := range gazes {
				if g.Heads != 2 || g.Side != 2 || len(g.Weights) != 2*5*5 || len(g.Class()) != 2*2*2 {
					t.Fatalf("a layer looks as %+v", g)
				}
				for head := range 2 {
					sum := float32(0)
					for _, w := range g.Class()[4*head : 4*head+4] {
						sum += w
					}
					if !(sum > 0 && sum < 1) {
						t.Errorf("%s: the patches have %v of a head's shares", g.Name, sum)
					}
				}
			}
		})
	}
}

// TestValidate names the setting that is wrong.
func TestValidate(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		`no architecture "mlp"`: func(c *Config) { c.Arch = "mlp" }, "Hidden is 0": func(c *Config) { c.Hidden = 0 },
		"there are 1 classes": func(c *Config) { c.Classes = 1 }, "Size is 8 and must be a multiple of Patch, 3": func(c *Config) { c.Patch = 3 },
		"Width is 16 and must be a multiple of Heads, 3": func(c *Config) { c.Heads = 3 }, "Dropout is 1": func(c *Config) { c.Dropout = 1 },
		"Dropout is NaN": func(c *Config) { c.Dropout = math.NaN() }, "Layers is 1000": func(c *Config) { c.Layers = 1000 },
	} {
		c := configs()[1]
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, c := range []Config{CNNDefaults(), ViTDefaults()} {
		if c.Classes = 10; c.Validate() != nil {
			t.Errorf("%+v: %v", c, c.Validate())
		}
	}
}
