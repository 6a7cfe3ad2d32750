package viewer

// Point is a place in a window or a panel, in pixels at scale 1, x to the right and y down.
type Point struct{ X, Y float64 }

// Rect is an area in pixels at scale 1.
type Rect struct{ X, Y, W, H float64 }

// Contains reports whether p lies in r.
func (r Rect) Contains(p Point) bool {
	return p.X >= r.X && p.X < r.X+r.W && p.Y >= r.Y && p.Y < r.Y+r.H
}

// Inset returns r made smaller by d on each side, never smaller than nothing.
func (r Rect) Inset(d float64) Rect {
	return Rect{r.X + d, r.Y + d, max(0, r.W-2*d), max(0, r.H-2*d)}
}

// Top cuts r into its uppermost h and the rest.
func (r Rect) Top(h float64) (top, rest Rect) {
	h = min(max(h, 0), r.H)
	return Rect{r.X, r.Y, r.W, h}, Rect{r.X, r.Y + h, r.W, r.H - h}
}

// Left cuts r into its leftmost w and the rest.
func (r Rect) Left(w float64) (left, rest Rect) {
	w = min(max(w, 0), r.W)
	return Rect{r.X, r.Y, w, r.H}, Rect{r.X + w, r.Y, r.W - w, r.H}
}

// Fit returns the largest area of w:h that lies in r, in its middle.
func (r Rect) Fit(w, h float64) Rect {
	k := min(r.W/w, r.H/h)
	return Rect{r.X + (r.W-k*w)/2, r.Y + (r.H-k*h)/2, k * w, k * h}
}

// Shape says what area suits a panel.
type Shape int

// The shapes of panels.
const (
	Hidden Shape = iota // nothing to show yet
	Bar                 // the window's whole width, and little height
	Wide                // wider than high
	Tall                // a square and something beneath
	Large               // as tall, with more of the window's width
	Full                // all of the window; nothing else is shown
)

const (
	gap         = 10 // between panels, and around them
	padding     = 14 // between a panel's edge and what it shows
	titleHeight = 40 // of a panel's title, with its padding
	barHeight   = 96
	beneath     = 148  // the height of what a tall panel shows beneath its square
	widest      = 0.46 // of the window, that a tall panel takes
	larger      = 0.56 // that a large one takes
)

// arrange places panels of these shapes in a window of w by h: bars on top of each other, then the wide ones in a
// column beside the tall and large ones, or all in one column where the window is higher than wide.
func arrange(w, h float64, shapes []Shape) []Rect {
	out := make([]Rect, len(shapes))
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
		out[i] = area
		return out
	}
	for _, i := range of(Bar) {
		out[i], area = area.Top(barHeight)
		_, area = area.Top(gap)
	}
	wide, tall, large := of(Wide), of(Tall), of(Large)
	tall = append(tall, large...)
	if len(wide) == 0 || len(tall) == 0 || area.W < area.H {
		column(out, append(wide, tall...), area)
		return out
	}
	width := min(area.H/float64(len(tall))-titleHeight+padding-beneath, widest*area.W)
	if len(large) > 0 {
		width = larger * area.W
	}
	left, right := area.Left(area.W - width)
	left.W -= gap
	column(out, wide, left)
	column(out, tall, right)
	return out
}

// column divides an area among panels, one above the other.
func column(out []Rect, panels []int, area Rect) {
	n := float64(len(panels))
	for k, i := range panels {
		h := (area.H - gap*(n-1)) / n
		out[i] = Rect{area.X, area.Y + float64(k)*(h+gap), area.W, max(0, h)}
	}
}
