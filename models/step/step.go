package step

import (
	"context"
	"fmt"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// A Trainer holds the programs of a training step on one device, and their state. The methods up to Compile define the step and are called
// in that order. It is for one goroutine.
type Trainer struct {
	Scope *nn.Scope   // of the weights
	Noise *tensor.RNG // the parts of a step draw from it

	rt         *tensor.Runtime
	rate       *tensor.Tensor // factor of all learning rates; not in checkpoints, whose names are PyTorch's
	lr         *tensor.Tensor // learning rate of the first optimizer
	inputs     []*tensor.Tensor
	optimizers []optimizer
	parts      []*part
	only       *part // the next step runs this part alone; nil: all
	kept       []nn.Named
	programs   []*tensor.Program // programs that are not parts of the step
	applied    []*nn.Apply
}

// An Optimizer is an optimizer of package optim.
type Optimizer interface {
	Vars() []*tensor.Tensor // the variables that it trains
	State() []nn.Named
	ScaleRate(by *tensor.Tensor) *tensor.Tensor // before the updates are made
}

type optimizer struct {
	prefix string
	Optimizer
}

// A part is one program of a step.
type part struct {
	Metrics []Metric
	Update  []tensor.Update

	program *tensor.Program
	ran     bool
}

// A Metric is a scalar of a part that is reported, such as a loss.
type Metric struct {
	Name  string
	Value *tensor.Tensor
}

// New returns an empty trainer. The seed is that of the initial weights and of the noise.
func New(rt *tensor.Runtime, seed uint64) *Trainer {
	return &Trainer{rt: rt, Scope: nn.NewScope(seed), Noise: tensor.NewRNG("rng", seed), rate: tensor.Var("rate", tensor.Full(1))}
}

// Inputs sets the tensors that each step is fed with.
func (t *Trainer) Inputs(x ...*tensor.Tensor) { t.inputs = x }

// Optimizer adds an optimizer. Its state has the prefix "optim.NAME." in checkpoints; the prefix is "optim." if the name is empty, for a
// trainer with one optimizer. It must have its learning rate, and not made its updates: [Trainer.SetRate] scales the rate.
func (t *Trainer) Optimizer(name string, o Optimizer) {
	prefix := "optim."
	if name != "" {
		prefix += name + "."
	}
	if lr := o.ScaleRate(t.rate); t.lr == nil {
		t.lr = lr
	}
	t.optimizers = append(t.optimizers, optimizer{prefix, o})
}

// Keep adds a variable to checkpoints that is neither a weight nor part of an optimizer's state.
func (t *Trainer) Keep(v *tensor.Tensor) {
	t.kept = append(t.kept, nn.Named{Name: v.Name(), Tensor: v})
}

// Part adds a part to the step. It advances the noise too.
func (t *Trainer) Part(metrics []Metric, update []tensor.Update) {
	t.parts = append(t.parts, &part{Metrics: metrics, Update: append(update, t.Noise.Advance())})
}

// Compile compiles the programs of the step. If it fails, there is nothing to close. The last part gets the metric lr, the learning rate of
// the first optimizer.
func (t *Trainer) Compile() error {
	if n := len(t.parts); n > 0 && t.lr != nil {
		t.parts[n-1].Metrics = append(t.parts[n-1].Metrics, Metric{"lr", t.lr})
	}
	for _, p := range t.parts {
		var fetch []*tensor.Tensor
		for _, m := range p.Metrics {
			fetch = append(fetch, m.Value)
		}
		var err error
		if p.program, err = t.rt.Compile(tensor.Outputs{Fetch: fetch, Update: p.Update}); err != nil {
			t.Close()
			return err
		}
	}
	return nil
}

// Step trains on a batch: one value for each input, in their order, of the types that [tensor.Feed] takes. It returns before the device has
// finished.
func (t *Trainer) Step(ctx context.Context, batch ...any) error {
	if len(batch) != len(t.inputs) {
		return fmt.Errorf("step: a batch of %d values, where a step is fed with %d", len(batch), len(t.inputs))
	}
	feed := make(tensor.Feed, len(batch))
	for i, x := range t.inputs {
		feed[x] = batch[i]
	}
	only := t.only
	t.only = nil
	for _, p := range t.parts {
		if only != nil && p != only {
			continue
		}
		if err := p.program.Run(ctx, feed); err != nil {
			return err
		}
		p.ran = true
	}
	return nil
}

// Only makes the next step run one part alone, counted from 0; the other parts rest, and keep their metrics.
func (t *Trainer) Only(part int) { t.only = t.parts[part] }

// Metrics waits for the newest step and returns the metrics of the parts that have run.
func (t *Trainer) Metrics() (watch.Metrics, error) {
	var out watch.Metrics
	for _, p := range t.parts {
		if !p.ran {
			continue
		}
		for _, m := range p.Metrics {
			v, err := p.program.Float(m.Value)
			if err != nil {
				return nil, err
			}
			out = append(out, watch.Metric{Name: m.Name, Value: v})
		}
	}
	return out, nil
}

// SetRate makes the learning rates of the steps from now on factor times those of the settings. A checkpoint does not hold it.
func (t *Trainer) SetRate(factor float64) error {
	return t.rt.Write(t.rate, []float32{float32(factor)})
}

// State lists everything that a checkpoint must hold: weights under PyTorch's names, and the state of optimizers and noise.
func (t *Trainer) State() []nn.Named {
	all := t.Scope.Named()
	for _, o := range t.optimizers {
		all = append(all, nn.Under(o.prefix, o.State())...)
	}
	return append(append(all, nn.Named{Name: "rng.state", Tensor: t.Noise.State}), t.kept...)
}

// Parameters returns the number of trained parameters.
func (t *Trainer) Parameters() int {
	n := 0
	for _, o := range t.optimizers {
		for _, v := range o.Vars() {
			n += v.Len()
		}
	}
	return n
}

// Programs returns the programs of a step, in the order in which they run.
func (t *Trainer) Programs() []*tensor.Program {
	var all []*tensor.Program
	for _, p := range t.parts {
		all = append(all, p.program)
	}
	return all
}

// Program compiles a program that is not part of the step, such as one that evaluates. Close closes it.
func (t *Trainer) Program(o tensor.Outputs) (*tensor.Program, error) {
	p, err := t.rt.Compile(o)
	if err == nil {
		t.programs = append(t.programs, p)
	}
	return p, err
}

// Apply returns an [nn.Apply] that Close closes.
func (t *Trainer) Apply(batch int, in []int, net func(x *tensor.Tensor) *tensor.Tensor) *nn.Apply {
	a := nn.NewApply(t.rt, batch, in, net)
	t.applied = append(t.applied, a)
	return a
}

// Write sets a variable, as [tensor.Runtime.Write] does.
func (t *Trainer) Write(v *tensor.Tensor, values any) error { return t.rt.Write(v, values) }

// Close frees the programs; the weights stay with the runtime.
func (t *Trainer) Close() {
	for _, p := range t.parts {
		if p.program != nil {
			p.program.Close()
		}
	}
	for _, p := range t.programs {
		p.Close()
	}
	for _, a := range t.applied {
		a.Close()
	}
	t.parts, t.programs, t.applied = nil, nil, nil
}
