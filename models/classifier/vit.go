package classifier

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"genview/models/data"
	"genview/models/family"
	"genview/models/heads"
	"genview/models/nn"
	"genview/models/watch"
)

// vitModel is a Vision Transformer, whose attention can be looked at.
type vitModel struct {
	*model
	text   string        // names the picture whose attention is shown
	cut    watch.Ablate  // the head without which the model is shown, too
	inside watch.Dissect // the head whose stages are shown, too
}

const (
	firstPicture = "1" // is attended to until another one is chosen
	lookedAt     = 100 // held-out pictures on which a look measures the model without a head
	scored       = 4   // held-out pictures in which a look scores heads
	examinedIn   = 32  // held-out pictures in which Examine scores heads
	unit         = "nats per picture"
	magnified    = 4 // scale of the pictures with attention
)

// Look shows what a classifier shows, and the attention to the chosen picture.
func (m *vitModel) Look(ctx context.Context) ([]watch.View, error) {
	views, err := m.model.Look(ctx)
	if err != nil {
		return nil, err
	}
	maps, over, err := m.attend(ctx, m.text)
	if err != nil {
		return nil, err
	}
	if views = append(views, maps); over == nil {
		return views, nil
	}
	if err := m.look(ctx, maps); err != nil {
		return nil, err
	}
	if maps.Has(m.inside.Layer, m.inside.Head) {
		if maps.Stages, err = m.stages(ctx, maps, m.inside); err != nil {
			return nil, err
		}
	}
	return append(views, over), nil
}

// Answer sets the picture to attend to, the number of a held-out one or the path of a file, and the heads to do without and to look into.
func (m *vitModel) Answer(_ context.Context, r watch.Request) (look bool) {
	switch r := r.(type) {
	case watch.Attend:
		m.text = cmp.Or(strings.TrimSpace(r.Text), firstPicture)
	case watch.Ablate:
		m.cut = r
	case watch.Dissect:
		m.inside = r
	default:
		return false
	}
	return true
}

