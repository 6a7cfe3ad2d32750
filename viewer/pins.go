package viewer

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"genview/models/walk"
	"genview/models/watch"
)

// A pin is a point that the user chose: walks lead through pins.
type pin struct {
	watch.Point
	image *image.RGBA // nil until it has come
}

const (
	mostPins = 12
	pinSide  = 36 // of a pin's picture
	crossing = 13 // side of the corner that removes a pin
)

// find returns the points that a text names, in the form of [walk.Grammar], or by numbers of seeds alone.
func find(text string, l *watch.Latent) ([]walk.Stop, error) {
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text, "0123456789, -") == "" {
		kind := "seed:"
		if strings.ContainsAny(text, ",-") {
			kind = "seeds:"
		}
		text = kind + text
	}
	space := walk.Space{Z: l.Z, NoFiles: true, Most: mostPins, Direction: func(name string) ([]float32, error) {
		for _, a := range l.Axes {
			if a.Name == name {
				return a.Z, nil
			}
		}
		return nil, fmt.Errorf("there is no direction %q", name)
	}}
	return space.Stops(context.Background(), text)
}

// visit brings the user to the point that a text names. Several points become pins.
func (p *Latent) visit(text string, l *watch.Latent) {
	stops, err := find(text, l)
	if err != nil {
		_, p.problem, _ = strings.Cut(err.Error(), "\": ") // the field shows the text
		return
	}
	if len(stops) > 1 {
		for _, s := range stops {
			p.pin(watch.Point{Name: s.Name, Z: s.Z})
		}
	}
	p.goTo(watch.Point{Name: stops[0].Name, Z: stops[0].Z})
}

// goTo brings the user to a point beside the plane.
func (p *Latent) goTo(at watch.Point) {
	p.problem, p.where, p.walk.on = "", at.Name, false
	p.leave(at.Z)
}

// pin makes a point a pin, if there is room and it is none.
func (p *Latent) pin(at watch.Point) {
	if len(p.pins) < mostPins && !slices.ContainsFunc(p.pins, func(q pin) bool { return slices.Equal(q.Z, at.Z) }) {
		p.pins = append(p.pins, pin{Point: at})
		p.pinned++
	}
}

// here returns the point where the user is, as the controls place it.
func (p *Latent) here(l *watch.Latent) watch.Point {
	at := watch.Point{Name: "point", Z: p.placed(p.point(l))}
	if p.away != nil && p.where != "" && slices.Equal(at.Z, p.away) {
		at.Name = p.where
	}
	return at
}

// pinArea returns the area of pin i.
func (p *Latent) pinArea(q parts, i int) Rect {
	w := min(pinSide+4, q.pins.W/float64(len(p.pins)))
	return Rect{q.pins.X + float64(i)*w, q.pins.Y, w - 4, w - 4}
}

// cross returns the corner of a pin that removes it.
func cross(r Rect) Rect {
	side := min(crossing, r.W/2)
	return Rect{r.X + r.W - side, r.Y, side, side}
}

// usePins handles clicks on pins, and tells whether the panel has to be drawn again.
func (p *Latent) usePins(in Input, q parts) (redraw bool) {
	was := p.overPin
	p.overPin = -1
	for i := range p.pins {
		if r := p.pinArea(q, i); in.Over && r.Contains(in.Cursor) {
			p.overPin = i
		}
	}
	if i := p.overPin; in.Pressed && i >= 0 {
		if cross(p.pinArea(q, i)).Contains(in.Cursor) {
			p.pins = slices.Delete(p.pins, i, i+1)
			p.pinned++
			p.overPin = -1
		} else if p.mode == ofDirections {
			p.dirs.regroup(p.pins[i].Name)
		} else {
			p.goTo(p.pins[i].Point)
		}
		return true
	}
	return p.overPin != was
}

// drawPins draws the pins. The one under the cursor has a corner that removes it.
func (p *Latent) drawPins(c *Canvas, q parts) {
	for i, pin := range p.pins {
		r := p.pinArea(q, i)
		c.Fill(r, backColor)
		if pin.image != nil {
			c.Image(pin.image, r.Fit(float64(pin.image.Rect.Dx()), float64(pin.image.Rect.Dy())))
		}
		if g := p.dirs.groups[pin.Name]; g != ofNone && p.mode == ofDirections {
			c.Frame(r.Inset(-1), 2, curveColor(g))
		} else if p.away != nil && slices.Equal(p.away, pin.Z) {
			c.Frame(r.Inset(-1), 1, accentColor)
		}
		if i == p.overPin {
			x := cross(r)
			c.Fill(x, backColor)
			s := x.Inset(x.W / 3)
			c.Line([]Point{{s.X, s.Y}, {s.X + s.W, s.Y + s.H}}, 1.5, textColor)
			c.Line([]Point{{s.X + s.W, s.Y}, {s.X, s.Y + s.H}}, 1.5, textColor)
		}
	}
}

// visit brings the panels of latent spaces to the point of the picture that was clicked in a panel.
func (st *State) visit(p Panel, s *watch.Snapshot) (redraw bool) {
	q, ok := p.(*Pictures)
	if !ok || q.clicked == "" {
		return false
	}
	for _, p := range st.panels {
		if l, ok := p.(*Latent); ok && l.Shape(s) != Hidden {
			l.visit(q.clicked, l.view(s))
			redraw = true
		}
	}
	q.clicked = ""
	return redraw
}
