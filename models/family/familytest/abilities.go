package familytest

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"genview/models/family"
	"genview/models/inspect"
	"genview/models/run"
	"genview/models/walk"
	"genview/models/watch"
	"genview/tensor"
)

// answers asks a model for each of its abilities.
func answers(t *testing.T, m family.Model, views []watch.View) {
	t.Helper()
	ctx, asked := t.Context(), 0
	ask := func(what string, err error) {
		asked++
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if m, ok := m.(family.Sampler); ok {
		img, err := m.Sample(ctx, 1, 3)
		if err == nil && img.Bounds().Empty() {
			err = errors.New("the picture is empty")
		}
		ask("Sample", err)
	}
	if m, ok := m.(family.Decoder); ok {
		ask("Draw", draws(ctx, m, make([]float32, 2*m.Z()), 2))
	}
	if m, ok := m.(family.DeviceDecoder); ok {
		ask("Decoding", decodes(ctx, m))
	}
	if m, ok := m.(family.Encoder); ok {
		c, h, w := m.Shape()
		z, err := m.Encode(ctx, make([]float32, 2*c*h*w))
		if err == nil {
			err = draws(ctx, m, z, 2)
		}
		ask("Encode", err)
	}
	if m, ok := m.(family.Opened); ok {
		for _, layer := range m.Layers() {
			v, err := m.Activations(ctx, layer, walk.Seed(1, 2*m.Z()))
			if err == nil && (len(v) == 0 || len(v)%2 != 0) {
				err = fmt.Errorf("two points have %d values", len(v))
			}
			ask("Activations of "+layer, err)
		}
	}
	if m, ok := m.(family.Finder); ok {
		ask("Find", finds(ctx, m))
	}
	if m, ok := m.(family.Classifier); ok {
		c, h, w := m.Shape()
		p, err := m.Classify(ctx, make([]float32, 2*c*h*w))
		if err == nil && len(p) != 2*len(m.Classes()) {
			err = errors.New("two pictures have another number of probabilities than classes twice")
		}
		ask("Classify", err)
	}
	if m, ok := m.(family.Evaluator); ok {
		measured, err := m.Evaluate(ctx, family.Evaluation{Examples: 64, Samples: 2})
		if err == nil {
			err = scores(measured)
		}
		ask("Evaluate", err)
	}
	if m, ok := m.(family.Measured); ok {
		ask("Measure", measures(ctx, m))
	}
	writes(ctx, m, views, ask)
	if asked == 0 {
		t.Error("the model can do nothing that one can ask for")
	}
}

// traces passes an example through the layers of a model that shows what they make. Each has parameters, and values that are numbers.
func traces(t *testing.T, s *run.Session) {
	t.Helper()
	m, ok := s.Model.(family.Traced)
	if !ok {
		return
	}
	trace := m.Trace()
	in, err := inspect.New(s.Runtime, s.Known(), trace)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	last := trace.Layers[len(trace.Layers)-1].Name
	in.Choose(last)
	v, err := in.Look(t.Context(), s.Step)
	if err != nil {
		t.Fatal(err)
	}
	if v.Problem != "" || v.Example == "" || len(v.Activations) != len(trace.Layers) {
		t.Errorf("of %d layers %d are shown, of the example %q (%s)", len(trace.Layers), len(v.Activations), v.Example, v.Problem)
	}
	for _, a := range v.Activations {
		if a.Values.Counts == nil || slices.Contains(a.Shape, 0) {
			t.Errorf("the layer %s makes %+v", a.Layer, a)
		}
	}
	if f := v.Features; f == nil || f.Layer != last || len(f.Values) == 0 {
		t.Errorf("all that the layer %s makes is %+v", last, f)
	}
}

// writes asks a model of texts for its abilities.
func writes(ctx context.Context, m family.Model, views []watch.View, ask func(what string, err error)) {
	if m, ok := m.(family.Reader); ok {
		ask("Attend", reads(ctx, m, views))
	}
	if m, ok := m.(family.Attentive); ok {
		ask("Examine", examines(ctx, m))
		ask("Ablate", ablates(ctx, m, views))
	}
	if m, ok := m.(family.Dissected); ok {
		ask("Dissect", dissects(ctx, m, views))
	}
	if m, ok := m.(family.Translator); ok {
		out, err := m.Translate(ctx, []string{"3 May 1998", "4 July 2001"})
		if err == nil && len(out) != 2 {
			err = errors.New("two texts become another number of them")
		}
		ask("Translate", err)
	}
	if m, ok := m.(family.Generator); ok {
		n := 0
		err := m.Generate(ctx, m.Opening(), 5, family.Sampling{Temperature: 1}, func(string) error { n++; return nil })
		if err == nil && n != 5 {
			err = errors.New("it goes on by another number of characters than was asked for")
		}
		ask("Generate", err)
		ask("go on", goesOn(ctx, m, views))
	}
}

// dissects asks for the stages of heads: further looks have them, until nothing is asked for. Their weights are those of the maps.
func dissects(ctx context.Context, of family.Dissected, views []watch.View) error {
	m, is := of.(family.Model)
	maps := watch.Find[*watch.HeatMaps](views, "Attention")
	if !is || maps == nil || len(maps.Maps) == 0 {
		return errors.New("no view has maps")
	}
	asks := []watch.Dissect{{Layer: maps.Maps[0].Name, Head: maps.Maps[0].Heads}, {}}
	for _, l := range maps.Maps {
		asks = append(asks, watch.Dissect{Layer: l.Name, Head: l.Heads - 1})
	}
	for _, ask := range append(asks, watch.Dissect{}) {
		if !m.Answer(ctx, ask) {
			return fmt.Errorf("%+v does not lead to a look", ask)
		}
		views, err := m.Look(ctx)
		if err != nil {
			return err
		}
		maps := watch.Find[*watch.HeatMaps](views, "Attention")
		if got := maps.Stages; (got != nil) != maps.Has(ask.Layer, ask.Head) {
			return fmt.Errorf("%+v leads to %+v", ask, got)
		}
		if maps.Stages == nil {
			continue
		}
		if err := isOf(maps, ask); err != nil {
			return fmt.Errorf("%+v: %w", ask, err)
		}
	}
	return nil
}

// isOf checks stages against the map of their head.
func isOf(maps *watch.HeatMaps, ask watch.Dissect) error {
	s := maps.Stages
	cells := len(s.Rows) * len(s.Cols)
	if s.Dissect != ask || s.Width == 0 || len(s.Scores) != cells || len(s.Masked) != cells || len(s.Weights) != cells || len(s.Values) != len(s.Rows)*s.Width {
		return fmt.Errorf("%d queries, %d keys, values of %d: the stages of %+v do not have that size", len(s.Rows), len(s.Cols), s.Width, s.Dissect)
	}
	for _, m := range maps.Maps {
		if m.Name != ask.Layer || len(m.Rows) != len(s.Rows) || len(m.Cols) != len(s.Cols) { // of a picture's map the rows are not queries
			continue
		}
		for i, want := range m.Head(ask.Head) {
			if math.Abs(float64(s.Weights[i]-want)) > 1e-5 || s.Masked[i] && want > 1e-6 {
				return fmt.Errorf("weight %d is %v, masked: %v; in the map it is %v", i, s.Weights[i], s.Masked[i], want)
			}
		}
	}
	return nil
}

// goesOn asks that a model goes on with the text whose attention is shown: further looks do, until nothing is asked for.
func goesOn(ctx context.Context, of family.Generator, views []watch.View) error {
	m, is := of.(family.Model)
	usual := watch.Find[*watch.HeatMaps](views, "Attention")
	if !is || usual == nil || usual.Prompt == nil || usual.Prompt.Next == nil || usual.Prompt.Drawn != (watch.Generate{}) {
		return errors.New("no view has a prompt with the next tokens, of which nothing was asked")
	}
	for _, ask := range []watch.Generate{{Temperature: 1, TopK: 2, Seed: 3, Tokens: 7}, {Tokens: 9}, {Temperature: 1, TopP: 1e-9, Tokens: watch.MostGenerated + 5}, {}} {
		if !m.Answer(ctx, ask) {
			return fmt.Errorf("%+v does not lead to a look", ask)
		}
		views, err := m.Look(ctx)
		if err != nil {
			return err
		}
		got := watch.Find[*watch.HeatMaps](views, "Attention").Prompt
		sum := 0.0
		for _, n := range got.Next {
			sum += n.P
		}
		if got.Drawn != ask {
			return fmt.Errorf("%+v leads to %+v", ask, got.Drawn)
		}
		if ask == (watch.Generate{}) {
			if got.Output != usual.Prompt.Output || len(got.Next) != len(usual.Prompt.Next) {
				return fmt.Errorf("after nothing is asked for, the model says %q with %d next tokens, not %q with %d", got.Output, len(got.Next), usual.Prompt.Output, len(usual.Prompt.Next))
			}
			continue
		}
		most := 1 // the likeliest has all
		if ask.TopK > 0 {
			most = ask.TopK
		}
		if n := len([]rune(got.Output)); n != min(ask.Tokens, watch.MostGenerated) || len(got.Next) != most || math.Abs(sum-1) > 1e-9 {
			return fmt.Errorf("%+v leads to %d characters, and %d next tokens with %v in sum", ask, n, len(got.Next), sum)
		}
	}
	return nil
}

// draws decodes latent vectors, and checks the number and the shape of the pictures.
func draws(ctx context.Context, m family.Decoder, z []float32, n int) error {
	images, err := m.Draw(ctx, z)
	if err != nil {
		return err
	}
	_, h, w := m.Shape()
	if len(images) != n || images[0].Bounds() != image.Rect(0, 0, w, h) {
		return errors.New("pictures have another number or size than was asked for")
	}
	return nil
}

// decodes decodes a latent vector on the device.
func decodes(ctx context.Context, m family.DeviceDecoder) error {
	d, err := m.Decoding(1)
	if err != nil {
		return err
	}
	defer d.Close()
	c, h, w := m.Shape()
	if got, want := d.Pictures.Shape(), []int{1, c, h, w}; !slices.Equal(got, want) || d.Z.Len() != m.Z() {
		return fmt.Errorf("%d numbers become a picture %v, want %d and %v", d.Z.Len(), got, m.Z(), want)
	}
	return errors.Join(d.Run(ctx, tensor.Feed{d.Z: make([]float32, m.Z())}), d.Wait(ctx))
}

// finds searches for the latent vector of a picture that the model drew: its picture must be far nearer than those that it begins from.
func finds(ctx context.Context, m family.Finder) error {
	hidden := walk.Seed(99, m.Z())
	images, err := m.Draw(ctx, hidden)
	if err != nil {
		return err
	}
	c, h, w := m.Shape()
	values := func(img *image.RGBA) []float32 {
		v := make([]float32, c*h*w)
		for i := range v {
			v[i] = float32(img.Pix[i%(h*w)*4+i/(h*w)]) / 255
		}
		return v
	}
	picture := values(images[0])
	_, before, err := m.Find(ctx, picture, family.Search{Starts: 4, Steps: 1})
	if err != nil {
		return err
	}
	z, after, err := m.Find(ctx, picture, family.Search{Starts: 4, Steps: 150})
	if err != nil {
		return err
	}
	if len(z) != m.Z() || !(after < before/4 || after < 1e-5) { // 1e-5: what rounding to 8 bits leaves
		return fmt.Errorf("the search found %d numbers, and the mean squared difference fell from %v to %v", len(z), before, after)
	}
	if images, err = m.Draw(ctx, z); err != nil {
		return err
	}
	sum := 0.0
	for i, v := range values(images[0]) {
		sum += float64(v-picture[i]) * float64(v-picture[i]) / float64(len(picture))
	}
	if math.Abs(math.Sqrt(sum)-math.Sqrt(after)) > 2e-3 { // half a level of 255
		return fmt.Errorf("the picture that was found differs by %v squared, and the search says %v", sum, after)
	}
	var heard []int
	_, _, err = m.Find(ctx, picture, family.Search{Starts: 4, Steps: 150, Time: 1, Heard: func(done, _ int) { heard = append(heard, done) }})
	if err == nil && !slices.Equal(heard, []int{1}) {
		err = fmt.Errorf("a search of a nanosecond ends after the steps %v", heard)
	}
	return err
}

// reads has the model read the prompt of a view again.
func reads(ctx context.Context, m family.Reader, views []watch.View) error {
	for _, v := range views {
		maps, ok := v.(*watch.HeatMaps)
		if !ok || maps.Prompt == nil {
			continue
		}
		again, err := m.Attend(ctx, maps.Prompt.Text)
		if err == nil && len(again.Maps) == 0 {
			err = errors.New("there are no maps")
		}
		return err
	}
	return errors.New("no view has a prompt")
}

// examines measures the model without each of its heads.
func examines(ctx context.Context, m family.Attentive) error {
	r, err := m.Examine(ctx, family.Evaluation{Examples: 2})
	if err == nil && (len(r.Heads) == 0 || !(r.Loss > 0) || r.Heads[0].Zero == r.Loss || r.Heads[0].Mean == r.Loss) {
		err = fmt.Errorf("without heads the loss does not change: %v", r)
	}
	return err
}

// ablates asks for what the model does without a head: further looks tell it, until nothing is asked for.
func ablates(ctx context.Context, of family.Attentive, views []watch.View) error {
	m, is := of.(family.Model)
	maps := watch.Find[*watch.HeatMaps](views, "Attention")
	if !is || maps == nil || len(maps.Maps) == 0 || maps.Maps[0].Scores == nil {
		return errors.New("no view has maps with scores")
	}
	last := maps.Maps[len(maps.Maps)-1]
	for _, ask := range []watch.Ablate{{Layer: last.Name, Head: last.Heads - 1, Mean: true}, {Layer: last.Name, Head: last.Heads}, {}} {
		if !m.Answer(ctx, ask) {
			return fmt.Errorf("%v does not lead to a look", ask)
		}
		views, err := m.Look(ctx)
		if err != nil {
			return err
		}
		got := watch.Find[*watch.HeatMaps](views, "Attention").Cut
		if !maps.Has(ask.Layer, ask.Head) {
			if got != nil {
				return fmt.Errorf("%v, which there is not, leads to %v", ask, got)
			}
			continue
		}
		if got == nil || got.Ablate != ask || !(got.Lost > 0) || got.Lost == got.Loss || (got.Next == nil) != (maps.Prompt.Next == nil) {
			return fmt.Errorf("%v leads to %+v", ask, got)
		}
	}
	return nil
}
