package viewer

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// beginning is a start page with all choices and runs of all kinds.
func beginning() *watch.Snapshot {
	s := choosing()
	s.Choices = append(s.Choices,
		watch.Choice{Name: "classifier", Title: "Letters told by a network", About: "A convolutional network learns which letter it sees. Watch which ones it takes for which."},
		watch.Choice{Name: "vit", Title: "Letters told by a Transformer", About: "A Vision Transformer learns which letter it sees, patch by patch. See which patches each of its heads looks at."},
		watch.Choice{Name: "text", Title: "A text by a GPT", About: "Drop a text on the window: a GPT learns to write like it, letter by letter. Write a beginning, and see how it goes on."},
	)
	samples := watch.Find[*watch.Pictures](snapshot().Views, "Samples")
	s.Recent = []watch.Recent{
		{Dir: "runs/letters", Model: "MLP VAE", Step: 1240, Steps: 5000, Shows: samples},
		{Dir: "runs/a-run-with-a-name-that-is-much-too-long", Model: "GAN of points", Step: 12000, Steps: 12000, Shows: watch.Find[*watch.Scatter](grid().Views, "Points")},
		{Dir: "runs/dates", Model: "Transformer", Step: 1200, Steps: 1200, Shows: maps(dates())},
		{Dir: "runs/shakespeare", Model: "GPT", Step: 2000, Steps: 2000, Shows: watch.Find[*watch.Texts](verse().Views, "Sample")},
		{Dir: "runs/bare", Model: "ViT", Step: 3, Steps: 6000},
	}
	for i := range s.Choices {
		s.Choices[i].Settings = []watch.Setting{
			{Key: "steps", Value: "2000", Meaning: "number of training steps in all (at least 1)"},
			{Key: "batch", Value: "128", Meaning: "examples per step (at least 1)"},
			{Key: "optim.lr", Value: "0.001", Meaning: "learning rate; with a schedule, its peak (above 0)"},
			{Key: "model.hidden", Value: "400", Meaning: "mlp: units of the hidden layers; conv: channels at half the pictures' size (at least 1)"},
		}
	}
	return s
}

// TestStartPageLiesApart: cards and tiles lie in the page and apart from each other, and cards can be read.
func TestStartPageLiesApart(t *testing.T) {
	for _, size := range []Point{{640, 480}, {800, 600}, {1280, 800}, {1707, 960}, {1920, 1080}, {700, 1400}} {
		for n := 1; n <= 9; n++ {
			for runs := range 7 {
				p := &Start{tiles: make([]button, runs)}
				inner := Point{size.X - 2*gap, size.Y - 2*gap}
				var all []Rect
				for i := range n {
					all = append(all, p.card(inner, i, n))
				}
				for i := range runs {
					if r, ok := p.tile(inner, i, runs); ok {
						all = append(all, r)
					}
				}
				for i, a := range all {
					if a.X < 0 || a.Y < 0 || a.X+a.W > inner.X+0.01 || a.Y+a.H > inner.Y+0.01 || a.W < 150 || a.H < 30 {
						t.Fatalf("%d cards and %d tiles in %v: number %d lies at %v", n, runs, size, i, a)
					}
					for _, b := range all[:i] {
						if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
							t.Fatalf("%d cards and %d tiles in %v: %v covers %v", n, runs, size, a, b)
						}
					}
				}
			}
		}
	}
}

// TestStartPageAsks: a click on a run opens it, once; a dropped folder becomes the data, and Escape takes that back; a message lets the user
// choose again.
func TestStartPageAsks(t *testing.T) {
	d := newDesk(t, beginning())
	i, p := panel[*Start](d)
	want := func(when string, want ...watch.Request) {
		t.Helper()
		if got := d.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: asked for %v, want %v", when, got, want)
		}
	}
	second, ok := p.tile(d.size(i), 1, len(d.s.Recent))
	if !ok {
		t.Fatal("there is no room for the second run")
	}
	d.e.Dropped = []string{"/pictures", "/others"}
	d.tick()
	d.e.Dropped = nil
	want("dropped", watch.Learn{Path: "/pictures"})
	d.strikes(Keys{Escape: true})
	want("Escape without data")
	s := *d.s
	s.Learns = "/pictures"
	d.s = &s
	d.strikes(Keys{Escape: true})
	want("Escape", watch.Learn{})
	d.click(d.middle(i, second))
	d.click(d.middle(i, second))
	want("two clicks", watch.Open{Dir: d.s.Recent[1].Dir})
	d.e.Dropped = []string{"/late"}
	d.tick()
	d.e.Dropped = nil
	want("dropped while a run opens")
	failed := *d.s
	failed.Message = "the run is damaged"
	d.s = &failed
	d.tick()
	d.e.Typed = "7"
	d.tick()
	want("after a message", watch.Choose{Name: "text"})
}

