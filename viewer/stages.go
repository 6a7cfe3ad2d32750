package viewer

import (
	"fmt"
	"image"
	"math"

	"genview/models/watch"
)

// inside shows the stages of a head's attention side by side.
type inside struct {
	asked   watch.Dissect // the newest that was asked for
	shown   *watch.Stages
	painted *watch.Stages // of which the pictures are
	theme   Theme
	drawn   [stageCount]*image.RGBA
	most    [stageCount]float64 // the greatest absolute value of each
	stage   int                 // under the cursor
	hover   spot                // of that stage
	over    bool                // the cursor is on a stage
}

const stageCount = 4

var stageNames = [stageCount]string{"Q·K/√D", "masked", "softmax", "weighted values"}

// table returns the values of a stage [rows, width], and which of them are masked, if any are.
func table(s *watch.Stages, stage int) (values []float32, masked []bool, width int) {
	switch stage {
	case 0:
		return s.Scores, nil, len(s.Cols)
	case 1:
		return s.Scores, s.Masked, len(s.Cols)
	case 2:
		return s.Weights, s.Masked, len(s.Cols)
	}
	return s.Values, nil, s.Width
}

// signed returns a colour for a value from −1 to 1: 0 is nearly the colour of a panel, and negative ones have a colour of their own.
func signed(v float64) Color {
	if v >= 0 {
		return heat(v)
	}
	return mix(heat(0), alertColor, math.Pow(-v, 0.7))
}

// look takes the stages of a view.
func (p *inside) look(v *watch.HeatMaps) { p.shown = v.Stages }

// paint draws the stages once.
func (p *inside) paint(theme Theme) {
	if p.shown == nil || p.shown == p.painted && theme == p.theme {
		return
	}
	p.painted, p.theme = p.shown, theme
	both, shares, masks := newPalette(theme, signed), newPalette(theme, share), backColor[theme]
	for k := range p.drawn {
		values, masked, width := table(p.shown, k)
		most := 1e-9
		for i, v := range values {
			if a := math.Abs(float64(v)); (masked == nil || !masked[i]) && a > most && !math.IsInf(a, 1) {
				most = a
			}
		}
		img := image.NewRGBA(image.Rect(0, 0, width, len(p.shown.Rows)))
		for i, v := range values {
			c := masks
			switch {
			case masked != nil && masked[i]:
			case k == 2:
				c = shares.at(float64(v) / most)
			case v == v: // a number
				c = both.at(float64(v) / most)
			}
			img.SetRGBA(i%width, i/width, c)
		}
		p.drawn[k], p.most[k] = img, most
	}
}

// places returns where the stages lie: in a row, or two by two in an area that is not wide.
func (p *inside) places(r Rect) (all [stageCount]Rect) {
	cols := stageCount
	if r.W < 1.6*r.H {
		cols = 2
	}
	rows := float64(stageCount / cols)
	w, h := (r.W-12*float64(cols-1))/float64(cols), (r.H-12*(rows-1))/rows
	for k := range all {
		at := Rect{r.X + float64(k%cols)*(w+12), r.Y + float64(k/cols)*(h+12), w, h}
		_, at = at.Top(24)
		_, _, width := table(p.shown, k)
		const most = 24 // of a cell
		queries, keys := float64(len(p.shown.Rows)), float64(len(p.shown.Cols))
		cell := min(at.W/keys, at.H/queries, most) // the same for all stages, so that a query has one height in all
		wide := cell
		if k == stageCount-1 {
			wide = min(at.W/float64(width), most)
		}
		all[k] = Rect{at.X, at.Y, wide * float64(width), cell * queries}
	}
	return all
}

// update asks for the stages of a head, or for none, and follows the cursor.
func (p *inside) update(in Input, r Rect, want watch.Dissect) (ask []watch.Request, redraw bool) {
	if want != p.asked {
		p.asked = want
		ask = append(ask, want)
	}
	was := *p
	p.over = false
	if p.ready() && in.Over {
		for k, at := range p.places(r) {
			if at.Contains(in.Cursor) {
				_, _, width := table(p.shown, k)
				l := largeMap{at, at, len(p.shown.Rows), width}
				p.stage = k
				p.hover, p.over = l.at(in.Cursor)
			}
		}
	}
	return ask, p.hover != was.hover || p.stage != was.stage || p.over != was.over
}

// ready tells whether the stages are those that were asked for.
func (p *inside) ready() bool {
	return p.asked != watch.Dissect{} && p.shown != nil && p.shown.Dissect == p.asked && len(p.shown.Rows) > 0
}

// sentence says what is under the cursor, or how to read the stages.
func (p *inside) sentence() string {
	if !p.over {
		return "each row is a query; masked scores are empty"
	}
	values, masked, width := table(p.shown, p.stage)
	i := p.hover.row*width + p.hover.col
	query := p.shown.Rows[p.hover.row]
	switch {
	case p.stage == 3:
		return fmt.Sprintf("%s of “%s”, number %d: %.4g", stageNames[3], query, p.hover.col+1, values[i])
	case masked != nil && masked[i]:
		return fmt.Sprintf("“%s” must not look at “%s”", query, p.shown.Cols[p.hover.col])
	}
	return fmt.Sprintf("%s of “%s” and “%s”: %.4g", stageNames[p.stage], query, p.shown.Cols[p.hover.col], values[i])
}

// draw draws the stages, with the greatest absolute value of each.
func (p *inside) draw(c *Canvas, r Rect, s *watch.Snapshot) {
	if !p.ready() {
		said := "computing…"
		if replayed(s) && s.Past.Weights < 0 {
			said = "no weights are kept of this step to compute with"
		}
		c.Text(said, Point{r.X, r.Y + 10}, Text{Size: 13, Color: dimColor})
		return
	}
	for k, at := range p.places(r) {
		name, most := Text{Size: 12, Color: textColor}, Text{Size: 12, Color: dimColor}
		c.Text(stageNames[k], Point{at.X, at.Y - 10}, name)
		limit := fmt.Sprintf("±%.3g", p.most[k])
		if k == 2 {
			limit = fmt.Sprintf("0 to %.3g", p.most[k])
		}
		if x := at.X + c.Width(stageNames[k], name) + 8; x+c.Width(limit, most) <= r.X+r.W {
			c.Text(limit, Point{x, at.Y - 10}, most)
		}
		c.Image(p.drawn[k], at)
		if p.over && p.stage == k {
			w, h := at.W/float64(p.drawn[k].Rect.Dx()), at.H/float64(p.drawn[k].Rect.Dy())
			c.Frame(Rect{at.X + float64(p.hover.col)*w, at.Y + float64(p.hover.row)*h, w, h}, 2, textColor)
		}
	}
}
