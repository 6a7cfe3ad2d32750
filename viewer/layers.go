package viewer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// Layers shows what a model is made of: a row for each tensor of parameters, with its shape, its size, and how its values, their gradients and
// what its layer makes are spread. The wheel moves the rows. A click on a row shows beside the rows what the layer makes of an example, and how
// it was spread so far. A button shows what the kernels of a training step take instead.
type Layers struct {
	name   string
	scroll float64 // rows above the first one that is shown
	over   int     // one more than the row under the cursor; 0: none
	chosen string  // the tensor of parameters that was clicked; "": none
	timed  bool    // the kernels are shown

	turned                         bool // the settings are shown that can be changed while the run trains
	kernels, settings, close, turn button
	dials                          dials
	history                        bool // of the layer is shown in place of what it makes, where there is no room for both

	maps    featureMaps
	spreads spreads
}

// Title returns the panel's title.
func (p *Layers) Title() string { return p.name }

func (p *Layers) view(s *watch.Snapshot) *watch.Layers {
	return watch.Find[*watch.Layers](s.Views, p.name)
}

// Shape is Wide, and Hidden until there are layers.
func (p *Layers) Shape(s *watch.Snapshot) Shape {
	if v := p.view(s); v == nil || len(v.Layers) == 0 {
		return Hidden
	}
	return Wide
}

const (
	layerHeight = 28
	layerShapes = 120 // widths of columns
	layerCounts = 92
	layerGap    = 16
	leastSpread = 70
	mostSpread  = 220
)

// layerAreas is the parts of the panel; those that are not there have no width.
type layerAreas struct {
	kernels  Rect // the buttons
	settings Rect
	rows     Rect // with the names of the columns above them
	pane     Rect // for the layer that was clicked
}

func (p *Layers) areas(size Point, s *watch.Snapshot) (q layerAreas) {
	if steerable(s) && !replayed(s) {
		q.kernels = Rect{size.X - padding - 92, (titleHeight - 22) / 2, 92, 22}
		if len(s.Dials) > 0 {
			q.settings = Rect{q.kernels.X - 8 - 78, q.kernels.Y, 78, 22}
		}
	}
	r := content(size, true)
	const gap = 16
	switch {
	case p.chosen == "" || p.timed || p.turned:
		q.rows = r
	case r.W >= 620:
		q.rows, q.pane = r.Left(math.Floor(r.W * 0.52))
		_, q.pane = q.pane.Left(gap)
	case r.H >= 380:
		q.rows, q.pane = r.Top(math.Floor(r.H * 0.45))
		_, q.pane = q.pane.Top(8)
	default:
		q.pane = r
	}
	return q
}

// layerColumns is the columns of the rows; those for which there is no room have no width.
type layerColumns struct{ name, shape, count, weight, gradient, made Rect }

// columns divides the area of rows. made: there is what layers make.
func (p *Layers) columns(rows Rect, made bool) (q layerColumns) {
	_, r := rows.Top(rowHeight)
	spreads := 2.0
	if made {
		spreads = 3
	}
	spread := min(max((r.W-layerShapes-layerCounts-150)/spreads-layerGap, leastSpread), mostSpread)
	end := r.X + r.W
	next := func(w float64, fits bool) Rect {
		if !fits {
			return Rect{end, r.Y, 0, r.H}
		}
		end -= w + layerGap
		return Rect{end + layerGap, r.Y, w, r.H}
	}
	q.made = next(spread, made && r.W > 420)
	q.gradient = next(spread, r.W > 300)
	q.weight = next(spread, true)
	q.count = next(layerCounts, r.W > 560)
	q.shape = next(layerShapes, r.W > 660)
	q.name = Rect{r.X, r.Y, max(0, end-r.X), r.H}
	return q
}

