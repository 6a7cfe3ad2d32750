// Package walk makes walks through a latent space, and films of them.
//
//	space := walk.Space{Z: model.Z()}
//	stops, err := space.Stops(ctx, "seeds:1-3")
//	w, err := walk.New(walk.Options{Frames: 120}, stops...)
//	err = film.Write("walk.gif", w.Film(ctx, model, film.Film{FPS: 25, Scale: 4}))
//
// The one idea: a walk is a function from time to latent vectors. A film, a window, a script and a server ask it for the moments that they
// show, and nothing else knows how it goes from stop to stop.
package walk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"
	"strings"

	"genview/models/film"
)

// A Decoder makes pictures from latent vectors, like family.Decoder.
type Decoder interface {
	Z() int                                                       // dimensions of a latent vector
	Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) // one picture for each vector of z [N, Z]
}

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

// A Walk is what Options and stops describe. It may be used by several goroutines.
type Walk struct {
	Frames        int
	Columns, Rows int // of the grid; 1 and 1 for a single walk

	cells  []Path    // of the grid's walks, row by row, or of its four corners
	steps  []float64 // of training at the stops of each walk
	names  []string  // of a single walk's stops
	closed bool
	corner bool
	ease   Ease
	sweep  *Sweep
}

// Most numbers of frames and of walks in a grid.
const (
	mostFrames = 1 << 30
	mostCells  = 10000
)

// New returns a walk through stops. The stops of a grid are dealt out like cards: the first ones are where each of its walks begins. A
// single stop makes a walk that stays there.
func New(o Options, stops ...Stop) (*Walk, error) {
	o.Frames, o.Kind, o.Ease = cmp.Or(o.Frames, 120), cmp.Or(o.Kind, "slerp"), cmp.Or(o.Ease, "linear")
	o.Columns, o.Rows = cmp.Or(o.Columns, 1), cmp.Or(o.Rows, 1)
	kind, ease := Kinds[o.Kind], Eases[o.Ease]
	walks := o.Columns * o.Rows
	if o.Corners {
		walks = 4
	}
	switch {
	case o.Frames < 1 || o.Frames > mostFrames:
		return nil, fmt.Errorf("walk: %d frames make no walk: give 1 to %d", o.Frames, mostFrames)
	case o.Columns < 1 || o.Rows < 1 || o.Columns > mostCells || o.Rows > mostCells || o.Columns*o.Rows > mostCells:
		return nil, fmt.Errorf("walk: a grid of %d × %d: give 1 to %d walks", o.Columns, o.Rows, mostCells)
	case kind == nil:
		return nil, fmt.Errorf("walk: there are no walks of the kind %q, but %s", o.Kind, strings.Join(KindNames(), ", "))
	case ease == nil:
		return nil, fmt.Errorf("walk: there is no ease %q, but %s", o.Ease, strings.Join(EaseNames(), ", "))
	case len(stops) == 0:
		return nil, errors.New("walk: a walk needs stops: give one or more")
	case len(stops)%walks != 0:
		return nil, fmt.Errorf("walk: %d stops cannot be shared out among %d walks: give a multiple of %d, as seeds:1-%d", len(stops), walks, walks, 2*walks)
	}
	if o.Sweep != nil {
		if err := o.Sweep.Check(); err != nil {
			return nil, err
		}
	}
	w := &Walk{
		Frames: o.Frames, Columns: o.Columns, Rows: o.Rows, corner: o.Corners, ease: ease, sweep: o.Sweep,
		closed: o.Closed || o.Kind == "circle",
	}
	for k := range walks {
		var points [][]float32
		var steps []float64
		var names []string
		for i := k; i < len(stops); i += walks {
			points, steps, names = append(points, stops[i].Z), append(steps, float64(stops[i].Step)), append(names, stops[i].Name)
		}
		if k == 0 {
			w.steps, w.names = steps, names
		}
		if !slices.Equal(steps, w.steps) {
			return nil, errors.New("walk: the walks of a grid are at one step of training at any time: name the same steps for all")
		}
		w.cells = append(w.cells, kind(points, o.Closed, ease))
	}
	return w, nil
}

// NewNoise returns a closed walk through random points, or a grid of such walks with seeds that follow each other. bends says how often each
// turns.
func NewNoise(o Options, z int, first uint64, bends float64, step int) (*Walk, error) {
	if !(bends > 0 && bends <= 1000) {
		return nil, fmt.Errorf("walk: a walk with %v bends: give more than 0, up to 1000", bends)
	}
	var stops []Stop
	walks := max(1, o.Columns) * max(1, o.Rows)
	if o.Corners {
		walks = 4
	}
	for range min(walks, mostCells) {
		stops = append(stops, Stop{Z: make([]float32, z), Step: step})
	}
	o.Closed, o.Kind = true, ""
	w, err := New(o, stops...)
	if err != nil {
		return nil, err
	}
	for k := range w.cells {
		w.cells[k] = Noise(first+uint64(k), z, bends)
	}
	return w, nil
}

// Time returns the time of a frame, from 0 to 1. The last frame of a closed walk comes before 1, which is its first again.
func (w *Walk) Time(frame int) float64 {
	if w.closed {
		return float64(frame) / float64(w.Frames)
	}
	return float64(frame) / float64(max(w.Frames-1, 1))
}

