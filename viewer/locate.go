package viewer

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"genview/models/watch"
)

// locating is the search for the point of a picture that the user gave.
type locating struct {
	path        string // of the picture; "": none is looked for
	count       int    // of pictures that were given
	done, steps int    // of a search
	heard       atomic.Pointer[[3]int]
	answer      atomic.Pointer[located]
}

// located is the answer for the picture of that count.
type located struct {
	*watch.Located
	err   error
	count int
}

// imagePrefix begins a text that names a picture file, as in package walk.
const imagePrefix = "image:"

// locate asks for the point of a picture file.
func (p *Latent) locate(path string, s *watch.Snapshot) watch.Locate {
	m := &p.locating
	m.path, m.done, m.steps, p.problem = path, 0, 0, ""
	m.count++
	step, count := -1, m.count
	if replayed(s) {
		step = s.Past.Weights
	}
	return watch.Locate{
		Path: path, Step: step,
		Heard: func(done, of int) { m.heard.Store(&[3]int{count, done, of}) },
		Reply: func(l *watch.Located, err error) { m.answer.Store(&located{l, err, count}) },
	}
}

// found brings the user to the picture that was found, and tells whether the panel has to be drawn again.
func (p *Latent) found() (redraw bool) {
	m := &p.locating
	if h := m.heard.Swap(nil); h != nil && h[0] == m.count && m.path != "" {
		m.done, m.steps, redraw = h[1], h[2], true
	}
	a := m.answer.Swap(nil)
	if a == nil || a.count != m.count {
		return redraw
	}
	name := filepath.Base(m.path)
	m.path = ""
	if a.err != nil {
		p.problem = a.err.Error()
		return true
	}
	at := watch.Point{Name: fmt.Sprintf("%s, error %.2g", name, a.MSE), Z: a.Z}
	p.pin(at)
	p.goTo(at)
	return true
}

// says tells how far a search is; "": there is none.
func (m *locating) says() string {
	switch {
	case m.path == "":
		return ""
	case m.steps == 0:
		return "looking for " + filepath.Base(m.path) + " …"
	}
	return fmt.Sprintf("looking for %s: %d of %d steps", filepath.Base(m.path), m.done, m.steps)
}

// given returns the request for a picture that was dropped on the window, or whose file is named in the field of seeds.
func (p *Latent) given(in Input, s *watch.Snapshot) (ask []watch.Request) {
	if len(in.Dropped) > 0 && exportable(s) {
		ask = append(ask, p.locate(in.Dropped[0], s))
	}
	return ask
}

// typedFile returns the path of a text that names a picture file alone.
func typedFile(text string) (path string, ok bool) {
	path, ok = strings.CutPrefix(strings.TrimSpace(text), imagePrefix)
	return strings.Trim(path, `"`), ok && path != ""
}

// drawSearch draws how far a search is, along the lower edge of the point's picture.
func (p *Latent) drawSearch(c *Canvas, r Rect) {
	if m := &p.locating; m.path != "" && m.steps > 0 {
		c.Fill(Rect{r.X, r.Y + r.H - 4, r.W, 4}, faded(backColor, 0.7))
		c.Fill(Rect{r.X, r.Y + r.H - 4, r.W * float64(m.done) / float64(m.steps), 4}, accentColor)
	}
}
