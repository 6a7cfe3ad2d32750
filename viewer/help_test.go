package viewer

import (
	"math"
	"strings"
	"testing"

	"genview/models/watch"
)

// TestHelp opens the list of keys and closes it in every way. A click that closes it does nothing else, and a ? in a text is a character.
func TestHelp(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Curves](d)
	boxes := p.legendBoxes(d.size(i), curves(d.s))
	for _, close := range []func(){
		func() { d.e.Typed = "?"; d.tick() },
		func() { d.e.Keys.Escape = true; d.tick(); d.e.Keys.Escape = false },
		func() { d.click(Point{d.places[i].X + boxes[0].X + 5, d.places[i].Y + boxes[0].Y + 5}) },
	} {
		d.e.Typed = "?"
		if redraw := d.tick(); !redraw || !d.help {
			t.Fatalf("? opens the list: %v, and draws it: %v", d.help, redraw)
		}
		if close(); d.help {
			t.Error("the list stays open")
		}
	}
	if len(p.hidden) > 0 {
		t.Errorf("the click hid %v", p.hidden)
	}
	d = newDesk(t, dates())
	k, maps := panel[*HeatMaps](d)
	d.click(d.middle(k, maps.areas(d.size(k)).field))
	d.e.Typed = "why?"
	if d.tick(); d.help || !strings.HasSuffix(maps.field.text, "why?") {
		t.Errorf("with ? in a text the list is open: %v, and the text is %q", d.help, maps.field.text)
	}
}

// TestHelpHasAllKeys: the list names the key of every button.
func TestHelpHasAllKeys(t *testing.T) {
	s := snapshot()
	s.Past = &watch.Past{Steps: []int{1, 2, 3}, Shown: -1}
	d := newDesk(t, s)
	all := ""
	for _, part := range d.helps() {
		for _, h := range part.hints {
			all += " " + h.keys + " "
		}
	}
	_, c := panel[*Curves](d)
	_, l := panel[*Latent](d)
	_, status := panel[*Status](d)
	for _, b := range []button{c.scale, c.all, c.times, c.export, l.tools.stroll, l.tools.other, l.tools.add, l.tools.keep, l.tools.copy, l.dirs.find, status.save, d.time.play, d.time.cut} {
		if b.key == 0 || !strings.Contains(all, " "+strings.ToUpper(string(b.key))+" ") {
			t.Errorf("the list has no %q: %s", b.key, all)
		}
	}
}

// TestHeading: the title of the window says where the run is.
func TestHeading(t *testing.T) {
	s := snapshot()
	if got, want := heading(s, "genview"), "letters, step 1,240 of 5,000 – genview"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := heading(&watch.Snapshot{State: watch.Choosing, Title: "genview", Step: 3}, "genview"); got != "genview – ? shows the keys" {
		t.Errorf("without a run it is %q", got)
	}
}

// TestZoomOfWindows: text grows with large windows and by keys, and a window is never taken for a smaller one than panels can do with.
func TestZoomOfWindows(t *testing.T) {
	for _, c := range []struct{ w, h, user, want float64 }{
		{640, 480, 1, 1},
		{1280, 800, 1, 1},
		{1920, 1080, 1, 1},
		{2560, 1440, 1, 1.25},
		{3840, 2160, 1, 2},
		{3840, 2160, 0.5, 1},
		{1280, 800, 2, 5.0 / 3},
		{640, 480, 4, 1},
		{640, 480, 0.5, 0.5},
		{10, 10, 1, 1},
	} {
		if got := zoomOf(madeForPanels, c.w, c.h, c.user); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("a window of %v by %v and a factor of %v: got %v, want %v", c.w, c.h, c.user, got, c.want)
		}
	}
	if got := zoomOf(madeFor(choosing()), 3840, 2160, 1); got != 2.75 {
		t.Errorf("the start page of a large screen is drawn %v times larger, want 2.75", got)
	}
	user := 1.0
	for range 100 {
		user = resized(user, 1)
	}
	for range 3 {
		user = resized(user, -1)
	}
	if !(user < 4 && user > 2) || resized(user, 0) != 1 {
		t.Errorf("after many keys the factor is %v", user)
	}
}
