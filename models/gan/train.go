package gan

import (
	"context"
	"math"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/watch"
	"genview/tensor"
)

// TrainConfig says how a GAN is trained.
type TrainConfig struct {
	Batch int
	Adam  optim.AdamConfig // of both networks
	Seed  uint64           // of the first weights and of the noise
}

// A Trainer trains a GAN on one device and draws what its averaged generator has learned. It is for one goroutine.
type Trainer struct {
	config  Config
	scope   *nn.Scope
	parts   [3]*nn.Scope // generator, discriminator, average
	adams   [2]*optim.Adam
	noise   *tensor.RNG
	average *tensor.Tensor // the averaged generator's variables, as one
	count   *tensor.Tensor // steps, for the average's window
	fall    *tensor.Tensor // what is left of learning rate and penalties

	images  *tensor.Tensor
	stepD   *tensor.Program
	stepG   *tensor.Program
	metrics []metric
	decoder *nn.Apply
	judge   *nn.Apply
}

type metric struct {
	name    string
	program *tensor.Program
	value   *tensor.Tensor
}

const (
	decodeBatch = 16
	pointBatch  = 1000
)

// NewTrainer builds and compiles both halves of a step, each one submission.
func NewTrainer(rt *tensor.Runtime, c Config, o TrainConfig) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := nn.NewScope(o.Seed)
	t := &Trainer{config: c, scope: s, noise: tensor.NewRNG("rng", o.Seed), count: tensor.Var("average.steps", tensor.Full(0))}
	t.parts = [3]*nn.Scope{s.Sub("generator"), s.Sub("discriminator"), s.Sub("average")}
	g, d := newGenerator(t.parts[0], c), newDiscriminator(t.parts[1], c)
	average := newGenerator(t.parts[2], c)
	t.average = tensor.Flat("average", t.parts[2].Vars()...)
	t.fall = tensor.Full(1)
	if c.Decay > 0 {
		t.fall = t.count.Scale(math.Pi / float64(c.Decay)).Minimum(tensor.Full(math.Pi)).Cos().Shift(1).Scale(0.5)
	}
	for i := range t.adams {
		t.adams[i] = optim.NewAdam(o.Adam, t.parts[i].Vars())
		t.adams[i].LR = t.fall.Scale(o.Adam.LR)
	}
	t.images = tensor.Input("images", tensor.F32, append([]int{o.Batch}, c.shape()...)...)
	real, batch := t.images, pointBatch
	decode := average.forward
	if c.Arch != "points" { // pictures are in [0, 1], what the networks see in [−1, 1]
		real, batch = real.Scale(2).Shift(-1), decodeBatch
		decode = func(z *tensor.Tensor) *tensor.Tensor { return average.forward(z).Scale(0.5).Shift(0.5) }
	}
	t.decoder = nn.NewApply(rt, s, batch, []int{c.Z}, decode)
	t.judge = nn.NewApply(rt, s, batch, c.shape(), d.forward)
	var err error
	if t.stepD, err = t.compileD(rt, g, d, real); err != nil {
		return nil, err
	}
	if t.stepG, err = t.compileG(rt, g, d, real); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// compileD makes the discriminator's half. Running statistics of the generator are the other half's to keep.
func (t *Trainer) compileD(rt *tensor.Runtime, g, d network, real *tensor.Tensor) (*tensor.Program, error) {
	fake := g.forward(t.noise.Normal(real.Dim(0), t.config.Z)).Detach()
	v := judge(d, real, fake)
	loss := discriminatorLoss(t.config.Pairing, v.onReal, v.onFake)
	out := []metric{{"d_loss", nil, loss}, {"real", nil, v.onReal.Mean()}, {"fake", nil, v.onFake.Mean()}}
	total := loss
	for _, p := range []struct {
		name  string
		gamma float64
		value *tensor.Tensor
	}{{"r1", t.config.R1, v.r1}, {"r2", t.config.R2, v.r2}} {
		if p.gamma > 0 {
			total = total.Add(p.value.Mul(t.fall.Scale(p.gamma)))
			out = append(out, metric{p.name, nil, p.value})
		}
	}
	updates := t.adams[1].Update(tensor.Grad(total, t.parts[1].Vars()...))
	updates = append(append(updates, t.parts[1].Updates()...), t.noise.Advance())
	t.parts[0].Updates()
	return t.compile(rt, out, updates)
}