// numbered returns the held-out picture that has a number, from 1. If there is none, it returns the problem as a text.
func (m *vitModel) numbered(ctx context.Context, text string) (pixels []float32, problem string, err error) {
	held, err := m.holdout(ctx)
	if err != nil {
		return nil, "", err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(held.classes) {
		return nil, fmt.Sprintf("there is no picture %s: give 1 to %d, or the path of a picture", text, len(held.classes)), nil
	}
	px := len(held.pixels) / len(held.classes)
	return held.pixels[(n-1)*px : n*px], "", nil
}

// picture is numbered for what the user of the window gave, which may be the path of a file.
func (m *vitModel) picture(ctx context.Context, text string) (pixels []float32, problem string, err error) {
	if _, err := strconv.Atoi(text); err == nil {
		return m.numbered(ctx, text)
	}
	c, h, w := m.Shape()
	if pixels, err = data.ReadImage(text, c, h, w); err != nil {
		return nil, strings.TrimPrefix(err.Error(), "data: "), nil
	}
	return pixels, "", nil
}

// Attend returns how the class token attends to the patches of the held-out picture of a number. It reads no files, because those who ask may
// not be those who may read them.
func (m *vitModel) Attend(ctx context.Context, text string) (*watch.HeatMaps, error) {
	pixels, problem, err := m.numbered(ctx, text)
	if err != nil || problem != "" {
		return attention(&watch.Prompt{Text: text, Problem: problem}), err
	}
	return m.Gaze(ctx, text, pixels)
}

// Gaze returns how the class token attends to the patches of a picture [C, S, S].
func (m *vitModel) Gaze(ctx context.Context, name string, pixels []float32) (*watch.HeatMaps, error) {
	maps, _, err := m.gaze(ctx, name, pixels)
	return maps, err
}

// attention returns the view of a picture before the model has looked at it.
func attention(p *watch.Prompt) *watch.HeatMaps {
	return &watch.HeatMaps{Name: "Attention", Prompt: p, Words: [2]string{"gets", "at"}}
}

// attend returns the layers' attention to a picture: as tables, and over the picture; nil if there is no such picture.
func (m *vitModel) attend(ctx context.Context, text string) (*watch.HeatMaps, *watch.Pictures, error) {
	pixels, problem, err := m.picture(ctx, text)
	if err != nil || problem != "" {
		return attention(&watch.Prompt{Text: text, Problem: problem}), nil, err
	}
	return m.gaze(ctx, text, pixels)
}

func (m *vitModel) gaze(ctx context.Context, name string, pixels []float32) (*watch.HeatMaps, *watch.Pictures, error) {
	maps := attention(&watch.Prompt{Text: name})
	logits, err := m.logits.Run(ctx, pixels)
	if err != nil {
		return nil, nil, err
	}
	gazes, err := m.Attention(ctx, pixels)
	if err != nil {
		return nil, nil, err
	}
	maps.Prompt.Output = m.classes[likeliest(logits)]
	c, h, w := m.Shape()
	picture := data.Images(pixels, c, h, w)[0]
	over := &watch.Pictures{Name: "Attended picture"}
	rolled := rollouts(gazes)
	for i, g := range gazes {
		var rows, cols []string
		for n := range g.Side {
			rows, cols = append(rows, strconv.Itoa(n+1)), append(cols, strconv.Itoa(n+1))
		}
		maps.Maps = append(maps.Maps, watch.Map{Name: layerName(i), Heads: g.Heads, Rows: rows, Cols: cols, Values: g.Class(), Patches: true, Rollout: rolled[i]})
		for head := range g.Heads {
			over.Images = append(over.Images, g.over(picture, head))
			over.Captions = append(over.Captions, fmt.Sprintf("L%d H%d", i+1, head+1))
		}
	}
	return maps, over, nil
}

// layerName names a layer, from 0.
func layerName(i int) string { return fmt.Sprintf("layer %d", i+1) }

// tapOf returns the name of the tap of a layer that layerName named; "" if it is no such name.
func tapOf(layer string) string {
	var n int
	if _, err := fmt.Sscanf(layer, "layer %d", &n); err != nil || layerName(n-1) != layer {
		return ""
	}
	return fmt.Sprintf("encoder.layers.encoder_layer_%d.self_attention", n-1)
}

// tokens names the tokens of a picture: the class token, and the row and the column of each patch.
func tokens(side int) []string {
	names := []string{"class"}
	for i := range side * side {
		names = append(names, fmt.Sprintf("%d,%d", i/side+1, i%side+1))
	}
	return names
}

// rollouts returns for each layer what reaches the class token from each patch of the picture [Side, Side], by package heads' rollout.
func rollouts(gazes []Gaze) (all [][]float32) {
	var maps []watch.Map
	for i, g := range gazes {
		names := make([]string, g.tokens())
		maps = append(maps, watch.Map{Name: layerName(i), Heads: g.Heads, Rows: names, Cols: names, Self: true, Values: g.Weights})
	}
	for _, m := range heads.Reduce(maps, heads.Rollout) {
		all = append(all, m.Values[1:len(m.Cols)])
	}
	return all
}

// over draws a picture with one head's attention in colour: warmer means more, relative to the largest.
func (g Gaze) over(picture *image.RGBA, head int) *image.RGBA {
	n := g.Side * g.Side
	weights := g.Class()[head*n : (head+1)*n]
	top := max(slices.Max(weights), math.SmallestNonzeroFloat32)
	size := picture.Rect.Size()
	out := image.NewRGBA(image.Rect(0, 0, size.X*magnified, size.Y*magnified))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			px := picture.RGBAAt(x/magnified, y/magnified)
			w := float64(weights[y*g.Side/out.Rect.Dy()*g.Side+x*g.Side/out.Rect.Dx()] / top)
			mix := func(v uint8, warm float64) uint8 { return uint8(math.Round(float64(v)*(1-0.6*w)*0.8 + warm*0.6*w)) }
			px.R, px.G, px.B = mix(px.R, 255), mix(px.G, 140), mix(px.B, 20)
			out.SetRGBA(x, y, px)
		}
	}
	return out
}

