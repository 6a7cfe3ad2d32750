package viewer

import (
	"math"
	"slices"

	"genview/models/watch"
)

// largeMap is the place of the chosen head's values, which leaves room for tokens at the left and above. Zoomed, the cells are a part of more
// than there is room for.
type largeMap struct {
	room       Rect // in which cells are seen
	cells      Rect // of all of them
	rows, cols int
}

const tokenSize = 13.0

// A zoom says which part of the large map is seen.
type zoom struct {
	scale float64 // how many times larger than all of the map in the room; below 1: 1
	at    Point   // what is seen first, from 0 to 1 of the width and the height of the cells
}

const widestCell = 34.0

// largeOf returns the place of the large map in r, below the names of its columns and beside those of its rows.
func largeOf(r Rect, v *watch.HeatMaps, m watch.Map, z zoom) largeMap {
	longest := 1.2 // times the font size: the width of a character of any script, or of its code point
	for _, t := range m.Rows {
		longest = max(longest, 0.62*float64(len([]rune(t))))
	}
	_, r = r.Top(20)
	_, r = r.Left(longest*tokenSize + 10)
	most := widestCell
	if single(v) {
		most = 64
	}
	rows, cols := float64(len(m.Rows)), float64(len(m.Cols))
	cell := min(r.W/cols, r.H/rows, most)
	l := largeMap{Rect{r.X, r.Y, cell * cols, cell * rows}, Rect{}, len(m.Rows), len(m.Cols)}
	l.cells = l.room
	if z.scale <= 1 {
		return l
	}
	cell = min(cell*z.scale, most)
	l.room = Rect{r.X, r.Y, min(r.W, cell*cols), min(r.H, cell*rows)}
	l.cells = Rect{r.X - z.at.X*cell*cols, r.Y - z.at.Y*cell*rows, cell * cols, cell * rows}
	l.cells.X = min(r.X, max(l.cells.X, l.room.X+l.room.W-l.cells.W))
	l.cells.Y = min(r.Y, max(l.cells.Y, l.room.Y+l.room.H-l.cells.H))
	return l
}

// at returns the cell at q; false: there is none.
func (l largeMap) at(q Point) (spot, bool) {
	if !l.room.Contains(q) || !l.cells.Contains(q) {
		return spot{}, false
	}
	return spot{
		min(int((q.Y-l.cells.Y)/l.cells.H*float64(l.rows)), l.rows-1),
		min(int((q.X-l.cells.X)/l.cells.W*float64(l.cols)), l.cols-1),
	}, true
}

// seen returns the rows and the columns of which a part is in the room: from the first to before the end.
func (l largeMap) seen() (row, rows, col, cols int) {
	part := func(from, size, first, all float64, n int) (int, int) {
		k := float64(n) / all
		return max(0, int((from-first)*k)), min(n, int(math.Ceil((from+size-first)*k)))
	}
	row, rows = part(l.room.Y, l.room.H, l.cells.Y, l.cells.H, l.rows)
	col, cols = part(l.room.X, l.room.W, l.cells.X, l.cells.W, l.cols)
	return row, rows, col, cols
}

// look zooms with the wheel around the cursor, and moves what is seen with the mouse. It tells whether the zoom changed.
func (z *zoom) look(in Input, r Rect, v *watch.HeatMaps, m watch.Map, from Point) bool {
	was, l := *z, largeOf(r, v, m, *z)
	z.scale = max(1, z.scale)
	inside := l.room.Contains(in.Cursor)
	switch {
	case in.Over && in.Wheel != 0 && inside:
		x, y := (in.Cursor.X-l.cells.X)/l.cells.W, (in.Cursor.Y-l.cells.Y)/l.cells.H
		fit := largeOf(r, v, m, zoom{})
		z.scale = min(max(1, z.scale*math.Pow(1.25, in.Wheel)), max(1, widestCell/(fit.cells.W/float64(fit.cols))))
		to := largeOf(r, v, m, *z)
		z.at = Point{x - (in.Cursor.X-to.room.X)/to.cells.W, y - (in.Cursor.Y-to.room.Y)/to.cells.H}
	case in.Held && !in.Pressed && z.scale > 1 && l.room.Contains(from):
		z.at = Point{(l.room.X-l.cells.X)/l.cells.W - (in.Cursor.X-from.X)/l.cells.W, (l.room.Y-l.cells.Y)/l.cells.H - (in.Cursor.Y-from.Y)/l.cells.H}
	}
	to := largeOf(r, v, m, *z) // within the map
	z.at = Point{(to.room.X - to.cells.X) / to.cells.W, (to.room.Y - to.cells.Y) / to.cells.H}
	if z.scale == 1 {
		z.at = Point{}
	}
	return *z != was && (was != zoom{} || z.scale > 1)
}

// table draws the large map with tokens on both axes.
func (p *HeatMaps) table(c *Canvas, l largeMap, m watch.Map) {
	picture := p.maps[p.chosen]
	if p.whole.of(p.chosen) {
		picture = p.whole.picture
	}
	c.Sub(l.room).Image(picture, Rect{l.cells.X - l.room.X, l.cells.Y - l.room.Y, l.cells.W, l.cells.H})
	cell := l.cells.W / float64(l.cols)
	size := min(tokenSize, max(9, cell*0.95))
	row, rows, col, cols := l.seen()
	wide, high := 9.0, 9.0 // the room that a token needs; more if a script's characters are wider or higher than Latin ones
	for _, t := range slices.Concat(m.Cols[col:cols], m.Rows[row:rows]) {
		if w := c.Width(watch.Short(t), token(size, false, Left)); w > wide {
			wide, high = w+1, max(high, size)
		}
	}
	middle := func(from, all, n float64, i int) float64 { return from + all/n*(float64(i)+0.5) }
	every := max(1, int(math.Ceil(wide/cell))) // every nth token is written
	for j := col; j < cols; j++ {
		x, on := middle(l.cells.X, l.cells.W, float64(l.cols), j), p.over && j == p.hover.col
		if (j%every == 0 || on) && x >= l.room.X && x <= l.room.X+l.room.W {
			c.Text(watch.Short(m.Cols[j]), Point{x, l.room.Y - 10}, token(size, on, Center))
		}
	}
	every = max(1, int(math.Ceil(high/cell)))
	for i := row; i < rows; i++ {
		y, on := middle(l.cells.Y, l.cells.H, float64(l.rows), i), p.over && i == p.hover.row
		if (i%every == 0 || on) && y >= l.room.Y && y <= l.room.Y+l.room.H {
			c.Text(m.Rows[i], Point{l.room.X - 6, y}, token(size, on, Right))
		}
	}
	if p.over {
		c := c.Sub(l.room)
		x, y := l.cells.X-l.room.X+float64(p.hover.col)*cell, l.cells.Y-l.room.Y+float64(p.hover.row)*cell
		c.Frame(Rect{x, 0, cell, l.room.H}, 1, faded(textColor, 0.35))
		c.Frame(Rect{0, y, l.room.W, cell}, 1, faded(textColor, 0.35))
		c.Frame(Rect{x, y, cell, cell}, 2, textColor)
	}
}
