package classifier

import (
	"context"
	"errors"
	"fmt"

	"genview/models/nn"
	"genview/tensor"
)

// A Gaze is the attention of one layer of a Vision Transformer to a picture. Its tokens are the class token and the patches, row by row.
type Gaze struct {
	Name    string // such as "encoder.layers.encoder_layer_0.self_attention"
	Heads   int
	Side    int       // patches in a row and in a column of the picture
	Weights []float32 // [Heads, 1+Side², 1+Side²]: how much each token attends to each other one
}

// tokens returns the number of tokens.
func (g Gaze) tokens() int { return 1 + g.Side*g.Side }

// Class returns how much the class token attends to each patch, [Heads, Side, Side]. It attends to itself with the rest to 1.
func (g Gaze) Class() []float32 {
	var all []float32
	n := g.tokens()
	for head := range g.Heads {
		all = append(all, g.Weights[head*n*n+1:head*n*n+n]...)
	}
	return all
}

// probe holds the program that fetches the attention weights of all layers.
type probe struct {
	program *tensor.Program
	picture *tensor.Tensor
	taps    []*tensor.Tensor
}

// ErrNoAttention says that a model has no attention layers.
var ErrNoAttention = errors.New("classifier: only a Vision Transformer has attention to look at")

// one returns an input for a picture.
func (c Config) one() *tensor.Tensor {
	return tensor.Input("picture", tensor.F32, 1, c.Channels, c.Size, c.Size)
}

// Attention returns the attention of the layers to a picture [C, S, S], from the first to the last. For a network that is not a Vision
// Transformer the error is [ErrNoAttention].
func (t *Trainer) Attention(ctx context.Context, picture []float32) ([]Gaze, error) {
	c := t.model.config
	if c.Arch != "vit" {
		return nil, ErrNoAttention
	}
	if t.probe == nil {
		p := &probe{picture: c.one()}
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
		g := Gaze{Name: tap.Name(), Heads: tap.Dim(1), Side: c.Size / c.Patch, Weights: make([]float32, tap.Len())}
		if err := t.probe.program.Fetch(tap, g.Weights); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// dissected is a program that classifies a picture, and keeps what its attention layers compute inside.
type dissected struct {
	nn.Dissection
	program *tensor.Program
	picture *tensor.Tensor
}

// Stages returns the stages of a head's attention to a picture [C, S, S]. Its layer is named as in [Gaze], and head counts from 0.
func (t *Trainer) Stages(ctx context.Context, picture []float32, layer string, head int) (*nn.Stages, error) {
	c := t.model.config
	if c.Arch != "vit" {
		return nil, ErrNoAttention
	}
	if t.dissected == nil {
		d := &dissected{picture: c.one()}
		t.model.Forward(d.Pass(), d.picture)
		var err error
		if d.program, err = t.Program(tensor.Outputs{Fetch: d.Parts()}); err != nil {
			return nil, err
		}
		t.dissected = d
	}
	d := t.dissected
	if err := d.program.Run(ctx, tensor.Feed{d.picture: picture}); err != nil {
		return nil, err
	}
	n := 1 + (c.Size/c.Patch)*(c.Size/c.Patch)
	return d.Head(d.program, layer, head, n, n)
}

// Without is what a Vision Transformer does without a head, or with all of them.
type Without struct {
	Loss          float64   // mean cross-entropy in nats
	Probabilities []float32 // of each class, for the picture
}

// ablated is a program that classifies a batch without some heads.
type ablated struct {
	*nn.Ablation
	program         *tensor.Program
	images, classes *tensor.Tensor
	loss, logits    *tensor.Tensor // the logits of the first picture [1, Classes]
}

// ablation compiles the program when it is first needed.
func (t *Trainer) ablation() (*ablated, error) {
	if t.without != nil {
		return t.without, nil
	}
	c := t.model.config
	m := &ablated{images: tensor.Input("images", tensor.F32, applyBatch, c.Channels, c.Size, c.Size), classes: tensor.Input("classes", tensor.I32, applyBatch)}
	tokens := 1 + (c.Size/c.Patch)*(c.Size/c.Patch)
	counts := m.classes.NotEqual(tensor.Const([]int32{none})).Cast(tensor.F32).Reshape(applyBatch, 1).Expand(applyBatch, tokens)
	m.Ablation = nn.NewAblation(func(string) *tensor.Tensor { return counts })
	logits := t.model.Forward(m.Pass(), m.images)
	m.loss = logits.CrossEntropy(m.classes, tensor.CrossEntropyOptions{IgnoreIndex: none})
	m.logits = logits.Slice(0, 0, 1)
	var err error
	if m.program, err = t.Program(tensor.Outputs{Fetch: append(m.Sums(), m.loss, m.logits)}); err != nil {
		return nil, err
	}
	t.without = m
	return m, nil
}

// none is the class of what fills up the last batch. The loss ignores it.
const none = -1

// Without returns what the model does with all heads, and then without the head of each cut: the loss of pictures [N, C, S, S] of classes
// [N], and the probabilities of the classes of one picture [C, S, S]; nil for no such picture. Mean outputs are those over the pictures.
// heard, if not nil, receives how many of the measurements are done.
func (t *Trainer) Without(ctx context.Context, pictures []float32, classes []int32, picture []float32, cuts []nn.Cut, heard func(done, all int)) ([]Without, error) {
	c := t.model.config
	px := c.Channels * c.Size * c.Size
	switch {
	case c.Arch != "vit":
		return nil, ErrNoAttention
	case len(classes) == 0 || len(pictures) != len(classes)*px:
		return nil, fmt.Errorf("classifier: %d pixels for %d classes: give one picture or more, of %d pixels each", len(pictures), len(classes), px)
	}
	m, err := t.ablation()
	if err != nil {
		return nil, err
	}
	return nn.Measure(m.Ablation, cuts, heard, func(feed tensor.Feed, ran func(*tensor.Program) error) (w Without, err error) {
		for at := 0; at < len(classes); at += applyBatch {
			n := min(applyBatch, len(classes)-at)
			loss, err := m.run(ctx, feed, pictures[at*px:(at+n)*px], classes[at:at+n])
			if err != nil {
				return w, err
			}
			if err := ran(m.program); err != nil {
				return w, err
			}
			w.Loss += loss * float64(n) / float64(len(classes))
		}
		if picture == nil {
			return w, nil
		}
		if _, err := m.run(ctx, feed, picture, []int32{0}); err != nil {
			return w, err
		}
		w.Probabilities = make([]float32, c.Classes)
		if err := m.program.Fetch(m.logits, w.Probabilities); err != nil {
			return w, err
		}
		narrow(w.Probabilities)
		return w, nil
	})
}

// run classifies at most a batch of pictures, and returns their mean loss.
func (m *ablated) run(ctx context.Context, feed tensor.Feed, pictures []float32, classes []int32) (float64, error) {
	images, of := make([]float32, m.images.Len()), make([]int32, applyBatch)
	copy(images, pictures)
	for i := copy(of, classes); i < len(of); i++ {
		of[i] = none
	}
	feed[m.images], feed[m.classes] = images, of
	if err := m.program.Run(ctx, feed); err != nil {
		return 0, err
	}
	return m.program.Float(m.loss)
}

// narrow converts logits to probabilities.
func narrow(logits []float32) {
	p := make([]float64, len(logits))
	softmax(p, logits)
	for i, v := range p {
		logits[i] = float32(v)
	}
}
