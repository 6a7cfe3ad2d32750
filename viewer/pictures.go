package viewer

import (
	"math"

	"genview/models/watch"
)

// Pictures shows pictures as large as possible, with captions and with marks for right and wrong. A model's samples keep their latent
// vectors, so that one sees them improve.
type Pictures struct {
	name    string
	over    int    // the picture under the cursor that has a point; below 0: none
	clicked string // the point of the picture that was clicked; "": none was
}

// Title returns the panel's title.
func (p *Pictures) Title() string { return p.name }

func (p *Pictures) view(s *watch.Snapshot) *watch.Pictures {
	return watch.Find[*watch.Pictures](s.Views, p.name)
}

// Shape is Wide, Tall for a single picture, and Hidden until there are any.
func (p *Pictures) Shape(s *watch.Snapshot) Shape {
	switch v := p.view(s); {
	case v == nil || len(v.Images) == 0:
		return Hidden
	case len(v.Images) == 1:
		return Tall
	}
	return Wide
}

// Update looks which picture is under the cursor, and is clicked.
func (p *Pictures) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	was := p.over
	p.over = -1
	if v := p.view(s); v != nil && v.Points != nil && in.Over {
		for i := range v.Points {
			if p.cells(in.Size, v).at(i).Contains(in.Cursor) {
				p.over = i
			}
		}
		if in.Pressed && p.over >= 0 {
			p.clicked = v.Points[p.over]
		}
	}
	return nil, p.over != was
}

const (
	captionHeight = 18
	captionWidth  = 56 // least width of a picture with a caption, if there is room
)

// Draw lays the pictures out.
func (p *Pictures) Draw(c *Canvas, s *watch.Snapshot) {
	v := p.view(s)
	hint := ""
	if s.State != watch.Showing {
		hint = p.about(v) + "of step " + formatCount(s.LookStep)
	}
	cells, real := p.cells(c.Size(), v), p.beside(c.Size(), v)
	if len(v.Real) > 0 {
		p.drawReal(c, v, cells, real)
	}
	if p.over >= 0 && p.over < len(v.Points) {
		hint = v.Points[p.over] + "  ·  a click goes there"
	}
	c.hint(p.Title(), hint)
	for i, img := range v.Images {
		q := cells.at(i)
		c.Image(img, q)
		if i == p.over {
			c.Frame(q.Inset(-1), 2, accentColor)
		}
		ink := dimColor
		if v.Marks != nil && v.Marks[i] != watch.Unmarked {
			ink = accentColor
			if v.Marks[i] == watch.Wrong {
				ink = alertColor
			}
			c.Frame(q, 2, ink)
		}
		if v.Captions != nil {
			t := Text{Size: 12, Color: ink, Align: Center}
			c.Text(c.Shorten(v.Captions[i], t, q.W-2), Point{q.X + q.W/2, q.Y + q.H + captionHeight/2}, t)
		}
	}
}

// A sheet is how pictures lie in rows.
type sheet struct {
	origin  Point
	cols    int
	w, h    float64
	beneath float64 // height of a caption
}

const (
	besideGap  = 14 // between what a model makes and what it learns from
	besideHead = 18 // height of the names of both
)

// halves divides a panel between what a model makes and what it learns from, along its longer side.
func (p *Pictures) halves(size Point, v *watch.Pictures) (made, real Rect) {
	r := content(size, true)
	if len(v.Real) == 0 {
		return r, Rect{}
	}
	share := float64(len(v.Images)) / float64(len(v.Images)+len(v.Real))
	if r.W >= r.H {
		made, real = r.Left((r.W - besideGap) * share)
		_, real = real.Left(besideGap)
	} else {
		made, real = r.Top((r.H - besideGap/2) * share)
		_, real = real.Top(besideGap / 2)
	}
	_, made = made.Top(besideHead)
	_, real = real.Top(besideHead)
	return made, real
}

// beside returns how the pictures lie that a model learns from: as large as those that it makes, as many as there is room for.
func (p *Pictures) beside(size Point, v *watch.Pictures) sheet {
	made, r := p.halves(size, v)
	s := p.cells(size, v)
	if made.X == r.X { // one below the other
		s.origin.Y = r.Y
		return s
	}
	s.origin.X = r.X
	s.cols = min(int((r.W+0.5)/s.w), len(v.Real))
	return s
}

// drawReal draws the pictures that a model learns from, and says which are which.
func (p *Pictures) drawReal(c *Canvas, v *watch.Pictures, made, real sheet) {
	_, r := p.halves(c.Size(), v)
	t := Text{Size: 12, Color: dimColor}
	for name, at := range map[string]Point{"generated": made.origin, "real": real.origin} {
		c.Text(name, Point{at.X + 1, at.Y - besideHead/2}, t)
	}
	for i, img := range v.Real {
		if real.cols < 1 {
			break
		}
		if q := real.at(i); q.Y+q.H <= r.Y+r.H+0.5 {
			c.Image(img, q)
		}
	}
}

// cells returns how the pictures lie in a panel of that size.
func (p *Pictures) cells(size Point, v *watch.Pictures) sheet {
	r, _ := p.halves(size, v)
	b := v.Images[0].Rect
	var s sheet
	if v.Captions != nil {
		s.beneath = captionHeight
	}
	s.cols, s.w, s.h = fill(r, len(v.Images), float64(b.Dx()), float64(b.Dy()), 2, s.beneath)
	rows := (len(v.Images) + s.cols - 1) / s.cols
	s.origin = Point{r.X + (r.W-float64(s.cols)*s.w)/2, r.Y + (r.H-float64(rows)*s.h)/2}
	return s
}

// at returns the area of picture i, without its caption.
func (s sheet) at(i int) Rect {
	return Rect{s.origin.X + float64(i%s.cols)*s.w + 1, s.origin.Y + float64(i/s.cols)*s.h + 1, s.w - 2, s.h - 2 - s.beneath}
}

// about counts the right ones if pictures have marks.
func (p *Pictures) about(v *watch.Pictures) string {
	right, marked := 0, 0
	for _, m := range v.Marks {
		if m != watch.Unmarked {
			marked++
		}
		if m == watch.Right {
			right++
		}
	}
	if marked == 0 {
		return ""
	}
	return formatCount(right) + " of " + formatCount(marked) + " right  ·  "
}

// fill returns the number of columns with which n pictures of w by h fill r best, and the size of a cell. Each picture has pad pixels
// around it and a caption of that height below.
func fill(r Rect, n int, w, h, pad, caption float64) (cols int, cellW, cellH float64) {
	best := math.Inf(-1)
	for k := 1; k <= n; k++ {
		rows := (n + k - 1) / k
		zoom := min((r.W/float64(k)-pad)/w, (r.H/float64(rows)-pad-caption)/h)
		if zoom > best {
			best, cols = zoom, k
		}
	}
	best = max(best, 0)
	cellW, cellH = best*w+pad, best*h+pad+caption
	if caption > 0 { // a caption is wider than a small picture
		cellW = max(cellW, min(captionWidth, r.W/float64(cols)))
	}
	return cols, cellW, cellH
}
