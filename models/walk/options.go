package walk

import (
	"cmp"
	"fmt"
	"strings"
)

// Options says how a walk goes through its stops. The zero Options are a film of 120 frames along great circles.
type Options struct {
	Frames  int    // default 120
	Kind    string // of [Kinds]; default "slerp"
	Ease    string // of [Eases]; default "linear"
	Closed  bool   // the walk goes back to its first stop, and its last frame is the one before that
	Columns int    // of a grid of walks side by side; 0: one walk
	Rows    int
	Corners bool   // only the grid's corners are walks, and the others lie between them
	Sweep   *Sweep // pulls points to the mean; nil: they stay where they are
}

// Most numbers of frames and of walks in a grid.
const (
	mostFrames = 1 << 30
	mostCells  = 10000
)

// withDefaults returns options without zeros that mean something else.
func (o Options) withDefaults() Options {
	o.Frames, o.Kind, o.Ease = cmp.Or(o.Frames, 120), cmp.Or(o.Kind, "slerp"), cmp.Or(o.Ease, "linear")
	o.Columns, o.Rows = cmp.Or(o.Columns, 1), cmp.Or(o.Rows, 1)
	return o
}

// walks returns the number of walks in the grid.
func (o Options) walks() int {
	if o.Corners {
		return 4
	}
	return o.Columns * o.Rows
}

// closed tells whether the walk ends where it begins.
func (o Options) closed() bool { return o.Closed || o.Kind == "circle" }

// Check returns an error if no stops make a walk with the options.
func (o Options) Check() error {
	o = o.withDefaults()
	switch {
	case o.Frames < 1 || o.Frames > mostFrames:
		return fmt.Errorf("walk: %d frames make no walk: give 1 to %d", o.Frames, mostFrames)
	case o.Columns < 1 || o.Rows < 1 || o.Columns > mostCells || o.Rows > mostCells || o.Columns*o.Rows > mostCells:
		return fmt.Errorf("walk: a grid of %d × %d: give 1 to %d walks", o.Columns, o.Rows, mostCells)
	case Kinds[o.Kind] == nil:
		return fmt.Errorf("walk: there are no walks of the kind %q, but %s", o.Kind, strings.Join(KindNames(), ", "))
	case Eases[o.Ease] == nil:
		return fmt.Errorf("walk: there is no ease %q, but %s", o.Ease, strings.Join(EaseNames(), ", "))
	case o.Sweep == nil:
		return nil
	}
	if err := o.Sweep.Check(); err != nil {
		return err
	}
	if s := o.Sweep; o.closed() && s.From != s.To && s.Pulses == 0 {
		return fmt.Errorf("walk: a loop that begins with a truncation of %v and ends with %v jumps: have it pulse, once or more", s.From, s.To)
	}
	return nil
}