// scores returns the scores of each layer's heads in the first n held-out pictures.
func (m *vitModel) scores(ctx context.Context, n int) (means [][]watch.Score, layers []Gaze, err error) {
	held, err := m.holdout(ctx)
	if err != nil {
		return nil, nil, err
	}
	px := len(held.pixels) / len(held.classes)
	var all [][][]watch.Score // of each layer, of each picture
	for i := range min(n, len(held.classes)) {
		if layers, err = m.Attention(ctx, held.pixels[i*px:(i+1)*px]); err != nil {
			return nil, nil, err
		}
		all = append(all, make([][][]watch.Score, len(layers)-len(all))...)
		for k, g := range layers {
			all[k] = append(all[k], heads.PictureScores(g.Weights, g.Heads, g.Side))
		}
	}
	for _, of := range all {
		means = append(means, heads.Mean(of...))
	}
	return means, layers, nil
}

// look adds to the maps of a picture how the heads score in held-out pictures, and what the model does without the chosen head.
func (m *vitModel) look(ctx context.Context, a *watch.HeatMaps) error {
	scores, _, err := m.scores(ctx, scored)
	if err != nil {
		return err
	}
	for i := range a.Maps {
		a.Maps[i].Scores = scores[i]
	}
	if !a.Has(m.cut.Layer, m.cut.Head) {
		return nil
	}
	held, err := m.holdout(ctx)
	if err != nil {
		return err
	}
	picture, _, err := m.picture(ctx, a.Prompt.Text)
	if err != nil {
		return err
	}
	n := min(lookedAt, len(held.classes))
	both, err := m.Without(ctx, held.pixels[:n*len(picture)], held.classes[:n], picture, []nn.Cut{cutOf(m.cut)}, nil)
	if err != nil {
		return err
	}
	a.Cut = &watch.Cut{Ablate: m.cut, Loss: both[0].Loss, Lost: both[1].Loss, Unit: unit, Output: m.classes[likeliest(both[1].Probabilities)]}
	return nil
}

func cutOf(a watch.Ablate) nn.Cut { return nn.Cut{Layer: tapOf(a.Layer), Head: a.Head, Mean: a.Mean} }

// Stages returns the stages of a head's attention to the held-out picture of a number.
func (m *vitModel) Stages(ctx context.Context, text string, head watch.Dissect) (*watch.Stages, error) {
	a, err := m.Attend(ctx, text)
	if err != nil {
		return nil, err
	}
	return m.stages(ctx, a, head)
}

// stages returns the stages of a head's attention to the picture of maps. Its tokens are the class token and the patches.
func (m *vitModel) stages(ctx context.Context, a *watch.HeatMaps, head watch.Dissect) (*watch.Stages, error) {
	s, err := family.StagesOf(a, head, func() (*nn.Stages, error) {
		picture, _, err := m.picture(ctx, a.Prompt.Text)
		if err != nil {
			return nil, err
		}
		return m.Trainer.Stages(ctx, picture, tapOf(head.Layer), head.Head)
	})
	if err != nil {
		return nil, err
	}
	s.Rows = tokens(len(a.Maps[0].Rows))
	s.Cols = s.Rows
	return s, nil
}

// Examine scores all heads in held-out pictures, and measures the model without each: on the thousand of a look, or as many as are asked for.
func (m *vitModel) Examine(ctx context.Context, o family.Evaluation) (*heads.Report, error) {
	held, err := m.holdout(ctx)
	if err != nil {
		return nil, err
	}
	n := len(held.classes)
	if o.Examples > 0 {
		n = min(n, o.Examples)
	}
	scores, layers, err := m.scores(ctx, min(n, examinedIn))
	if err != nil {
		return nil, err
	}
	r := &heads.Report{Unit: unit, Of: family.CountOf(n, "held-out picture")}
	for i, g := range layers {
		r.Add(layerName(i), g.Heads, scores[i])
	}
	var cuts []nn.Cut
	for _, c := range r.Cuts() {
		cuts = append(cuts, cutOf(c))
	}
	px := len(held.pixels) / len(held.classes)
	all, err := m.Without(ctx, held.pixels[:n*px], held.classes[:n], nil, cuts, m.env.Counter("heads"))
	if err != nil {
		return nil, err
	}
	var losses []float64
	for _, w := range all {
		losses = append(losses, w.Loss)
	}
	r.Measured(losses)
	return r, nil
}
