package classifier

import (
	"context"
	"errors"
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
	p := make([]float64, t.model.config.Classes)
	for at := 0; at < len(logits); at += len(p) {
		softmax(p, logits[at:at+len(p)])
		for i, v := range p {
			logits[at+i] = float32(v)
		}
	}
	return logits, nil
}

// softmax writes exp(xᵢ)/Σ exp(x) to p.
func softmax(p []float64, x []float32) {
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
}

// A Gaze is the attention of one layer of a Vision Transformer: how much the class token attends to each patch, in each head.
type Gaze struct {
	Name    string // such as "encoder.layers.encoder_layer_0.self_attention"
	Heads   int
	Side    int       // patches in a row and in a column of the picture
	Weights []float32 // [Heads, Side, Side]; the class token attends to itself with the rest to 1
}

// probe holds the program that fetches the attention weights of all layers.
type probe struct {
	program *tensor.Program
	picture *tensor.Tensor
	taps    []*tensor.Tensor
}

// ErrNoAttention says that a model has no attention layers.
var ErrNoAttention = errors.New("classifier: only a Vision Transformer has attention to look at")

// Attention returns the attention of the layers to a picture [C, S, S], from the first to the last. For a network that is not a Vision
// Transformer the error is [ErrNoAttention].
func (t *Trainer) Attention(ctx context.Context, picture []float32) ([]Gaze, error) {
	c := t.model.config
	if c.Arch != "vit" {
		return nil, ErrNoAttention
	}
	if t.probe == nil {
		p := &probe{picture: tensor.Input("picture", tensor.F32, 1, c.Channels, c.Size, c.Size)}
		p.taps = tensor.Taps(t.model.Forward(nn.Eval(), p.picture))
		var err error
		if p.program, err = t.Program(tensor.Outputs{Fetch: p.taps}); err != nil {
			return nil, err
		}
		t.probe = p
	}
	if err := t.probe.program.Run(ctx, tensor.Feed{t.probe.picture: picture}); err != nil {
		return nil, err
	}
	var all []Gaze
	for _, tap := range t.probe.taps { // [1, Heads, 1+patches, 1+patches]
		shares, n := make([]float32, tap.Len()), tap.Dim(3)
		if err := t.probe.program.Fetch(tap, shares); err != nil {
			return nil, err
		}
		g := Gaze{Name: tap.Name(), Heads: tap.Dim(1), Side: c.Size / c.Patch}
		for head := range g.Heads {
			row := shares[head*n*n:]
			g.Weights = append(g.Weights, row[1:n]...)
		}
		all = append(all, g)
	}
	return all, nil
}

// Drawn returns all weights, which Classify needs.
func (t *Trainer) Drawn() []nn.Named { return t.Scope.Named() }
