package viewer

import (
	"fmt"
	"math"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// Layers shows a model's parameters: a row for each tensor, with its shape, its size, and how its values and their gradients are spread. The
// wheel moves the rows.
type Layers struct {
	name   string
	scroll float64 // rows above the first one that is shown
	over   int     // one more than the row under the cursor; 0: none
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

// layerColumns is the columns of the rows; those for which there is no room have no width.
type layerColumns struct{ name, shape, count, weight, gradient Rect }

func (p *Layers) columns(size Point) (q layerColumns) {
	_, r := content(size, true).Top(rowHeight)
	spread := min(max((r.W-layerShapes-layerCounts-150)/2-layerGap, leastSpread), mostSpread)
	end := r.X + r.W
	next := func(w float64, fits bool) Rect {
		if !fits {
			return Rect{end, r.Y, 0, r.H}
		}
		end -= w + layerGap
		return Rect{end + layerGap, r.Y, w, r.H}
	}
	q.gradient = next(spread, r.W > 300)
	q.weight = next(spread, true)
	q.count = next(layerCounts, r.W > 460)
	q.shape = next(layerShapes, r.W > 560)
	q.name = Rect{r.X, r.Y, max(0, end-r.X), r.H}
	return q
}

// Update scrolls, and follows the cursor.
func (p *Layers) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	was := *p
	rows := p.columns(in.Size).name
	last := max(0, float64(len(p.view(s).Layers))-math.Floor(rows.H/layerHeight))
	p.scroll = min(max(p.scroll-math.Round(3*in.Wheel), 0), last)
	p.over = 0
	if row := math.Floor((in.Cursor.Y - rows.Y) / layerHeight); in.Over && row >= 0 && in.Cursor.Y < rows.Y+math.Floor(rows.H/layerHeight)*layerHeight {
		p.over = int(p.scroll+row) + 1
	}
	return nil, *p != was
}

// Draw draws the rows, and above them what the whole model takes.
func (p *Layers) Draw(c *Canvas, s *watch.Snapshot) {
	v := p.view(s)
	q := p.columns(c.Size())
	c.hint(p.name, strings.Join(filled(p.memory(v), "of step "+formatCount(s.LookStep)), "  ·  "))
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
	c.Fill(Rect{q.name.X, q.name.Y - 1, content(c.Size(), true).W, 1}, lineColor)
	for row := range int(q.name.H / layerHeight) {
		i := int(p.scroll) + row
		if i >= len(v.Layers) {
			break
		}
		p.drawRow(c, q, v.Layers[i], q.name.Y+float64(row)*layerHeight, i == p.over-1)
	}
	p.drawScroll(c, len(v.Layers), q.name)
}

// memory says how much of the device is in use.
func (p *Layers) memory(v *watch.Layers) string {
	if v.Memory <= 0 {
		return ""
	}
	return fmt.Sprintf("%s MB on the device", formatCount(int((v.Memory+1<<19)>>20)))
}

// drawRow draws a row from y down.
func (p *Layers) drawRow(c *Canvas, q layerColumns, l watch.Layer, y float64, over bool) {
	text, dim := Text{Size: 13, Color: textColor}, Text{Size: 13, Color: dimColor}
	middle := y + layerHeight/2
	if over {
		c.Fill(Rect{0, y, c.Size().X, layerHeight}, buttonColor)
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
		c.Text(ticks.Minus(fmt.Sprintf("±%.2g", h.Most)), Point{r.X + 2, r.Y + 7}, Text{Size: 11, Color: textColor})
		c.Text(fmt.Sprintf("σ %.2g", h.Std), Point{r.X + r.W - 2, r.Y + 7}, Text{Size: 11, Color: textColor, Align: Right})
	}
}

// drawScroll shows at the right edge which of n rows are seen.
func (p *Layers) drawScroll(c *Canvas, n int, rows Rect) {
	seen := math.Floor(rows.H / layerHeight)
	if float64(n) <= seen {
		return
	}
	track := Rect{c.Size().X - 6, rows.Y, 3, rows.H}
	c.Fill(track, lineColor)
	c.Fill(Rect{track.X, track.Y + p.scroll/float64(n)*track.H, track.W, seen / float64(n) * track.H}, dimColor)
}
