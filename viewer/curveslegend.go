package viewer

import (
	"fmt"
	"sort"
	"strings"

	"genview/models/watch"
)

// legendStart returns where the legend begins beside the title. It estimates widths, because layout has no fonts.
func (p *Curves) legendStart() float64 { return padding + 22 + 8.5*float64(len([]rune(p.name))) }

// groupTitle returns the name of a group and its unit.
func groupTitle(g watch.Group) string { return strings.Join(filled(g.Name, g.Unit), ", ") }

// titleBoxes places the names of the first group's curves: beside the title, and in rows below it if they need more room. It does not depend
// on values.
func (p *Curves) titleBoxes(size Point, v *watch.Curves) []Rect {
	if len(v.Groups) == 0 {
		return nil
	}
	all := v.Groups[0].Series
	boxes := make([]Rect, len(all))
	row, x, end := 0, p.legendStart(), p.slider(size).X-14
	for i, l := range all {
		w := 20 + 7.2*float64(len([]rune(l.Name))+7)
		if x+w > end && !(row > 0 && x == padding) {
			row, x, end = row+1, padding, size.X-padding
		}
		boxes[i] = Rect{x, titleHeight/2 - legendHeight/2, min(w, end-x), legendHeight}
		if row > 0 {
			boxes[i].Y = titleHeight + legendHeight*float64(row-1)
		}
		x += w + 8
	}
	return boxes
}

// legendBoxes places the curves' names: those of the first group at the title, those of the others beside the names of their groups. A curve
// whose group has no plot, or for whose name there is no room there, has none.
func (p *Curves) legendBoxes(size Point, v *watch.Curves) []Rect {
	boxes, plots := p.titleBoxes(size, v), p.plots(size, v)
	for i, g := range v.Groups[1:] {
		if i+1 >= len(plots) {
			boxes = append(boxes, make([]Rect, len(g.Series))...)
			continue
		}
		r := plots[i+1]
		x := r.X + 6.6*float64(len([]rune(groupTitle(g)))) + 16
		for _, l := range g.Series {
			box := Rect{x, r.Y - groupHeight + 1, 20 + 6.4*float64(len([]rune(l.Name))+9), groupHeight - 2}
			if x += box.W + 8; box.X+box.W > r.X+r.W {
				box = Rect{}
			}
			boxes = append(boxes, box)
		}
	}
	return boxes
}

// legend writes the curves' names with their newest values, or those at a step.
func (p *Curves) legend(c *Canvas, v *watch.Curves, curves []curve, step int) {
	boxes := p.legendBoxes(c.Size(), v)
	titled := len(v.Groups[0].Series)
	for i, l := range curves {
		if len(l.Steps) == 0 {
			continue
		}
		k := len(l.Steps) - 1
		if step >= 0 {
			k = min(k, sort.SearchInts(l.Steps, step))
			if l.at != nil {
				c.Dot(l.at(l.Steps[k], l.smoothed[k]), 3.5, l.color)
			}
		}
		if boxes[i].W == 0 {
			continue
		}
		t, ink := Text{Size: 13, Color: textColor}, l.color
		if i >= titled {
			t.Size = 11
		}
		if p.hidden[l.Name] {
			t.Color, ink = dimColor, lineColor
		}
		if p.raised == i+1 {
			c.Fill(boxes[i].Inset(-2), hoverColor)
		}
		middle := boxes[i].Y + boxes[i].H/2
		c.Fill(Rect{boxes[i].X, middle - 1.5, 14, 3}, ink)
		c.Text(c.Shorten(fmt.Sprintf("%s %s", l.Name, formatValue(l.smoothed[k])), t, boxes[i].W-20), Point{boxes[i].X + 20, middle}, t)
		label, x := "at step "+formatCount(l.Steps[k]), boxes[i].X+boxes[i].W+10
		end := c.Size().X - padding
		if boxes[i].Y < titleHeight {
			end = p.slider(c.Size()).X - 14
		}
		if dim := (Text{Size: 13, Color: dimColor}); step >= 0 && i == titled-1 && x+c.Width(label, dim) <= end {
			c.Text(label, Point{x, middle}, dim)
		}
	}
}
