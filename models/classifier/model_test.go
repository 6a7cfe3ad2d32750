package classifier

import (
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/data"
	"genview/models/family"
	"genview/models/optim"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// halves returns a model after 40 steps on pictures with a bright half, every second of which has the wrong class name.
func halves(t *testing.T, rt *tensor.Runtime, s *Settings) family.Model {
	t.Helper()
	s.Data.Name, s.Data.Size, s.Data.Shift, s.Data.Classes, s.Model.Hidden = "glyphs", 8, 0, "left/right", 4
	s.Optim.AdamSettings = optim.AdamSettings{LR: 1e-2, Beta1: 0.9, Beta2: 0.99}
	s.Optim.Warmup, s.Optim.Decay = 0, 0
	built, err := s.Build(t.Context(), family.Env{Runtime: rt, Seed: 1, Steps: 40, Batch: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(built.Close)
	m, ok := built.(*model)
	if v, is := built.(*vitModel); is {
		m, ok = v.model, true
	}
	if !ok {
		t.Fatalf("a %T was built", built)
	}
	m.set = &data.Dataset{Train: set(320), Test: set(50), Classes: []string{"left", "right"}}
	if what, err := m.Begin(t.Context(), 0); err != nil || what != "320 pictures of 2 classes" {
		t.Fatalf("it learns from %q (%v)", what, err)
	}
	return built
}

// TestViews: a look shows what held-out pictures were taken for, the hardest first in their view, and how well that went is a metric from
// then on.
func TestViews(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	t.Cleanup(rt.Close)
	m := halves(t, rt, preset(CNNDefaults(), 1e-2, 40)).(*model)
	look := func() []watch.View {
		views, err := m.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return views
	}
	for range 40 {
		if err := m.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	views := look()
	if all, err := m.Measure(t.Context()); err != nil || len(all) != 2 || all[0].Value > 0.5 || all[1] != (watch.Metric{Name: "held_out_accuracy", Value: 1}) {
		t.Errorf("held out, it measures %v (%v)", all, err)
	}
	if table := watch.Find[*watch.Table](views, "Held-out measures"); table.Rows[0][1] != "100.0 % of 50" {
		t.Errorf("the measures are %q", table.Rows)
	}
	confusion := watch.Find[*watch.HeatMaps](views, "Confusion")
	if got := confusion.Maps[0]; !slices.Equal(got.Values, []float32{1, 0, 0, 1}) || !slices.Equal(got.Rows, m.classes) {
		t.Errorf("the confusion is %+v", got)
	}
	held, hardest := watch.Find[*watch.Pictures](views, "Held-out pictures"), watch.Find[*watch.Pictures](views, "Hardest")
	if len(held.Images) != shown || len(hardest.Images) != shown || slices.Contains(held.Marks, watch.Wrong) {
		t.Errorf("%d and %d pictures, marked %v", len(held.Images), len(hardest.Images), held.Marks)
	}
	for i, caption := range held.Captions {
		if want := m.classes[m.held.classes[i]]; caption != want {
			t.Errorf("picture %d is captioned %q, want %q", i, caption, want)
		}
	}
	m.held.classes[7] ^= 1 // is called wrongly: it becomes the hardest, and is marked
	hardest = watch.Find[*watch.Pictures](look(), "Hardest")
	want := m.classes[m.held.classes[7]^1] + ", not " + m.classes[m.held.classes[7]]
	if hardest.Marks[0] != watch.Wrong || hardest.Marks[1] != watch.Right || hardest.Captions[0] != want || !slices.Equal(hardest.Images[0].Pix, held.Images[7].Pix) {
		t.Errorf("the hardest is captioned %q and marked %v, want %q", hardest.Captions[0], hardest.Marks[0], want)
	}
	if m.Answer(t.Context(), watch.Attend{Text: "2"}) {
		t.Error("a network without attention attends")
	}
}

// TestAttendedPicture: a Vision Transformer attends to a held-out picture by its number, and to a file by its path; for any other text it
// says what is wrong.
func TestAttendedPicture(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	t.Cleanup(rt.Close)
	s := preset(ViTDefaults(), 1e-2, 40)
	s.Model.Patch, s.Model.Width, s.Model.Heads, s.Model.Layers = 4, 16, 2, 1
	m := halves(t, rt, s).(*vitModel)
	attend := func(text string) (*watch.HeatMaps, *watch.Pictures) {
		if text != "" && !m.Answer(t.Context(), watch.Attend{Text: text}) {
			t.Fatal("it does not attend")
		}
		views, err := m.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return watch.Find[*watch.HeatMaps](views, "Attention"), watch.Find[*watch.Pictures](views, "Attended picture")
	}
	first, over := attend("")
	if first.Prompt.Text != "1" || first.Prompt.Problem != "" || !slices.Contains(m.classes, first.Prompt.Output) || len(first.Maps) != 1 || len(first.Maps[0].Values) != 2*2*2 {
		t.Errorf("at first it attends to %+v: %+v", first.Prompt, first.Maps)
	}
	if len(over.Images) != 2 || over.Images[0].Rect.Dx() != 8*magnified || over.Captions[1] != "L1 H2" {
		t.Errorf("%d pictures, captioned %q", len(over.Images), over.Captions)
	}
	second, _ := attend("2")
	if slices.Equal(second.Maps[0].Values, first.Maps[0].Values) {
		t.Error("it attends to all pictures alike")
	}
	path := filepath.Join(t.TempDir(), "second.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, data.Images(m.held.pixels[64:128], 1, 8, 8)[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	file, _ := attend(path)
	for i, v := range file.Maps[0].Values { // whose pixels were rounded to bytes
		if d := v - second.Maps[0].Values[i]; d > 0.01 || d < -0.01 {
			t.Errorf("place %d of a file gets %v, and %v in the set", i, v, second.Maps[0].Values[i])
		}
	}
	for text, want := range map[string]string{"51": "there is no picture 51: give 1 to 50", "0": "there is no picture 0", "none.png": "none.png cannot be read"} {
		if maps, over := attend(text); !strings.Contains(maps.Prompt.Problem, want) || maps.Prompt.Text != text || maps.Maps != nil || over != nil {
			t.Errorf("%q: got %+v, want the problem %q", text, maps.Prompt, want)
		}
	}
}

// TestDiverged: logits that are NaN are counted, too, so that the loop can report what became of the loss.
func TestDiverged(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, logits := range [][]float32{{nan, nan}, {inf, inf}, {-inf, -inf}, {inf, 0}} {
		sum := newTally(2)
		sum.add(logits, 1)
		if e := sum.result(); e.Examples != 1 {
			t.Errorf("%v: %+v", logits, e)
		}
	}
}