// TestRecentRunsSayHowFarTheyAre names what is unfinished.
func TestRecentRunsSayHowFarTheyAre(t *testing.T) {
	for _, c := range []struct {
		step, steps int
		want        string
	}{{1240, 5000, "unfinished: 1,240 of 5,000"}, {5000, 5000, "5,000 steps"}, {6000, 5000, "6,000 steps"}, {7, 0, "7 steps"}} {
		if got := progressOf(watch.Recent{Step: c.step, Steps: c.steps}); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.step, c.steps, got, c.want)
		}
	}
}

// TestParagraphsAreCutWithAnEllipsis draws a text that is too long for its area, and one that is not.
func TestParagraphsAreCutWithAnEllipsis(t *testing.T) {
	long := strings.Repeat("many words ", 30)
	got := drawn(t, Point{420, 60}, 1, func(c *Canvas) {
		c.Fill(Rect{0, 0, 420, 60}, panelColor)
		c.paragraph(long, Rect{5, 5, 200, 45}, Text{Size: 14, Color: textColor})
		c.paragraph("two words", Rect{215, 5, 200, 45}, Text{Size: 14, Color: textColor})
	})
	compare(t, "paragraphs", got)
}

// formed is a start page with the form of the first choice open.
func formed(t *testing.T) (*desk, *Start) {
	t.Helper()
	d := newDesk(t, beginning())
	d.tick()
	return d, opens(d)
}

// opens opens the form of the first choice.
func opens(d *desk) *Start {
	i, p := panel[*Start](d)
	d.click(d.middle(i, tool(p.card(d.size(i), 0, len(d.s.Choices)))))
	return p
}

// TestSettingsBeforeTheStart: the form asks at once what the training needs, and anew after each change; it begins with the changed settings,
// also with one that is still being written, and says why it cannot.
func TestSettingsBeforeTheStart(t *testing.T) {
	d, p := formed(t)
	want := func(when string, want ...watch.Request) {
		t.Helper()
		if got := d.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: asked for %#v, want %#v", when, got, want)
		}
	}
	d.tick()
	want("opened", watch.Weigh{Name: "vae"})
	says := func(when, part string, problem bool) {
		t.Helper()
		if text, wrong := p.form.needs(d.s); !strings.Contains(text, part) || wrong != problem {
			t.Errorf("%s: it says %q, a problem: %v", when, text, wrong)
		}
	}
	answer := func(n watch.Needs) {
		s := *d.s
		s.Needs = n
		d.s = &s
		d.tick()
	}
	says("not answered", "finding out", false)
	answer(watch.Needs{Name: "vae", Device: "llvmpipe", Memory: 12 << 20, Steps: 2000, StepSeconds: 0.03, Run: "runs/letters"})
	says("answered", "12.0 MiB of llvmpipe  ·  about 1:00 at the pace of runs/letters", false)
	write := func(row int, text string) {
		i, _ := panel[*Start](d)
		d.e.Now = d.e.Now.Add(time.Second)
		d.click(d.middle(i, value(p.form.parts(d.size(i)).rows[row])))
		d.e.Typed = text
		d.tick()
	}
	write(0, "100")
	for range 30 {
		d.tick()
	}
	want("after a change", watch.Weigh{Name: "vae", Set: "steps=100"})
	says("changed", "finding out", false)
	answer(watch.Needs{Name: "vae", Set: "steps=100", Device: "llvmpipe", Memory: 12 << 20, Steps: 100})
	says("without an earlier run", "12.0 MiB of llvmpipe", false)
	write(1, "0")
	d.strikes(Keys{Enter: true})
	want("Enter ends the writing", watch.Weigh{Name: "vae", Set: "steps=100\nbatch=0"})
	answer(watch.Needs{Name: "vae", Set: "steps=100\nbatch=0", Problem: "batch is 0 and must be at least 1"})
	says("a wrong value", "batch is 0", true)
	write(1, "64")
	i, _ := panel[*Start](d)
	d.click(d.middle(i, p.form.parts(d.size(i)).train))
	if got := d.take(); !reflect.DeepEqual(got[len(got)-1], watch.Choose{Name: "vae", Set: "steps=100\nbatch=64"}) {
		t.Errorf("Train while a value is written: asked for %#v", got)
	}
	s := *d.s
	s.Message = "the disk is full"
	d.s = &s
	d.tick()
	says("it could not begin", "the disk is full", true)
	d.strikes(Keys{Escape: true})
	if _, open := p.form.choice(d.s); open {
		t.Error("Escape does not close the form")
	}
}

// TestSizesAreShort formats sizes of memory.
func TestSizesAreShort(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1 << 10: "1.0 KiB", 12<<20 + 1<<19: "12.5 MiB", 1000 << 20: "1.0 GiB", 300 << 30: "300 GiB"} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