// Update scrolls, follows the cursor, and handles clicks.
func (p *Layers) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	v, q := p.view(s), p.areas(in.Size, s)
	p.spreads.add(v, v.Step)
	was := []any{p.scroll, p.over, p.chosen, p.timed, p.history, p.maps.over}
	clicked, redraw := p.kernels.update(in, q.kernels)
	p.timed = p.timed != clicked && q.kernels.W > 0
	sets, changed := p.settings.update(in, q.settings)
	p.turned = p.turned != sets && q.settings.W > 0 && !clicked
	p.timed = p.timed && !sets
	redraw = redraw || changed || sets
	if p.turned {
		wants, changed := p.dials.update(in, q.rows, s.Dials)
		ask, redraw = append(ask, wants...), redraw || changed
	}
	p.over, p.maps.over = 0, 0
	n := len(v.Layers)
	if p.timed {
		n = len(v.Kernels)
	}
	rows := p.columns(q.rows, false).name
	seen := math.Floor(rows.H / layerHeight)
	p.scroll = min(max(p.scroll-math.Round(3*in.Wheel), 0), max(0, float64(n)-seen))
	if q.rows.Contains(in.Cursor) && in.Over {
		if row := math.Floor((in.Cursor.Y - rows.Y) / layerHeight); row >= 0 && row < seen {
			p.over = int(p.scroll+row) + 1
		}
		if in.Pressed && !p.timed && !p.turned && p.over > 0 && p.over <= n {
			p.choose(v.Layers[p.over-1].Name)
			clicked = true
		}
	}
	if q.pane.W > 0 {
		closes, changed := p.close.update(in, closing(q.pane))
		if !roomy(q.pane) {
			turns, changed := p.turn.update(in, turning(q.pane))
			p.history = p.history != turns
			redraw = redraw || changed
		}
		if closes || p.row(v) == nil {
			p.chosen, clicked = "", true
		}
		redraw = redraw || changed
	}
	q = p.areas(in.Size, s)
	redraw = p.maps.update(in, p.features(v), q.pane) || redraw
	redraw = p.spreads.paint(p.chosen, p.of(v), in.Theme) || redraw
	if want := p.want(v); want != in.Inspect && (clicked || in.Inspect.On) {
		ask = append(ask, want)
	}
	return ask, redraw || !slices.Equal(was, []any{p.scroll, p.over, p.chosen, p.timed, p.history, p.maps.over})
}

// choose shows what belongs to a tensor of parameters, or nothing if that is shown already.
func (p *Layers) choose(name string) {
	if p.chosen == name {
		name = ""
	}
	p.chosen = name
}

// want returns what the panel shows.
func (p *Layers) want(v *watch.Layers) watch.Inspect {
	return watch.Inspect{On: true, Layer: p.of(v), Kernels: p.timed}
}

// row returns the tensor of parameters that was clicked; nil: none.
func (p *Layers) row(v *watch.Layers) *watch.Layer {
	for i, l := range v.Layers {
		if l.Name == p.chosen {
			return &v.Layers[i]
		}
	}
	return nil
}

// of returns the layer of the tensor that was clicked; "": none.
func (p *Layers) of(v *watch.Layers) string {
	if l := p.row(v); l != nil {
		return l.Of
	}
	return ""
}

// features returns what the layer makes; nil: it is not there yet, or cannot be had.
func (p *Layers) features(v *watch.Layers) *watch.Features {
	if v.Features == nil || v.Features.Layer != p.of(v) || v.Features.Problem != "" {
		return nil
	}
	return v.Features
}

// Draw draws the rows, and above them what the whole model takes.
func (p *Layers) Draw(c *Canvas, s *watch.Snapshot) {
	v, at := p.view(s), p.areas(c.Size(), s)
	head := c
	if at.kernels.W > 0 {
		label := "kernels"
		if p.timed {
			label = "parameters"
		}
		p.kernels.draw(c, at.kernels, label)
		head = c.Sub(Rect{0, 0, at.kernels.X, titleHeight})
	}
	if at.settings.W > 0 {
		p.settings.draw(c, at.settings, "settings")
		head = c.Sub(Rect{0, 0, at.settings.X, titleHeight})
	}
	if p.turned {
		head.hint(p.name, "from the next step on")
		p.dials.draw(c, at.rows, s.Dials)
		return
	}
	if p.timed {
		head.hint(p.name, strings.Join(filled(p.memory(v), took(v.Kernels)), "  ·  "))
		p.drawKernels(c, at.rows, v.Kernels)
		return
	}
	head.hint(p.name, strings.Join(filled(p.memory(v), "of step "+formatCount(v.Step)), "  ·  "))
	if at.rows.H > 0 {
		p.drawRows(c, at.rows, v)
	}
	if at.pane.W > 0 {
		p.drawPane(c, at.pane, v)
	}
}

// drawRows draws a row for each tensor of parameters.
func (p *Layers) drawRows(c *Canvas, area Rect, v *watch.Layers) {
	q := p.columns(area, v.Activations != nil)
	head := Text{Size: 13, Color: dimColor}
	title := func(r Rect, text string, align Align) {
		if r.W > 0 {
			x := r.X
			if align == Right {
				x += r.W
			}
			c.Text(c.Shorten(text, head, r.W), Point{x, r.Y - rowHeight/2}, Text{Size: 13, Color: dimColor, Align: align})
		}
	}
	title(q.name, "parameters", Left)
	title(q.shape, "shape", Left)
	title(q.count, "number", Right)
	title(q.weight, "values", Left)
	title(q.gradient, "gradients", Left)
	title(q.made, "activations", Left)
	c.Fill(Rect{area.X, q.name.Y - 1, area.W, 1}, lineColor)
	before := ""
	for row := range int(q.name.H / layerHeight) {
		i := int(p.scroll) + row
		if i >= len(v.Layers) {
			break
		}
		l := v.Layers[i]
		p.drawRow(c, q, l, made(v, l.Of, before), Rect{area.X - padding/2, q.name.Y + float64(row)*layerHeight, area.W + padding, layerHeight}, i == p.over-1)
		before = l.Of
	}
	p.drawScroll(c, len(v.Layers), Rect{area.X + area.W + 3, q.name.Y, 3, q.name.H})
}

