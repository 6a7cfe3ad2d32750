package viewer

import (
	"strconv"
	"strings"

	"genview/models/watch"
)

// Table shows rows of cells. Numbers are aligned at the right of their columns.
type Table struct{ name string }

// Title returns the panel's title.
func (p *Table) Title() string { return p.name }

func (p *Table) view(s *watch.Snapshot) *watch.Table {
	return watch.Find[*watch.Table](s.Views, p.name)
}

// Shape is Wide, and Hidden until there are rows.
func (p *Table) Shape(s *watch.Snapshot) Shape {
	if v := p.view(s); v == nil || len(v.Rows) == 0 || len(v.Columns) == 0 {
		return Hidden
	}
	return Wide
}

// Update does nothing.
func (p *Table) Update(Input, *watch.Snapshot) ([]watch.Request, bool) { return nil, false }

const (
	rowHeight = 24
	columnGap = 28
)

// Draw draws as many rows as fit, and says how many are missing.
func (p *Table) Draw(c *Canvas, s *watch.Snapshot) {
	v := p.view(s)
	r := content(c.Size(), true)
	head, cell := Text{Size: 13, Color: dimColor}, Text{Size: 13, Color: textColor}
	rows := v.Rows
	hint := "of step " + formatCount(s.LookStep)
	if most := max(0, int(r.H/rowHeight)-1); len(rows) > most {
		rows = rows[:most]
		hint = formatCount(most) + " of " + formatCount(len(v.Rows)) + " rows  ·  " + hint
	}
	c.hint(p.Title(), hint)
	c.Fill(Rect{r.X, r.Y + rowHeight - 1, r.W, 1}, lineColor)
	x := r.X
	for k, name := range v.Columns {
		width, right := c.Width(name, head), true
		for _, row := range rows {
			width, right = max(width, c.Width(row[k], cell)), right && number(row[k])
		}
		width = min(width, r.X+r.W-x)
		if width < 8 {
			return
		}
		at, align := x, Left
		if right {
			at, align = x+width, Right
		}
		head.Align, cell.Align = align, align
		c.Text(c.Shorten(name, head, width), Point{at, r.Y + rowHeight/2}, head)
		for i, row := range rows {
			c.Text(c.Shorten(row[k], cell, width), Point{at, r.Y + rowHeight*(float64(i)+1.5)}, cell)
		}
		x += width + columnGap
	}
}

// number tells whether a cell holds a number, perhaps with a unit.
func number(cell string) bool {
	digits := strings.ReplaceAll(strings.TrimRight(cell, " %"), ",", "")
	_, err := strconv.ParseFloat(digits, 64)
	return err == nil
}