// At returns the points at a time, one for each picture of the grid, row by row.
func (w *Walk) At(t float64) [][]float32 {
	var at [][]float32
	for _, p := range w.cells {
		at = append(at, p(t))
	}
	if w.corner {
		corners := [4][]float32(at)
		at = nil
		for y := range w.Rows {
			for x := range w.Columns {
				at = append(at, Bilinear(corners, float64(x)/float64(max(w.Columns-1, 1)), float64(y)/float64(max(w.Rows-1, 1))))
			}
		}
	}
	if w.sweep != nil {
		by := float32(w.sweep.At(t))
		for _, z := range at {
			for i := range z {
				z[i] *= by
			}
		}
	}
	return at
}

// leg returns the stops before and after a time, and the share of the way between them.
func (w *Walk) leg(t float64) (a, b int, share float64) {
	n := len(w.steps)
	count := n - 1
	if w.closed {
		count = n
	}
	if count == 0 {
		return 0, 0, 0
	}
	at := t * float64(count)
	a = min(max(int(at), 0), count-1)
	return a, (a + 1) % n, w.ease(at - float64(a))
}

// Step returns the step of training at a time.
func (w *Walk) Step(t float64) int {
	a, b, share := w.leg(t)
	return int(math.Round(w.steps[a] + (w.steps[b]-w.steps[a])*share))
}

// Label says where a walk is at a time: the names of the stops between which it is, unless it is a grid of walks, and the step of training if
// it leads through more than one.
func (w *Walk) Label(t float64) string {
	var parts []string
	if len(w.cells) == 1 {
		a, b, share := w.leg(t)
		switch {
		case w.names[a] == w.names[b] || share < 1e-6:
			parts = append(parts, w.names[a])
		case share > 1-1e-6:
			parts = append(parts, w.names[b])
		default:
			parts = append(parts, w.names[a]+" → "+w.names[b])
		}
	}
	if w.Trains() {
		parts = append(parts, fmt.Sprintf("step %d", w.Step(t)))
	}
	return strings.Join(parts, ", ")
}

// Trains tells whether the walk leads through more than one step of training.
func (w *Walk) Trains() bool {
	return slices.ContainsFunc(w.steps, func(s float64) bool { return s != w.steps[0] })
}

// Shot says which frames of a walk are drawn, and with which weights.
type Shot struct {
	Frames []int               // which are drawn; nil: all
	Keys   []int               // steps of training of which there are weights, in order; nil: the model has those that it shall have
	Rewind func(key int) error // gives the model the weights of one of the Keys
	Visit  func(z [][]float32) // receives the points of each frame; may be nil
	Heard  func(done, of int)  // receives the number of frames that are drawn; may be nil
}

// key returns the step of the weights that a frame is drawn with: the newest up to its own step, or the first.
func (s Shot) key(w *Walk, frame int) int {
	if len(s.Keys) == 0 {
		return 0
	}
	i, found := slices.BinarySearch(s.Keys, w.Step(w.Time(frame)))
	if !found && i > 0 {
		i--
	}
	return s.Keys[i]
}

// Film returns a film of a walk: f with its pictures and their numbers. It draws while the film is read.
func (w *Walk) Film(ctx context.Context, m Decoder, f film.Film, s Shot) (film.Film, error) {
	f.Frames, f.Numbers = w.Frames, s.Frames
	if s.Frames != nil {
		f.Frames = len(s.Frames)
	}
	for _, n := range s.Frames {
		if n < 0 || n >= w.Frames {
			return film.Film{}, fmt.Errorf("walk: there is no frame %d: the walk has frames 0 to %d", n, w.Frames-1)
		}
	}
	f.FPS = cmp.Or(f.FPS, 25)
	f.Pictures = w.pictures(ctx, m, s, f.Frames)
	return f, nil
}

// drawn is how many pictures are asked for at once, or a few more: waiting for a device takes long.
const drawn = 64

// pictures draws the count frames of a shot.
func (w *Walk) pictures(ctx context.Context, m Decoder, s Shot, count int) iter.Seq2[*image.RGBA, error] {
	number := func(i int) int {
		if s.Frames == nil {
			return i
		}
		return s.Frames[i]
	}
	return func(yield func(*image.RGBA, error) bool) {
		loaded := -1
		for at := 0; at < count; {
			key := s.key(w, number(at))
			if len(s.Keys) > 0 && key != loaded {
				if err := s.Rewind(key); err != nil {
					yield(nil, err)
					return
				}
				loaded = key
			}
			first := at
			var z []float32
			for ; at < count && len(z) < drawn*m.Z() && s.key(w, number(at)) == key; at++ {
				points := w.At(w.Time(number(at)))
				if s.Visit != nil {
					s.Visit(points)
				}
				z = append(z, slices.Concat(points...)...)
			}
			images, err := m.Draw(ctx, z)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range at - first {
				if !yield(w.frame(images, i), ctx.Err()) {
					return
				}
				if s.Heard != nil {
					s.Heard(first+i+1, count)
				}
			}
		}
	}
}

// frame returns picture i of those that were drawn for several frames.
func (w *Walk) frame(images []*image.RGBA, i int) *image.RGBA {
	cells := w.Columns * w.Rows
	if cells == 1 {
		return images[i]
	}
	return film.Grid(images[i*cells:(i+1)*cells], w.Columns, gridPad)
}

// gridPad is the number of pixels around the pictures of a grid.
const gridPad = 1

// Draw draws points, a few at a time. heard receives the number of pictures that are drawn; it may be nil.
func Draw(ctx context.Context, m Decoder, points [][]float32, heard func(done, of int)) ([]*image.RGBA, error) {
	var out []*image.RGBA
	for some := range slices.Chunk(points, drawn) {
		images, err := m.Draw(ctx, slices.Concat(some...))
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if out = append(out, images...); heard != nil {
			heard(len(out), len(points))
		}
	}
	return out, nil
}
