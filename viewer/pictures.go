package viewer

import (
	"math"

	"genview/models/watch"
)

// Pictures shows pictures as large as they go, of fixed latents so that one sees the same ones grow, with their captions and with what
// is right and wrong about them.
type Pictures struct{ name string }

// Title names the panel.
func (p *Pictures) Title() string { return p.name }

func (p *Pictures) view(s *watch.Snapshot) *watch.Pictures {
	return watch.Find[*watch.Pictures](s.Views, p.name)
}

// Shape is wide, and a square for a single picture.
func (p *Pictures) Shape(s *watch.Snapshot) Shape {
	switch v := p.view(s); {
	case v == nil || len(v.Images) == 0:
		return Hidden
	case len(v.Images) == 1:
		return Tall
	}
	return Wide
}

// Update has nothing to do.
func (p *Pictures) Update(Input, *watch.Snapshot) ([]watch.Request, bool) { return nil, false }

const (
	captionHeight = 18
	captionWidth  = 56 // of a picture that has one, at least where there is room
)

// Draw lays the pictures out.
func (p *Pictures) Draw(c *Canvas, s *watch.Snapshot) {
	v := p.view(s)
	c.hint(p.Title(), p.about(v)+"of step "+formatCount(s.LookStep))
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

// about counts what is right, where pictures are marked.
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

// fill returns in how many columns n pictures of w by h, each with pad pixels around and between and a caption of that height beneath,
// fill r best, and the size of a cell.
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
	if caption > 0 { // which wants more width than a small picture has
		cellW = max(cellW, min(captionWidth, r.W/float64(cols)))
	}
	return cols, cellW, cellH
}
