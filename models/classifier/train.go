package classifier

import (
	"context"
	"math"

	"genview/models/nn"
	"genview/models/step"
	"genview/tensor"
)

// A Trainer trains a classifier on one device and classifies with it. A step takes pictures [B, C, S, S] and their classes [B]; its metrics
// are the loss in nats per picture, the norm of its gradients, and the accuracy on the batch, with dropout and before the update. It is for
// one goroutine.
type Trainer struct {
	*step.Trainer
	model  *Classifier
	logits *nn.Apply
	probe  *probe

	without   *ablated
	dissected *dissected
}

const applyBatch = 100

// NewTrainer builds and compiles the training step: one submission for forward pass, backward pass and AdamW.
func NewTrainer(rt *tensor.Runtime, c Config, o TrainConfig) (*Trainer, error) {
	t := &Trainer{Trainer: step.New(rt, o.Seed)}
	var err error
	if t.model, err = New(t.Scope, c); err != nil {
		return nil, err
	}
	images, classes := tensor.Input("images", tensor.F32, o.Batch, c.Channels, c.Size, c.Size), tensor.Input("classes", tensor.I32, o.Batch)
	t.Inputs(images, classes)
	pass := nn.Train(t.Noise)
	logits := t.model.Forward(pass, images)
	loss := logits.CrossEntropy(classes, tensor.CrossEntropyOptions{LabelSmoothing: o.Smoothing, IgnoreIndex: -1})
	right := logits.ArgMax(-1).Equal(classes).Cast(tensor.F32).Mean()
	t.Descend(loss, o.Descent, pass.Updates(), step.Metric{Name: "accuracy", Value: right})
	t.logits = t.Apply(applyBatch, []int{c.Channels, c.Size, c.Size}, func(x *tensor.Tensor) *tensor.Tensor { return t.model.Forward(nn.Eval(), x) })
	return t, t.Compile()
}

// Config returns the model's configuration.
func (t *Trainer) Config() Config { return t.model.config }

// Classify returns the probability of each class [N, Classes] for pictures [N, C, S, S].
func (t *Trainer) Classify(ctx context.Context, pictures []float32) ([]float32, error) {
	logits, err := t.logits.Run(ctx, pictures)
	if err != nil {
		return nil, err
	}
	k := t.model.config.Classes
	for at := 0; at < len(logits); at += k {
		narrow(logits[at : at+k])
	}
	return logits, nil
}

// softmax writes exp(xᵢ)/Σ exp(x) to p, and returns log Σ exp(x).
func softmax(p []float64, x []float32) (total float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, float64(v))
	}
	for i, v := range x {
		p[i] = math.Exp(float64(v) - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return top + math.Log(sum)
}

// Drawn returns all weights, which Classify needs.
func (t *Trainer) Drawn() []nn.Named { return t.Scope.Named() }
