package classifier

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"genview/models/data"
	"genview/models/family"
	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// model is a classifier that learns from pictures.
type model struct {
	*Trainer
	env      family.Env
	settings *Settings
	classes  []string

	set    *data.Dataset // opened when it is first needed
	loader *data.Loader
	held   *holdout
}

// renumbered is a set with other class numbers.
type renumbered struct {
	data.Set
	numbers []int32
}

func (r renumbered) Read(i int, rng *rand.Rand, dst []float32) (int32, error) {
	class, err := r.Set.Read(i, rng, dst)
	if err != nil {
		return 0, err
	}
	return r.numbers[class], nil
}

// open opens the pictures once.
func (m *model) open(ctx context.Context) (*data.Dataset, error) {
	if m.set == nil {
		set, err := m.settings.open(ctx, m.env, m.classes)
		if err != nil {
			return nil, err
		}
		m.set = set
	}
	return m.set, nil
}

// Begin opens the pictures.
func (m *model) Begin(ctx context.Context, step int) (string, error) {
	set, err := m.open(ctx)
	if err != nil {
		return "", err
	}
	d := m.settings.Data
	if m.loader, err = data.NewLoader(set.Train, data.LoaderOptions{
		Batch: m.env.Batch, Seed: m.env.Seed, Binarize: d.Binarize, Augment: &data.Augment{Flip: d.Flip, Shift: d.Shift},
	}, step); err != nil {
		return "", err
	}
	what := fmt.Sprintf("%s of %d classes", family.CountOf(set.Train.Len(), "picture"), len(m.classes))
	if set.LeftOut > 0 {
		what += fmt.Sprintf(", %s left out", family.CountOf(set.LeftOut, "file"))
	}
	return what, nil
}

// Epoch returns the number of steps in which the data are seen once; 0 before Begin.
func (m *model) Epoch() int {
	if m.loader == nil {
		return 0
	}
	return m.loader.Epoch()
}

// Step trains on the next batch. A step is never interrupted, because a checkpoint must not hold half an update.
func (m *model) Step(ctx context.Context) error {
	b, err := m.loader.Next(ctx)
	if err != nil {
		return err
	}
	defer m.loader.Release(b)
	return m.Trainer.Step(context.WithoutCancel(ctx), b.Images, b.Classes)
}

// Rehearse returns steps on made-up pictures.
func (m *model) Rehearse() func(ctx context.Context) error {
	c := m.Config()
	x, classes := family.Pixels(m.env.Batch*c.Channels*c.Size*c.Size), make([]int32, m.env.Batch)
	for i := range classes {
		classes[i] = int32(i % c.Classes)
	}
	return func(ctx context.Context) error { return m.Trainer.Step(ctx, x, classes) }
}

// Close ends the loader and frees the programs.
func (m *model) Close() {
	if m.loader != nil {
		m.loader.Close()
	}
	m.Trainer.Close()
}

// Classes returns the names of the classes.
func (m *model) Classes() []string { return m.classes }

// Shape returns the shape of a picture.
func (m *model) Shape() (c, h, w int) {
	o := m.Config()
	return o.Channels, o.Size, o.Size
}

const (
	most  = 1000 // held-out pictures that are classified during training
	shown = 32   // number of them that are shown
)

// holdout is the held-out pictures that are classified during training.
type holdout struct {
	pixels  []float32 // [N, C, S, S]
	classes []int32
}

// holdout reads the first held-out pictures.
func (m *model) holdout(ctx context.Context) (*holdout, error) {
	if m.held != nil {
		return m.held, nil
	}
	set, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	n := min(most, set.Test.Len())
	held := &holdout{pixels: make([]float32, n*c*h*w), classes: make([]int32, n)}
	for i := range n {
		if held.classes[i], err = set.Test.Read(i, nil, held.pixels[i*c*h*w:(i+1)*c*h*w]); err != nil {
			return nil, err
		}
	}
	m.held = held
	return held, nil
}

