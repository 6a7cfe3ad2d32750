package viewer

// Point is a position in a window or a panel, in pixels at scale 1, x to the right and y down.
type Point struct{ X, Y float64 }

// Rect is an area in pixels at scale 1.
type Rect struct{ X, Y, W, H float64 }

// Contains tells whether p is in r.
func (r Rect) Contains(p Point) bool {
	return p.X >= r.X && p.X < r.X+r.W && p.Y >= r.Y && p.Y < r.Y+r.H
}

// Inset returns r reduced by d on each side, never below size 0.
func (r Rect) Inset(d float64) Rect {
	return Rect{r.X + d, r.Y + d, max(0, r.W-2*d), max(0, r.H-2*d)}
}

// Top splits r into its top part of height h and the rest.
func (r Rect) Top(h float64) (top, rest Rect) {
	h = min(max(h, 0), r.H)
	return Rect{r.X, r.Y, r.W, h}, Rect{r.X, r.Y + h, r.W, r.H - h}
}

// Left splits r into its left part of width w and the rest.
func (r Rect) Left(w float64) (left, rest Rect) {
	w = min(max(w, 0), r.W)
	return Rect{r.X, r.Y, w, r.H}, Rect{r.X + w, r.Y, r.W - w, r.H}
}

// Fit returns the largest area of ratio w:h in the centre of r.
func (r Rect) Fit(w, h float64) Rect {
	k := min(r.W/w, r.H/h)
	return Rect{r.X + (r.W-k*w)/2, r.Y + (r.H-k*h)/2, k * w, k * h}
}

// Shape says which area suits a panel.
type Shape int

// The shapes of panels.
const (
	Hidden Shape = iota // nothing to show yet
	Bar                 // as wide as the window, and low
	Foot                // like Bar, at the bottom, and lower
	Wide                // wider than high
	Tall                // a square with something below
	Large               // like Tall, and wider
	Full                // the whole window; other panels are hidden
)

const (
	gap         = 10 // between panels, and around them
	padding     = 14 // between a panel's edge and its content
	titleHeight = 40 // of a panel's title, with padding
	tabHeight   = 30 // of the titles of panels that share an area
	barHeight   = 96
	footHeight  = 52
	beneath     = 148  // the height of a tall panel below its square
	widest      = 0.46 // share of the window's width for a tall panel
	larger      = 0.56 // and for a large one
	leastSide   = 240  // width of a column that the user makes narrow
	narrowest   = 150  // a window in which a tall panel would be narrower has one column
)

// least returns the smallest useful height of a panel. Panels that would be lower share an area.
var least = map[Shape]float64{Wide: 150, Tall: 240, Large: 340}

// A slot is an area for one panel, or for several of which one is visible.
type slot struct {
	area   Rect
	panels []int
	column int // of the slots that lie one above the other; 0: a bar
}

// A division says how the user divides the window.
type division struct {
	side    float64         // share of the width for the tall panels at the side; 0: as usual
	weights map[int]float64 // of panels: how high their slots are, compared with the others of the column; without one it is 1
}

func (d division) weight(panel int) float64 {
	if w := d.weights[panel]; w > 0 {
		return w
	}
	return 1
}

// tab returns the area of the title of a slot's panel i of n.
func (s slot) tab(i int) Rect {
	w := min(s.area.W/float64(len(s.panels)), 160)
	return Rect{s.area.X + float64(i)*w, s.area.Y, w - 2, tabHeight - 2}
}

// inside returns the area of the visible panel.
func (s slot) inside() Rect {
	if len(s.panels) == 1 {
		return s.area
	}
	_, r := s.area.Top(tabHeight)
	return r
}

// arrange places panels in a window of w by h: bars at the top and at the bottom, then the wide panels in a column beside the tall and large ones; everything
// in one column if the window is higher than wide, or too low for a tall panel at the side.
func arrange(w, h float64, shapes []Shape, d division) (slots []slot) {
	area := Rect{0, 0, w, h}.Inset(gap)
	of := func(want Shape) (found []int) {
		for i, s := range shapes {
			if s == want {
				found = append(found, i)
			}
		}
		return found
	}
	for _, i := range of(Full) {
		return []slot{{area: area, panels: []int{i}}}
	}
	for _, i := range of(Bar) {
		bar, rest := area.Top(barHeight)
		slots = append(slots, slot{area: bar, panels: []int{i}})
		_, area = rest.Top(gap)
	}
	for _, i := range of(Foot) {
		rest, foot := area.Top(max(0, area.H-footHeight))
		slots = append(slots, slot{area: foot, panels: []int{i}})
		area = rest
		area.H = max(0, area.H-gap)
	}
	wide, tall, large := of(Wide), of(Tall), of(Large)
	tall = append(tall, large...)
	if len(wide) == 0 || len(tall) == 0 || area.W < area.H {
		return append(slots, column(append(wide, tall...), shapes, area, d, 1)...)
	}
	n := float64(len(column(tall, shapes, area, d, 2)))
	width := min(area.H/n-titleHeight+padding-beneath, widest*area.W)
	if len(large) > 0 {
		width = larger * area.W
	}
	if width < narrowest {
		return append(slots, column(append(wide, tall...), shapes, area, d, 1)...)
	}
	if d.side > 0 {
		width = min(max(d.side*area.W, leastSide), area.W-gap-leastSide)
	}
	left, right := area.Left(area.W - width)
	left.W -= gap
	return append(append(slots, column(wide, shapes, left, d, 1)...), column(tall, shapes, right, d, 2)...)
}

// column divides an area among panels, one above the other. Panels that do not fit share the last slot.
func column(panels []int, shapes []Shape, area Rect, d division, number int) (slots []slot) {
	n, need := len(panels), 0.0
	for _, i := range panels {
		need = max(need, least[shapes[i]])
	}
	height := func() float64 { return (area.H - gap*float64(n-1)) / float64(n) }
	for n > 1 && height() < need {
		n--
	}
	lows, weights := make([]float64, n), make([]float64, n)
	for k := range n {
		lows[k], weights[k] = min(least[shapes[panels[k]]], height()), d.weight(panels[k])
	}
	y := area.Y
	for k, h := range shares(max(0, area.H-gap*float64(n-1)), weights, lows) {
		s := slot{Rect{area.X, y, area.W, h}, panels[k : k+1], number}
		if k == n-1 {
			s.panels = panels[k:]
		}
		slots, y = append(slots, s), y+h+gap
	}
	return slots
}

// shares divides total by weights. None gets less than its low, the sum of which is at most total.
func shares(total float64, weights, lows []float64) []float64 {
	out, low := make([]float64, len(weights)), make([]bool, len(weights))
	for {
		rest, sum, again := total, 0.0, false
		for k, w := range weights {
			if low[k] {
				rest -= lows[k]
			} else {
				sum += w
			}
		}
		for k, w := range weights {
			if out[k] = lows[k]; !low[k] {
				out[k] = rest * w / sum
				if out[k] < lows[k]-1e-6 {
					low[k], again = true, true
				}
			}
		}
		if !again {
			return out
		}
	}
}
