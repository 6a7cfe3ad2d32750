package gan

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

func value(t *testing.T, rt *tensor.Runtime, x *tensor.Tensor) float64 {
	t.Helper()
	v, err := rt.Floats(x)
	if err != nil {
		t.Fatal(err)
	}
	return float64(v[0])
}

func TestLosses(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	real, fake := []float32{1.5, -0.5, 3}, []float32{-2, 0.25, 1}
	softplus := func(v float64) float64 { return math.Log1p(math.Exp(v)) }
	var relD, relG, nsD, nsG float64
	for i := range real {
		r, f := float64(real[i]), float64(fake[i])
		relD += softplus(f-r) / 3
		relG += softplus(r-f) / 3
		nsD += (softplus(-r) + softplus(f)) / 3
		nsG += softplus(-f) / 3
	}
	a, b := tensor.Const(real, 3, 1), tensor.Const(fake, 3, 1)
	for _, c := range []struct {
		name string
		got  *tensor.Tensor
		want float64
	}{
		{"relativistic D", discriminatorLoss("relativistic", a, b), relD},
		{"relativistic G", generatorLoss("relativistic", a, b), relG},
		{"non-saturating D", discriminatorLoss("non-saturating", a, b), nsD},
		{"non-saturating G", generatorLoss("non-saturating", a, b), nsG},
	} {
		if got := value(t, rt, c.got); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	// Of D(x) = Σ w·x², the gradient is 2·w·x, so the penalty is ½·mean Σ (2·w·x)², and its slope along w is 4·Σ w·x²/B.
	w, x := tensor.Var("w", tensor.Const([]float32{1, -2}, 2)), tensor.Const([]float32{0.5, 1, -1, 2}, 2, 2)
	p := penalty(tensor.Grad(x.Square().Mul(w).Sum(), x)[0])
	if got, want := value(t, rt, p), 0.5*(1+16+4+64)/2; math.Abs(got-want) > 1e-4 {
		t.Errorf("penalty: got %v, want %v", got, want)
	}
	g, err := rt.Floats(tensor.Grad(p, w)[0])
	if err != nil || math.Abs(float64(g[0])-2*(0.25+1)) > 1e-4 || math.Abs(float64(g[1])+4*(1+4)) > 1e-4 {
		t.Errorf("gradient of the penalty: got %v, %v; want 2.5, −20", g, err)
	}
}

func trainer(t *testing.T, rt *tensor.Runtime, c Config, batch int, lr float64) *Trainer {
	t.Helper()
	adam := optim.AdamDefaults()
	adam.LR, adam.Beta1, adam.Beta2 = lr, 0, 0.99
	m, err := NewTrainer(rt, c, TrainConfig{Batch: batch, Adam: adam, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// halves draws pictures with a bright left or right half, equally often.
func halves(rng *rand.Rand, batch, size int) []float32 {
	x := make([]float32, batch*size*size)
	for i := range batch {
		side := rng.IntN(2)
		for k := range size * size {
			bright := 0.1
			if (k%size)/(size/2) == side {
				bright = 0.9
			}
			x[i*size*size+k] = float32(bright + 0.02*rng.NormFloat64())
		}
	}
	return x
}

// TestLearnsBothModes trains on two kinds of pictures; a GAN that forgets one, or blends them, fails.
func TestLearnsBothModes(t *testing.T) {
	for _, pairing := range []string{"relativistic", "non-saturating"} {
		t.Run(pairing, func(t *testing.T) {
			rt := tensor.NewRuntime(vktest.Open(t))
			defer rt.Close()
			c := Config{Arch: "mlp", Z: 8, Hidden: 48, Size: 4, Channels: 1, Pairing: pairing, R1: 0.1, R2: 0.1, EMA: 0.99}
			m := trainer(t, rt, c, 64, 2e-3)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 600 {
				if err := m.Step(context.Background(), halves(rng, 64, 4)); err != nil {
					t.Fatal(err)
				}
			}
			const n = 200
			z := make([]float32, n*c.Z)
			for i := range z {
				z[i] = float32(rng.NormFloat64())
			}
			got, err := m.Decode(context.Background(), z)
			if err != nil || len(got) != n*16 {
				t.Fatalf("%d values, %v", len(got), err)
			}
			var left, right int
			for p := range slices.Chunk(got, 16) {
				var off [2]float64
				for k, v := range p {
					for side := range off {
						want := 0.1
						if k%4/2 == side {
							want = 0.9
						}
						off[side] = max(off[side], math.Abs(float64(v)-want))
					}
				}
				if off[0] < 0.3 {
					left++
				}
				if off[1] < 0.3 {
					right++
				}
			}
			if left < n/5 || right < n/5 || left+right < n*3/4 {
				t.Errorf("of %d samples %d are left and %d right", n, left, right)
			}
		})
	}
}

// TestAverageStartsAtTheGenerator holds the average's growing window to its first step, at which it is the generator.
func TestAverageStartsAtTheGenerator(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	c := DCGANDefaults()
	c.Hidden, c.Size, c.Z, c.R1, c.R2 = 4, 16, 6, 1, 1
	m := trainer(t, rt, c, 8, 1e-3)
	if parts := m.Parts(); len(parts) != len(m.Programs()) {
		t.Errorf("the parts of a step are named %v, and it has %d programs", parts, len(m.Programs()))
	}
	x := halves(rand.New(rand.NewPCG(1, 2)), 8, 16)
	if err := m.Step(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	mine, averaged := m.parts[0].Named(), m.parts[2].Named()
	read := func(v *tensor.Tensor) []float32 {
		p := make([]float32, v.Len())
		if err := rt.Read(v, p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for i := range mine {
		if !slices.Equal(read(mine[i].Tensor), read(averaged[i].Tensor)) {
			t.Errorf("%s differs from %s after one step", averaged[i].Name, mine[i].Name)
		}
	}
	if err := m.Step(context.Background(), x); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(read(mine[0].Tensor), read(averaged[0].Tensor)) {
		t.Error("the average is the generator after two steps")
	}
	metrics, err := m.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range metrics {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			t.Errorf("%s is %v", v.Name, v.Value)
		}
	}
	if r1, ok := metrics.Value("r1"); !ok || !(r1 > 0) {
		t.Errorf("r1 is %v", r1)
	}
}

// TestResume copies one trainer's state into another, which then continues to the same bits.
func TestResume(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	c := Config{Arch: "mlp", Z: 8, Hidden: 16, Size: 4, Channels: 1, Pairing: "relativistic", R1: 1, EMA: 0.99}
	a := trainer(t, rt, c, 16, 1e-3)
	x := halves(rand.New(rand.NewPCG(1, 2)), 16, 4)
	step := func(m *Trainer) float64 {
		if err := m.Step(context.Background(), x); err != nil {
			t.Fatal(err)
		}
		v, err := m.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		loss, _ := v.Value("g_loss")
		return loss
	}
	for range 3 {
		step(a)
	}
	b := trainer(t, rt, c, 16, 1e-3)
	to := b.State()
	for i, n := range a.State() {
		if to[i].Name != n.Name {
			t.Fatalf("state %d is %s in one and %s in the other", i, n.Name, to[i].Name)
		}
		var p any = make([]float32, n.Tensor.Len())
		if n.Tensor.DType() == tensor.I32 {
			p = make([]int32, n.Tensor.Len())
		}
		if err := rt.Read(n.Tensor, p); err != nil {
			t.Fatal(err)
		}
		if err := rt.Write(to[i].Tensor, p); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if got, want := step(b), step(a); got != want {
			t.Errorf("step %d: got %v, want %v", i, got, want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"Arch": func(c *Config) { c.Arch = "big" }, "Pairing": func(c *Config) { c.Pairing = "" }, "Upsample": func(c *Config) { c.Upsample = "linear" }, "Z": func(c *Config) { c.Z = 0 },
		"R1": func(c *Config) { c.R1 = math.NaN() }, "EMA": func(c *Config) { c.EMA = 1 },
		"Size": func(c *Config) { c.Arch, c.Size = "dcgan", 28 },
	} {
		c := Defaults()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("a wrong %s is taken", name)
		}
	}
	for _, c := range []Config{Defaults(), DCGANDefaults()} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}
