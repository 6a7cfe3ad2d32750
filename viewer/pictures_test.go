package viewer

import (
	"testing"

	"genview/models/watch"
)

// TestRealBesideGenerated: real pictures are drawn as large as generated ones, beside or below them, in panels of all forms.
func TestRealBesideGenerated(t *testing.T) {
	s := &watch.Snapshot{}
	beside(s)
	p, v := &Pictures{name: "Samples"}, s.Views[0].(*watch.Pictures)
	for _, size := range []Point{{750, 230}, {430, 150}, {300, 700}, {2200, 700}, {300, 300}} {
		made, real := p.cells(size, v), p.beside(size, v)
		a, b := made.at(0), real.at(0)
		if a.W != b.W || a.H != b.H || real.cols < 1 {
			t.Errorf("in %v pictures are %v and %v, in %d columns", size, a, b, real.cols)
		}
		last := made.at(len(v.Images) - 1)
		if apart := b.X >= last.X+last.W || b.Y >= last.Y+last.H; !apart || b.X+float64(real.cols)*real.w > size.X || b.Y+b.H > size.Y {
			t.Errorf("in %v the last generated one lies at %v, the first real one at %v", size, last, b)
		}
	}
}
