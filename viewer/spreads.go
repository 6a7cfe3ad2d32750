package viewer

import (
	"fmt"
	"image"
	"math"
	"slices"

	"genview/models/ticks"
	"genview/models/watch"
)

// spreads are histograms of parameters, gradients and activations, as far as they were seen.
type spreads struct {
	of    map[spreadOf]*spreading
	added *watch.Layers // the newest
	shown [3]*image.RGBA
	now   spreadsOf // what is shown
}

// spreadOf names what was spread: a tensor of parameters or, if made, a layer.
type spreadOf struct {
	name string
	kind int
}

// The kinds of what is spread.
const (
	spreadWeights = iota
	spreadGradients
	spreadMade
)

var spreadNames = [3]string{"values", "gradients", "activations"}

// spreading is the histograms of some steps.
type spreading struct {
	steps []int
	most  []float64
	bins  [][]uint8 // shares of the fullest bin
}

// spreadsOf says of what pictures are.
type spreadsOf struct {
	tensor, layer string
	added         *watch.Layers
	theme         Theme
}

const (
	mostSpreads = 256 // steps of a spread; further ones thin it
	spreadCols  = 192 // pixels of its picture
	spreadRows  = 41
)

// add takes the histograms of a view. Views of the past come in any order.
func (p *spreads) add(v *watch.Layers, step int) {
	if v == p.added {
		return
	}
	p.added = v
	if p.of == nil {
		p.of = map[spreadOf]*spreading{}
	}
	for _, l := range v.Layers {
		p.put(spreadOf{l.Name, spreadWeights}, step, l.Weight)
		p.put(spreadOf{l.Name, spreadGradients}, step, l.Gradient)
	}
	for _, a := range v.Activations {
		p.put(spreadOf{a.Layer, spreadMade}, step, a.Values)
	}
}

func (p *spreads) put(of spreadOf, step int, h watch.Histogram) {
	if h.Counts == nil {
		return
	}
	if p.of[of] == nil {
		p.of[of] = &spreading{}
	}
	p.of[of].add(step, h)
}

func (s *spreading) add(step int, h watch.Histogram) {
	fullest := max(1, slices.Max(h.Counts))
	bins := make([]uint8, len(h.Counts))
	for i, n := range h.Counts {
		bins[i] = uint8(255*math.Sqrt(float64(n)/float64(fullest)) + 0.5)
	}
	i, found := slices.BinarySearch(s.steps, step)
	if found {
		s.most[i], s.bins[i] = h.Most, bins
		return
	}
	s.steps, s.most, s.bins = slices.Insert(s.steps, i, step), slices.Insert(s.most, i, h.Most), slices.Insert(s.bins, i, bins)
	if len(s.steps) <= mostSpreads {
		return
	}
	for i := range len(s.steps) / 2 {
		s.steps[i], s.most[i], s.bins[i] = s.steps[2*i], s.most[2*i], s.bins[2*i]
	}
	half := len(s.steps) / 2
	s.steps, s.most, s.bins = s.steps[:half], s.most[:half], s.bins[:half]
}

// paint draws the pictures of a tensor and of its layer, and tells whether they are new.
func (p *spreads) paint(tensor, layer string, theme Theme) bool {
	now := spreadsOf{tensor, layer, p.added, theme}
	if now == p.now || tensor == "" {
		return false
	}
	p.now = now
	colors := newPalette(theme, heat)
	for kind := range p.shown {
		p.shown[kind] = nil
		if s := p.get(kind); s != nil {
			p.shown[kind] = s.picture(colors)
		}
	}
	return true
}

// get returns the spread of a kind that is shown; nil: there is none.
func (p *spreads) get(kind int) *spreading {
	if kind == spreadMade {
		return p.of[spreadOf{p.now.layer, kind}]
	}
	return p.of[spreadOf{p.now.tensor, kind}]
}

// picture draws the histograms: steps to the right, values upwards from the least to the greatest of all.
func (s *spreading) picture(colors *palette) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, spreadCols, spreadRows))
	most := max(slices.Max(s.most), 1e-30)
	first, last := s.steps[0], s.steps[len(s.steps)-1]
	for x := range spreadCols {
		i := indexUpTo(s.steps, first+int(float64(last-first)*(float64(x)+0.5)/spreadCols))
		for y := range spreadRows {
			v := (1 - 2*(float64(y)+0.5)/spreadRows) * most // of the row's middle
			share := 0.0
			if s.most[i] > 0 && math.Abs(v) <= s.most[i] {
				n := len(s.bins[i])
				share = float64(s.bins[i][min(int((v/s.most[i]+1)/2*float64(n)), n-1)]) / 255
			}
			img.SetRGBA(x, y, colors.at(share))
		}
	}
	return img
}

// draw draws the three pictures side by side, with the step of what is shown.
func (p *spreads) draw(c *Canvas, r Rect, step int) {
	const gap = 10
	w := (r.W - 2*gap) / 3
	small := Text{Size: 11, Color: dimColor}
	for kind, img := range p.shown {
		q := Rect{r.X + float64(kind)*(w+gap), r.Y + 22, w, r.H - 38}
		s := p.get(kind)
		if img == nil || s == nil {
			continue
		}
		c.Text(spreadNames[kind], Point{q.X, q.Y - 8}, Text{Size: 12, Color: curveColor(kind)})
		if w > 120 {
			c.Text(ticks.Minus(fmt.Sprintf("±%.2g", slices.Max(s.most))), Point{q.X + q.W, q.Y - 8}, Text{Size: 11, Color: dimColor, Align: Right})
		}
		c.Image(img, q)
		first, last := s.steps[0], s.steps[len(s.steps)-1]
		if last > first && step >= first && step <= last {
			c.Fill(Rect{q.X + (q.W-1)*float64(step-first)/float64(last-first), q.Y, 1, q.H}, textColor)
		}
		c.Text(formatCount(first), Point{q.X, q.Y + q.H + 8}, small)
		if last > first && w > 60 {
			c.Text(formatCount(last), Point{q.X + q.W, q.Y + q.H + 8}, Text{Size: 11, Color: dimColor, Align: Right})
		}
	}
}