// made returns how that is spread what a layer makes, in the first row of its parameters.
func made(v *watch.Layers, layer, before string) (h watch.Histogram) {
	if layer == "" || layer == before {
		return h
	}
	for _, a := range v.Activations {
		if a.Layer == layer {
			return a.Values
		}
	}
	return h
}

// memory says how much of the device is in use.
func (p *Layers) memory(v *watch.Layers) string {
	if v.Memory <= 0 {
		return ""
	}
	return fmt.Sprintf("%s MB on the device", formatCount(int((v.Memory+1<<19)>>20)))
}

// drawRow draws a row in r.
func (p *Layers) drawRow(c *Canvas, q layerColumns, l watch.Layer, made watch.Histogram, r Rect, over bool) {
	text, dim := Text{Size: 13, Color: textColor}, Text{Size: 13, Color: dimColor}
	y, middle := r.Y, r.Y+layerHeight/2
	switch {
	case l.Name == p.chosen:
		c.Fill(r, hoverColor)
	case over:
		c.Fill(r, buttonColor)
	}
	name := l.Name
	if w := c.Width(name, text); w > q.name.W { // the end of a path says more than its beginning
		runes := []rune(name)
		for len(runes) > 1 && c.Width("…"+string(runes), text) > q.name.W {
			runes = runes[1:]
		}
		name = "…" + string(runes)
	}
	c.Text(name, Point{q.name.X, middle}, text)
	if q.shape.W > 0 {
		c.Text(c.Shorten(shapeText(l.Shape), dim, q.shape.W), Point{q.shape.X, middle}, dim)
	}
	if q.count.W > 0 {
		c.Text(formatCount(l.Parameters()), Point{q.count.X + q.count.W, middle}, Text{Size: 13, Color: dimColor, Align: Right})
	}
	drawSpread(c, Rect{q.weight.X, y + 3, q.weight.W, layerHeight - 6}, l.Weight, curveColor(0), over)
	if q.gradient.W > 0 {
		drawSpread(c, Rect{q.gradient.X, y + 3, q.gradient.W, layerHeight - 6}, l.Gradient, curveColor(1), over)
	}
	if q.made.W > 0 {
		drawSpread(c, Rect{q.made.X, y + 3, q.made.W, layerHeight - 6}, made, curveColor(2), over)
	}
}

// shapeText writes a shape, as 256 × 784.
func shapeText(shape []int) string {
	var parts []string
	for _, d := range shape {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, " × ")
}

// drawSpread draws a histogram whose middle is 0. Heights are square roots, so that few values are seen, too. With numbers it says how far it
// reaches, and the standard deviation.
func drawSpread(c *Canvas, r Rect, h watch.Histogram, ink Color, numbers bool) {
	most := 0
	for _, n := range h.Counts {
		most = max(most, n)
	}
	if most == 0 {
		return
	}
	opacity := 0.75
	if numbers {
		opacity = 0.3
	}
	w := r.W / float64(len(h.Counts))
	c.Fill(Rect{r.X, r.Y + r.H, r.W, 1}, lineColor)
	for i, n := range h.Counts {
		high := math.Sqrt(float64(n)/float64(most)) * r.H
		c.Fill(Rect{r.X + float64(i)*w, r.Y + r.H - high, w, high}, faded(ink, opacity))
	}
	if numbers {
		most, std := ticks.Minus(fmt.Sprintf("±%.2g", h.Most)), fmt.Sprintf("σ %.2g", h.Std)
		small := Text{Size: 11, Color: textColor}
		c.Text(most, Point{r.X + 2, r.Y + 7}, small)
		if y := r.Y + r.H - 6; c.Width(most, small)+c.Width(std, small)+10 > r.W {
			c.Text(std, Point{r.X + 2, y}, small)
		} else {
			c.Text(std, Point{r.X + r.W - 2, r.Y + 7}, Text{Size: 11, Color: textColor, Align: Right})
		}
	}
}

// drawScroll shows in a track which of n rows are seen.
func (p *Layers) drawScroll(c *Canvas, n int, track Rect) {
	seen := math.Floor(track.H / layerHeight)
	if float64(n) <= seen {
		return
	}
	c.Fill(track, lineColor)
	c.Fill(Rect{track.X, track.Y + p.scroll/float64(n)*track.H, track.W, seen / float64(n) * track.H}, dimColor)
}
