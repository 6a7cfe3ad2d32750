package vae

import (
	"context"
	"math"
	"math/rand/v2"

	"genview/models/data"
	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/tensor"
)

// TrainConfig says how a VAE is trained.
type TrainConfig struct {
	Batch int
	Adam  optim.AdamConfig
	Seed  uint64 // of the initial weights and of the noise
}

// A Trainer trains a VAE on one device, and decodes and encodes with it. A step takes pictures [B, C, S, S]; its metrics are the loss and
// its terms, in nats per example. It is for one goroutine.
type Trainer struct {
	*step.Trainer
	model   *VAE
	beta    *tensor.Tensor // the KL term's weight; not in checkpoints, whose names are PyTorch's
	weight  float64        // its value
	decoder *nn.Apply
	eval    *evaluator
}

// NewTrainer builds and compiles the training step: one submission for forward pass, backward pass and Adam.
func NewTrainer(rt *tensor.Runtime, c Config, o TrainConfig) (*Trainer, error) {
	t := &Trainer{Trainer: step.New(rt, o.Seed), beta: tensor.Var("beta", tensor.Full(c.Beta)), weight: c.Beta}
	var err error
	if t.model, err = New(t.Scope, c); err != nil {
		return nil, err
	}
	t.decoder = t.Apply(decodeBatch, []int{c.Z}, func(z *tensor.Tensor) *tensor.Tensor { return t.Net(nn.Eval(), z) })
	adam := optim.NewAdam(o.Adam, t.Scope.Vars())
	t.Optimizer("", adam)
	x := tensor.Input("images", tensor.F32, o.Batch, c.Channels, c.Size, c.Size)
	t.Inputs(x)
	pass := nn.Train(t.Noise)
	recon, kl := t.model.Loss(pass, x, t.Noise.Normal(o.Batch, c.Z))
	loss := recon.Add(kl.Mul(t.beta)) // the negative ELBO if the weight is 1
	grads := adam.Flat(tensor.Grad(loss, t.Scope.Vars()...))
	metrics := []step.Metric{{Name: "loss", Value: loss}, {Name: "recon", Value: recon}, {Name: "kl", Value: kl}, {Name: "grad_norm", Value: optim.GlobalNorm(grads)}}
	t.Part(metrics, append(adam.UpdateFlat(grads), pass.Updates()...))
	return t, t.Compile()
}

// SetBeta makes the KL term's weight in the steps from now on another than that of the configuration. A checkpoint does not hold it.
func (t *Trainer) SetBeta(beta float64) error {
	err := t.Write(t.beta, []float32{float32(beta)})
	if err == nil {
		t.weight = beta
	}
	return err
}

// Z returns the number of latent dimensions.
func (t *Trainer) Z() int { return t.model.config.Z }

// Net maps z [N, Z] to pictures [N, C, S, S] in [0, 1].
func (t *Trainer) Net(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	return t.model.Decode(p, z).Sigmoid()
}

// Decode maps latents [N, Z] to pictures [N, C, S, S] with values in [0, 1].
func (t *Trainer) Decode(ctx context.Context, z []float32) ([]float32, error) {
	return t.decoder.Run(ctx, z)
}

// trace passes x [1, C, S, S] through both networks, with the mean of its latent vectors.
func (t *Trainer) trace(x *tensor.Tensor, next func(ctx context.Context) (*nn.Traced, error)) *nn.Trace {
	encoder, decoder, muPath, logvarPath, logitsPath := t.model.coder.paths()
	out := &nn.Trace{Next: next}
	encoding, decoding := nn.Eval(), nn.Eval()
	mu, logvar := t.model.Encode(encoding, x)
	out.Add(encoder, encoding)
	out.Made("", muPath, mu)
	out.Made("", logvarPath, logvar)
	picture := t.Net(decoding, mu)
	out.Add(decoder, decoding)
	out.Made("", logitsPath, picture)
	return out
}

// Drawn returns all weights, which Decode and Encode need.
func (t *Trainer) Drawn() []nn.Named { return t.Scope.Named() }

const decodeBatch = 16

// evaluator holds the programs for evaluation. They draw their noise from a fixed seed, so that two evaluations agree.
type evaluator struct {
	program, weights *tensor.Program
	x                *tensor.Tensor
	mu, elbo, weight *tensor.Tensor
	kl               *tensor.Tensor
	noise            *tensor.RNG
}

const (
	evalBatch = 100
	evalSeed  = 20131220
)

// evaluator compiles the programs that evaluate, when they are first needed.
func (t *Trainer) evaluator() (*evaluator, error) {
	if t.eval != nil {
		return t.eval, nil
	}
	c, m := t.model.config, t.model
	pass := nn.Eval()
	e := &evaluator{noise: tensor.NewRNG("eval.rng", evalSeed)}
	e.x = tensor.Input("images", tensor.F32, evalBatch, c.Channels, c.Size, c.Size)
	mu, logvar := m.Encode(pass, e.x)
	eps := e.noise.Normal(evalBatch, c.Z)
	fit := m.Decode(pass, Sample(mu, logvar, eps)).BCEWithLogits(e.x).Sum(1, 2, 3)
	kl := mu.Square().Add(logvar.Exp()).Sub(logvar).Shift(-1).Sum(1).Scale(0.5)
	e.mu, e.elbo, e.kl = mu, fit.Add(kl).Neg(), kl
	e.weight = m.LogWeights(pass, e.x, eps)
	var err error
	if e.program, err = t.Program(tensor.Outputs{Fetch: []*tensor.Tensor{e.elbo, e.kl, e.mu}, Update: []tensor.Update{e.noise.Advance()}}); err != nil {
		return nil, err
	}
	t.eval = e
	return e, nil
}