// compileG makes the generator's half, with its average. Running statistics of the discriminator stay as its own half left them.
func (t *Trainer) compileG(rt *tensor.Runtime, g, d network, real *tensor.Tensor) (*tensor.Program, error) {
	fake := g.forward(t.noise.Normal(real.Dim(0), t.config.Z))
	v := judge(d, real, fake)
	loss := generatorLoss(t.config.Pairing, v.onReal, v.onFake)
	updates := t.adams[0].Update(tensor.Grad(loss, t.parts[0].Vars()...))
	updates = append(updates, t.parts[0].Updates()...)
	t.parts[1].Updates()
	next := map[*tensor.Tensor]*tensor.Tensor{}
	for _, u := range updates {
		next[u.Var] = u.Value
	}
	// The window grows with the step, so that the first weights, which know nothing, do not linger.
	stays := t.count.Div(t.count.Shift(10)).Minimum(tensor.Full(t.config.EMA))
	mine, averaged := append(t.parts[0].Buffers(), t.adams[0].Params()...), append(t.parts[2].Buffers(), t.average)
	for i, v := range mine {
		a := averaged[i]
		updates = append(updates, tensor.Update{Var: a, Value: next[v].Add(a.Sub(next[v]).Mul(stays))})
	}
	updates = append(updates, t.noise.Advance(), tensor.Update{Var: t.count, Value: t.count.Shift(1)})
	return t.compile(rt, []metric{{"g_loss", nil, loss}}, updates)
}

func (t *Trainer) compile(rt *tensor.Runtime, metrics []metric, updates []tensor.Update) (*tensor.Program, error) {
	var fetch []*tensor.Tensor
	for _, m := range metrics {
		fetch = append(fetch, m.value)
	}
	p, err := rt.Compile(tensor.Outputs{Fetch: fetch, Update: updates})
	for _, m := range metrics {
		m.program = p
		t.metrics = append(t.metrics, m)
	}
	return p, err
}

// Close frees the programs; the weights stay with the runtime.
func (t *Trainer) Close() {
	for _, p := range t.Programs() {
		if p != nil {
			p.Close()
		}
	}
	t.decoder.Close()
	t.judge.Close()
}

// Programs returns the two halves of a training step.
func (t *Trainer) Programs() []*tensor.Program { return []*tensor.Program{t.stepD, t.stepG} }

// Parameters returns how many numbers are trained.
func (t *Trainer) Parameters() int { return t.parts[0].Parameters() + t.parts[1].Parameters() }

// Z is the number of latent dimensions.
func (t *Trainer) Z() int { return t.config.Z }

// Step trains both networks on pictures [B, C, S, S]; it returns before the device has ended.
func (t *Trainer) Step(ctx context.Context, images []float32) error {
	if err := t.stepD.Run(ctx, tensor.Feed{t.images: images}); err != nil {
		return err
	}
	return t.stepG.Run(ctx, tensor.Feed{t.images: images})
}

// Metrics waits for the newest step and returns the losses, the mean logits of real and generated pictures, and the penalties.
func (t *Trainer) Metrics() (watch.Metrics, error) {
	var out watch.Metrics
	for _, m := range t.metrics {
		v, err := m.program.Float(m.value)
		if err != nil {
			return nil, err
		}
		out = append(out, watch.Metric{Name: m.name, Value: v})
	}
	return out, nil
}

// State lists all that a checkpoint must hold.
func (t *Trainer) State() []nn.Named {
	all := append(t.scope.Named(), nn.Under("optim.generator.", t.adams[0].State())...)
	all = append(all, nn.Under("optim.discriminator.", t.adams[1].State())...)
	return append(all, nn.Named{Name: "rng.state", Tensor: t.noise.State}, nn.Named{Name: t.count.Name(), Tensor: t.count})
}

// Decode draws latents [N, Z] with the averaged generator: pictures [N, C, S, S] in [0, 1].
func (t *Trainer) Decode(ctx context.Context, z []float32) ([]float32, error) {
	return t.decoder.Run(ctx, z)
}

// Judge returns the discriminator's logits [N] of examples [N, ...] as it is trained on them: the higher, the more real.
func (t *Trainer) Judge(ctx context.Context, examples []float32) ([]float32, error) {
	return t.judge.Run(ctx, examples)
}
