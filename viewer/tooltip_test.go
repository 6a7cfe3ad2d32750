package viewer

import (
	"testing"
)

// TestShortenedTextsAreShownWhole: the whole text is found where a shortened one is drawn, whatever shortened it and in whatever part of the
// window, and nowhere else; what covers it hides it.
func TestShortenedTextsAreShownWhole(t *testing.T) {
	const long, short = "a text that is much too long for its place", "brief"
	drawn(t, Point{400, 200}, 2, func(c *Canvas) {
		style := Text{Size: 14, Color: textColor}
		in := c.Sub(Rect{100, 50, 300, 150})
		in.Text(in.Shorten(long, style, 100), Point{10, 20}, style)
		in.Text(in.cut(long, style, 100), Point{10, 60}, style)
		in.Text(in.tail(long, style, 100), Point{10, 100}, style)
		in.Text(in.Shorten(short, style, 100), Point{200, 20}, style)
		style.Align = Right
		c.Text(c.Shorten(long, style, 90), Point{100, 180}, style)
		for _, w := range []struct {
			at   Point
			want string
		}{
			{Point{120, 70}, long},
			{Point{120, 110}, long},
			{Point{120, 150}, long},
			{Point{60, 180}, long},
			{Point{310, 70}, ""},
			{Point{230, 70}, ""},
			{Point{120, 90}, ""},
			{Point{105, 180}, ""},
			{Point{5, 5}, ""},
		} {
			if got := c.brush.under(w.at); got != w.want {
				t.Errorf("at %v: %q, want %q", w.at, got, w.want)
			}
		}
		c.cover()
		if got := c.brush.under(Point{120, 70}); got != "" {
			t.Errorf("what is covered is found: %q", got)
		}
	})
}
