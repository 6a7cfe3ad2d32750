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
	"image/color"
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

// A Walk is what Options and stops describe. It may be used by several goroutines.
type Walk struct {
	Frames        int
	Columns, Rows int // of the grid; 1 and 1 for a single walk

	cells  []Path     // of the grid's walks, row by row, or of its four corners
	steps  []float64  // of training at the stops of each walk
	names  [][]string // of the stops of each walk
	closed bool
	circle bool
	corner bool
	ease   Ease
	sweep  *Sweep
}

// New returns a walk through stops. The stops of a grid are dealt out like cards: the first ones are where each of its walks begins. A
// single stop makes a walk that stays there.
func New(o Options, stops ...Stop) (*Walk, error) {
	o = o.withDefaults()
	if err := o.Check(); err != nil {
		return nil, err
	}
	walks := o.walks()
	switch {
	case len(stops) == 0:
		return nil, errors.New("walk: a walk needs stops: give one or more")
	case len(stops)%walks != 0:
		return nil, fmt.Errorf("walk: %d stops cannot be shared out among %d walks: give a multiple of %d, as seeds:1-%d", len(stops), walks, walks, 2*walks)
	case o.Kind == "circle" && len(stops) > 2*walks:
		return nil, fmt.Errorf("walk: a circle goes through two stops, and not through %d: take another kind, and close it", len(stops)/walks)
	}
	kind, ease := Kinds[o.Kind], Eases[o.Ease]
	w := &Walk{
		Frames: o.Frames, Columns: o.Columns, Rows: o.Rows, corner: o.Corners, ease: ease, sweep: o.Sweep,
		closed: o.closed(), circle: o.Kind == "circle",
	}
	for k := range walks {
		var points [][]float32
		var steps []float64
		var names []string
		for i := k; i < len(stops); i += walks {
			points, steps, names = append(points, stops[i].Z), append(steps, float64(stops[i].Step)), append(names, stops[i].Name)
		}
		if k == 0 {
			w.steps = steps
		}
		w.names = append(w.names, names)
		if !slices.Equal(steps, w.steps) {
			return nil, errors.New("walk: the walks of a grid are at one step of training at any time: name the same steps for all")
		}
		w.cells = append(w.cells, kind(points, o.Closed, ease))
	}
	return w, nil
}

// MostBends is how often a walk of noise turns at the most.
const MostBends = 1000

// mostNoise bounds the product of walks of noise, their bends and dimensions. Each takes 48 bytes.
const mostNoise = 1 << 23

// NewNoise returns a closed walk through random points, or a grid of such walks with seeds that follow each other. bends says how often each
// turns.
func NewNoise(o Options, z int, first uint64, bends float64, step int) (*Walk, error) {
	o = o.withDefaults()
	o.Closed, o.Kind = true, "slerp"
	if err := o.Check(); err != nil {
		return nil, err
	}
	switch {
	case !(bends > 0 && bends <= MostBends):
		return nil, fmt.Errorf("walk: a walk with %v bends: give more than 0, up to %d", bends, MostBends)
	case float64(o.walks())*bends*float64(z) > mostNoise:
		return nil, fmt.Errorf("walk: %d walks with %v bends in %d dimensions take too much memory: give fewer walks or bends", o.walks(), bends, z)
	}
	var stops []Stop
	for k := range o.walks() {
		stops = append(stops, Stop{Z: make([]float32, z), Step: step, Name: fmt.Sprintf("noise of seed:%d", first+uint64(k))})
	}
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
		parts = append(parts, w.between(w.names[0], t))
	}
	if w.Trains() {
		parts = append(parts, fmt.Sprintf("step %d", w.Step(t)))
	}
	return strings.Join(parts, ", ")
}

// CellLabels says between which stops each walk of a grid is at a time, row by row. Of a grid of which only the corners are walks, they alone
// have names.
func (w *Walk) CellLabels(t float64) []string {
	labels := make([]string, w.Columns*w.Rows)
	at := func(k int) int { return k }
	if w.corner {
		at = func(k int) int { return k/2*(w.Rows-1)*w.Columns + k%2*(w.Columns-1) }
	}
	for k, names := range w.names {
		labels[at(k)] = w.between(names, t)
	}
	return labels
}

// between returns the names of the stops between which a walk is at a time: of a circle, which comes near to them only, of both.
func (w *Walk) between(names []string, t float64) string {
	a, b, share := w.leg(t)
	switch {
	case w.circle:
		return strings.Join(slices.Compact(slices.Clone(names)), ", ")
	case names[a] == names[b] || share < 1e-6:
		return names[a]
	case share > 1-1e-6:
		return names[b]
	}
	return names[a] + " → " + names[b]
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
	f.Frames, f.Numbers, f.Source = w.Frames, s.Frames, film.Trained
	if s.Frames != nil {
		f.Frames = len(s.Frames)
	}
	for _, n := range s.Frames {
		if n < 0 || n >= w.Frames {
			return film.Film{}, fmt.Errorf("walk: there is no frame %d: the walk has frames 0 to %d", n, w.Frames-1)
		}
	}
	f.FPS = cmp.Or(f.FPS, 25)
	if w.Columns*w.Rows > 1 {
		f.Cells, f.Pad = image.Pt(w.Columns, w.Rows), gridPad
	}
	f.Pictures = w.pictures(ctx, m, s, f)
	return f, nil
}

// drawn is how many pictures are asked for at once, or a few more: waiting for a device takes long.
const drawn = 64

// pictures draws the frames of a shot, for a film.
func (w *Walk) pictures(ctx context.Context, m Decoder, s Shot, f film.Film) iter.Seq2[*image.RGBA, error] {
	number := func(i int) int {
		if s.Frames == nil {
			return i
		}
		return s.Frames[i]
	}
	count := f.Frames
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
				if !yield(w.frame(images, i, f.Background), ctx.Err()) {
					return
				}
				if s.Heard != nil {
					s.Heard(first+i+1, count)
				}
			}
		}
	}
}

// frame returns picture i of those that were drawn for several frames; of a grid, on a ground.
func (w *Walk) frame(images []*image.RGBA, i int, ground color.Color) *image.RGBA {
	cells := w.Columns * w.Rows
	if cells == 1 {
		return images[i]
	}
	return film.Grid(images[i*cells:(i+1)*cells], w.Columns, gridPad, ground)
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
