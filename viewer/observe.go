package viewer

import (
	"image"
	"slices"
	"time"
)

// A Frame is what the window shows at a time.
type Frame struct {
	Time   time.Time
	Labels []Label // the texts; nil if nothing was drawn anew
}

// A Label is a text in the window.
type Label struct {
	Text string          // the whole one, if there is room for a part only
	Area image.Rectangle // in pixels of the window
}

// observe tells who observes the window of a frame.
func (w *window) observe(now time.Time, drawn bool) {
	if w.options.Observe == nil {
		return
	}
	f := Frame{Time: now}
	if drawn {
		f.Labels = slices.Clone(w.brush.labels)
	}
	w.options.Observe(f)
}

// label keeps what is written where for the one who observes the window.
func (c *Canvas) label(s string, area Rect) {
	if full, ok := c.brush.longer[s]; ok {
		s = full
	}
	at := func(x, y float64) image.Point { return image.Pt(int(x*c.scale), int(y*c.scale)) }
	c.brush.labels = append(c.brush.labels, Label{s, image.Rectangle{at(area.X, area.Y), at(area.X+area.W, area.Y+area.H)}})
}
