package viewer

import (
	"errors"
	"testing"

	"genview/models/watch"
)

// TestDroppedPicture: a picture that is dropped, or whose file is typed, is asked for; its progress is said; its point becomes a pin where the
// user goes. A file that is no picture is said to be none, and the answer for a former one is dropped.
func TestDroppedPicture(t *testing.T) {
	d := newDesk(t, directed())
	_, p := panel[*Latent](d)
	drop := func(path string) watch.Locate {
		t.Helper()
		d.take()
		d.e.Dropped = []string{path}
		d.tick()
		d.e.Dropped = nil
		ask, ok := asked[watch.Locate](d)
		if !ok || ask.Path != path || ask.Step >= 0 {
			t.Fatalf("asked for %+v, %v", ask, ok)
		}
		return ask
	}
	first := drop("/a/notes.txt")
	second := drop("/a/b.png")
	first.Reply(nil, errors.New("another picture was given"))
	if d.tick(); p.problem != "" {
		t.Errorf("of a former picture is said %q", p.problem)
	}
	second.Heard(30, 300)
	if d.tick(); p.locating.says() != "looking for b.png: 30 of 300 steps" {
		t.Errorf("of a search is said %q", p.locating.says())
	}
	second.Reply(&watch.Located{Z: []float32{1, 2, 3}, MSE: 0.0123}, nil)
	if d.tick(); !near(p.away, []float32{1, 2, 3}) || len(p.pins) != 1 || p.where != "b.png, error 0.012" || p.locating.says() != "" {
		t.Errorf("found: at %v, %q with %d pins, and %q is said", p.away, p.where, len(p.pins), p.locating.says())
	}
	drop("/a/notes.txt").Reply(nil, errors.New("notes.txt cannot be read: it is no picture"))
	if d.tick(); p.problem == "" {
		t.Error("nothing is said of a file that is no picture")
	}
	d.press(func(q parts) Rect { text, _ := fieldRow(q.rows[2]); return text })
	d.e.Typed = `image:"/a/c d.png"`
	d.tick()
	d.e.Keys.Enter = true
	d.tick()
	if ask, ok := asked[watch.Locate](d); !ok || ask.Path != "/a/c d.png" {
		t.Errorf("typed: asked for %+v, %v", ask, ok)
	}
}
