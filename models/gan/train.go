package gan

import (
	"context"
	"fmt"
	"math"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/tensor"
)

// TrainConfig says how a GAN is trained.
type TrainConfig struct {
	Batch int
	Adam  optim.AdamConfig // for both networks
	Seed  uint64           // of the initial weights and of the noise
}

// A Trainer trains a GAN on one device and generates with its averaged generator. A step takes examples [B, C, S, S]; its metrics are the
// losses, the mean logits of real and generated examples, and the penalties. It is for one goroutine.
type Trainer struct {
	*step.Trainer
	config  Config
	parts   [3]*nn.Scope // generator, discriminator, average
	adams   [2]*optim.Adam
	drawing network        // the averaged generator
	judging network        // the discriminator
	average *tensor.Tensor // its variables as one tensor
	count   *tensor.Tensor // number of steps, for the average's window
	fall    *tensor.Tensor // decay factor of learning rate and penalties

	decoder *nn.Apply
	judge   *nn.Apply
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
	t := &Trainer{Trainer: step.New(rt, o.Seed), config: c, count: tensor.Var("average.steps", tensor.Full(0))}
	t.parts = [3]*nn.Scope{t.Scope.Sub("generator"), t.Scope.Sub("discriminator"), t.Scope.Sub("average")}
	g, d := newGenerator(t.parts[0], c), newDiscriminator(t.parts[1], c)
	t.drawing, t.judging = newGenerator(t.parts[2], c), d
	t.average = tensor.Flat("average", t.parts[2].Vars()...)
	t.fall = tensor.Full(1)
	if c.Decay > 0 {
		t.fall = t.count.Scale(math.Pi / float64(c.Decay)).Minimum(tensor.Full(math.Pi)).Cos().Shift(1).Scale(0.5)
	}
	for i := range t.adams {
		t.adams[i] = optim.NewAdam(o.Adam, t.parts[i].Vars())
		t.adams[i].LR = t.fall.Scale(o.Adam.LR)
		t.Optimizer(t.parts[i].Path(), t.adams[i])
	}
	t.Keep(t.count)
	images := tensor.Input("images", tensor.F32, append([]int{o.Batch}, c.shape()...)...)
	t.Inputs(images)
	real, batch := images, pointBatch
	if c.Arch != "points" { // pictures are in [0, 1], what the networks see in [−1, 1]
		real, batch = real.Scale(2).Shift(-1), decodeBatch
	}
	t.decoder = t.Apply(batch, []int{c.Z}, func(z *tensor.Tensor) *tensor.Tensor { return t.Net(nn.Eval(), z) })
	t.judge = t.Apply(batch, c.shape(), func(x *tensor.Tensor) *tensor.Tensor { return d.forward(nn.Eval(), x) })
	t.stepD(g, d, real)
	t.stepG(g, d, real)
	return t, t.Compile()
}

// stepD makes the discriminator's half of a step. It leaves the running statistics of the generator alone.
func (t *Trainer) stepD(g, d network, real *tensor.Tensor) {
	fake := g.forward(nn.Train(t.Noise), t.Noise.Normal(real.Dim(0), t.config.Z)).Detach()
	pass := nn.Train(t.Noise)
	v := judge(pass, d, real, fake)
	loss := discriminatorLoss(t.config.Pairing, v.onReal, v.onFake)
	metrics := []step.Metric{{Name: "d_loss", Value: loss}, {Name: "real", Value: v.onReal.Mean()}, {Name: "fake", Value: v.onFake.Mean()}}
	total := loss
	for _, p := range []struct {
		name  string
		gamma float64
		value *tensor.Tensor
	}{{"r1", t.config.R1, v.r1}, {"r2", t.config.R2, v.r2}} {
		if p.gamma > 0 {
			total = total.Add(p.value.Mul(t.fall.Scale(p.gamma)))
			metrics = append(metrics, step.Metric{Name: p.name, Value: p.value})
		}
	}
	grads := t.adams[1].Flat(tensor.Grad(total, t.parts[1].Vars()...))
	metrics = append(metrics, step.Metric{Name: "d_grad_norm", Value: optim.GlobalNorm(grads)})
	t.Part(metrics, append(t.adams[1].UpdateFlat(grads), pass.Updates()...))
}