// weigh compiles the program of importance samples when it is first needed.
func (t *Trainer) weigh(e *evaluator) (err error) {
	if e.weights == nil {
		e.weights, err = t.Program(tensor.Outputs{Fetch: []*tensor.Tensor{e.weight}, Update: []tensor.Update{e.noise.Advance()}})
	}
	return err
}

// An Evaluation is the result on held-out data.
type Evaluation struct {
	ELBO     float64 // nats per example: a lower bound of log p(x)
	KL       float64 // its KL term, in nats per example
	LogP     float64 // log p(x) estimated by importance sampling; 0 if no samples were asked for
	Samples  int     // importance samples per example
	Examples int
}

// EvalOptions says how to evaluate.
type EvalOptions struct {
	Examples int  // at most
	Samples  int  // importance samples per example, to estimate log p(x); 0: do not
	Binarize bool // sample pixels as 0 or 1 with their values as probabilities, the same at every call

	Heard func(done, all int) // receives the number of passes over a batch that are done; nil for none
}

// Evaluate measures a set's first examples. Each importance sample (Burda et al. 2015) is one pass over a batch.
func (t *Trainer) Evaluate(ctx context.Context, set data.Set, o EvalOptions) (Evaluation, error) {
	e, err := t.evaluator()
	if err != nil {
		return Evaluation{}, err
	}
	if o.Samples > 0 {
		if err := t.weigh(e); err != nil {
			return Evaluation{}, err
		}
	}
	if err := t.Write(e.noise.State, []int32{evalSeed, 0, 0, 0}); err != nil {
		return Evaluation{}, err
	}
	c := t.model.config
	px := c.Channels * c.Size * c.Size
	n := min(o.Examples, set.Len())
	out := Evaluation{Samples: o.Samples, Examples: n}
	done, all := 0, (n+evalBatch-1)/evalBatch*(1+o.Samples)
	pass := func() {
		if done++; o.Heard != nil {
			o.Heard(done, all)
		}
	}
	x, values := make([]float32, evalBatch*px), make([]float32, evalBatch)
	for first := 0; first < n; first += evalBatch {
		count := min(evalBatch, n-first)
		for k := range count {
			dst := x[k*px : (k+1)*px]
			if _, err := set.Read(first+k, nil, dst); err != nil {
				return Evaluation{}, err
			}
			if o.Binarize {
				data.Binarize(dst, rand.New(rand.NewPCG(evalSeed, uint64(first+k))))
			}
		}
		if err := e.program.Run(ctx, tensor.Feed{e.x: x}); err != nil {
			return Evaluation{}, err
		}
		for _, term := range []struct {
			of  *tensor.Tensor
			sum *float64
		}{{e.kl, &out.KL}, {e.elbo, &out.ELBO}} {
			if err := e.program.Fetch(term.of, values); err != nil {
				return Evaluation{}, err
			}
			for _, v := range values[:count] {
				*term.sum += float64(v) / float64(n)
			}
		}
		pass()
		logs := make([][]float64, count)
		for range o.Samples {
			if err := e.weights.Run(ctx, tensor.Feed{e.x: x}); err != nil {
				return Evaluation{}, err
			}
			if err := e.weights.Fetch(e.weight, values); err != nil {
				return Evaluation{}, err
			}
			pass()
			for k := range count {
				logs[k] = append(logs[k], float64(values[k]))
			}
		}
		for _, l := range logs {
			out.LogP += logMeanExp(l) / float64(n)
		}
	}
	return out, nil
}

// logMeanExp returns log(Σ eᵛ/n), without overflow.
func logMeanExp(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	top, sum := math.Inf(-1), 0.0
	for _, x := range v {
		top = max(top, x)
	}
	for _, x := range v {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum/float64(len(v)))
}

// Encode maps pictures [N, C, S, S], N ≤ 100, to the means of their latents [N, Z].
func (t *Trainer) Encode(ctx context.Context, pictures []float32) ([]float32, error) {
	e, err := t.evaluator()
	if err != nil {
		return nil, err
	}
	c := t.model.config
	x := make([]float32, evalBatch*c.Channels*c.Size*c.Size)
	n := copy(x, pictures) / (c.Channels * c.Size * c.Size)
	if err := e.program.Run(ctx, tensor.Feed{e.x: x}); err != nil {
		return nil, err
	}
	mu := make([]float32, evalBatch*c.Z)
	if err := e.program.Fetch(e.mu, mu); err != nil {
		return nil, err
	}
	return mu[:n*c.Z], nil
}