// measure classifies the held-out pictures. It returns the loss of each and the logits [N, classes].
func (m *model) measure(ctx context.Context) (e Evaluation, losses []float64, logits []float32, err error) {
	held, err := m.holdout(ctx)
	if err != nil {
		return e, nil, nil, err
	}
	if logits, err = m.logits.Run(ctx, held.pixels); err != nil {
		return e, nil, nil, err
	}
	k := len(m.classes)
	sum := newTally(k)
	losses = make([]float64, len(held.classes))
	for i, class := range held.classes {
		before := sum.Loss
		sum.add(logits[i*k:(i+1)*k], class)
		losses[i] = sum.Loss - before
	}
	return sum.result(), losses, logits, nil
}

// Look classifies held-out pictures. It shows the accuracy, the confusion matrix, the first pictures and the hardest ones.
func (m *model) Look(ctx context.Context) ([]watch.View, error) {
	e, losses, logits, err := m.measure(ctx)
	if err != nil {
		return nil, err
	}
	held, order := m.held, make([]int, len(losses))
	for i := range order {
		order[i] = i
	}
	first := m.pictures("Held-out pictures", held, logits, order[:min(shown, len(order))])
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[b], losses[a]) })
	hardest := m.pictures("Hardest", held, logits, order[:min(shown, len(order))])
	return []watch.View{m.confusion(e), first, hardest, measures(e)}, nil
}

// Answer does nothing.
func (m *model) Answer(context.Context, watch.Request) (look bool) { return false }

// Trace passes a held-out picture through the network.
func (m *model) Trace() *nn.Trace {
	x, pass := m.Config().one(), nn.Eval()
	m.Trainer.model.Forward(pass, x)
	out := &nn.Trace{Next: func(ctx context.Context) (*nn.Traced, error) {
		held, err := m.holdout(ctx)
		if err != nil {
			return nil, err
		}
		return &nn.Traced{Name: "held-out picture 1", Feed: tensor.Feed{x: held.pixels[:x.Len()]}}, nil
	}}
	out.Add("", pass)
	return out
}

const bestBy = "held_out_accuracy"

// Best names the accuracy on held-out pictures.
func (m *model) Best() (metric string, higher bool) { return bestBy, true }

// Measure measures loss and accuracy on held-out pictures.
func (m *model) Measure(ctx context.Context) (watch.Metrics, error) {
	e, _, _, err := m.measure(ctx)
	return watch.Metrics{{Name: "held_out_loss", Value: e.Loss}, {Name: bestBy, Value: e.Accuracy}}, err
}

// measures returns a table of the results on held-out pictures.
func measures(e Evaluation) *watch.Table {
	return &watch.Table{Name: "Held-out measures", Columns: []string{"measure", "value"}, Rows: [][]string{
		{"accuracy", fmt.Sprintf("%.1f %% of %d", 100*e.Accuracy, e.Examples)},
		{"loss", fmt.Sprintf("%.3f nats", e.Loss)},
		{"calibration error", fmt.Sprintf("%.1f %%", 100*e.ECE)},
	}}
}

// confusion returns a row for each class, with the fraction of its pictures that were predicted as each class.
func (m *model) confusion(e Evaluation) *watch.HeatMaps {
	shares := make([]float32, 0, len(m.classes)*len(m.classes))
	for _, row := range e.Confusion {
		n := 0
		for _, v := range row {
			n += v
		}
		for _, v := range row {
			shares = append(shares, float32(v)/float32(max(1, n)))
		}
	}
	return &watch.HeatMaps{
		Name: "Confusion", Words: [2]string{"is", "taken for"},
		Maps: []watch.Map{{Name: "held-out pictures", Heads: 1, Rows: m.classes, Cols: m.classes, Values: shares}},
	}
}

// pictures returns some held-out pictures with their predicted classes.
func (m *model) pictures(name string, held *holdout, logits []float32, which []int) *watch.Pictures {
	c, h, w := m.Shape()
	px, k := c*h*w, len(m.classes)
	v := &watch.Pictures{Name: name}
	var pixels []float32
	for _, i := range which {
		pixels = append(pixels, held.pixels[i*px:(i+1)*px]...)
		taken := likeliest(logits[i*k : (i+1)*k])
		mark, caption := watch.Right, m.classes[taken]
		if taken != int(held.classes[i]) {
			mark = watch.Wrong
			caption += ", not " + m.classes[held.classes[i]]
		}
		v.Captions, v.Marks = append(v.Captions, caption), append(v.Marks, mark)
	}
	v.Images = data.Images(pixels, c, h, w)
	return v
}
