package viewer

import (
	"math"

	"genview/models/watch"
)

// Pictures shows pictures as large as possible, with captions and with marks for right and wrong. A model's samples keep their latent
// vectors, so that one sees them improve.
type Pictures struct{ name string }

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

// Update does nothing.
func (p *Pictures) Update(Input, *watch.Snapshot) ([]watch.Request, bool) { return nil, false }

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
	c.hint(p.Title(), hint)
	r := content(c.Size(), true)
	b := v.Images[0].Rect
	beneath := 0.0
	if v.Captions != nil {
		beneath = captionHeight
	}
	cols, w, h := fill(r, len(v.Images), float64(b.Dx()), float64(b.Dy()), 2, beneath)
	rows := (len(v.Images) + cols - 1) / cols
	x0 := r.X + (r.W-float64(cols)*w)/2
	y0 := r.Y + (r.H-float64(rows)*h)/2
	for i, img := range v.Images {
		q := Rect{x0 + float64(i%cols)*w + 1, y0 + float64(i/cols)*h + 1, w - 2, h - 2 - beneath}
		c.Image(img, q)
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
			c.Text(c.Shorten(v.Captions[i], t, w-4), Point{q.X + q.W/2, q.Y + q.H + captionHeight/2}, t)
		}
	}
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