// stepG makes the generator's half of a step, with its average. It leaves the running statistics of the discriminator alone.
func (t *Trainer) stepG(g, d network, real *tensor.Tensor) {
	pass := nn.Train(t.Noise)
	fake := g.forward(pass, t.Noise.Normal(real.Dim(0), t.config.Z))
	v := judge(nn.Train(t.Noise), d, real, fake)
	loss := generatorLoss(t.config.Pairing, v.onReal, v.onFake)
	grads := t.adams[0].Flat(tensor.Grad(loss, t.parts[0].Vars()...))
	updates := append(t.adams[0].UpdateFlat(grads), pass.Updates()...)
	next := map[*tensor.Tensor]*tensor.Tensor{}
	for _, u := range updates {
		next[u.Var] = u.Value
	}
	// The window grows with the step, so that the untrained first weights do not stay in the average for long.
	stays := t.count.Div(t.count.Shift(10)).Minimum(tensor.Full(t.config.EMA))
	mine, averaged := append(t.parts[0].Buffers(), t.adams[0].Params()...), append(t.parts[2].Buffers(), t.average)
	for i, v := range mine {
		a := averaged[i]
		updates = append(updates, tensor.Update{Var: a, Value: next[v].Add(a.Sub(next[v]).Mul(stays))})
	}
	updates = append(updates, tensor.Update{Var: t.count, Value: t.count.Shift(1)})
	t.Part([]step.Metric{{Name: "g_loss", Value: loss}, {Name: "g_grad_norm", Value: optim.GlobalNorm(grads)}}, updates)
}

// Parts names the halves of a step, in their order: see [step.Trainer.Only].
func (t *Trainer) Parts() []string { return []string{"discriminator", "generator"} }

// Z returns the number of latent dimensions.
func (t *Trainer) Z() int { return t.config.Z }

// Net maps z [N, Z] to what the averaged generator makes of it: pictures [N, C, S, S] in [0, 1], or points [N, 2].
func (t *Trainer) Net(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	x := t.drawing.forward(p, z)
	if t.config.Arch == "points" {
		return x
	}
	return x.Scale(0.5).Shift(0.5)
}

// Decode maps latents [N, Z] to pictures [N, C, S, S] in [0, 1], with the averaged generator.
func (t *Trainer) Decode(ctx context.Context, z []float32) ([]float32, error) {
	return t.decoder.Run(ctx, z)
}

// Drawn returns the variables of the averaged generator and, for a GAN of points, those of the discriminator, which Look evaluates.
func (t *Trainer) Drawn() []nn.Named {
	drawn := t.parts[2].Named()
	if t.config.Arch == "points" {
		drawn = append(drawn, t.parts[1].Named()...)
	}
	return drawn
}

// trace passes n latent vectors z [n, Z], those of the first n seeds, through the averaged generator, and what it makes through the discriminator.
func (t *Trainer) trace(n int, z []float32) *nn.Trace {
	in := tensor.Input("z", tensor.F32, n, t.config.Z)
	name := "seed:1"
	if n > 1 {
		name = fmt.Sprintf("the seeds 1 to %d", n)
	}
	out := &nn.Trace{Next: func(context.Context) (*nn.Traced, error) {
		return &nn.Traced{Name: name, Feed: tensor.Feed{in: z}}, nil
	}}
	x := in
	for i, net := range []network{t.drawing, t.judging} {
		pass, part := nn.Eval(), t.parts[2-i]
		x = net.forward(pass, x)
		out.Add(part.Path(), pass)
		out.Made(part.Path(), net.last(), x)
	}
	return out
}

// Judge returns the discriminator's logits [N] of examples [N, ...]: higher means more real. A DCGAN's discriminator normalises with its
// running statistics, and not with those of the examples as in training.
func (t *Trainer) Judge(ctx context.Context, examples []float32) ([]float32, error) {
	return t.judge.Run(ctx, examples)
}
