package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"genview/models/family"
	"genview/models/film"
	"genview/models/walk"

	"github.com/spf13/cobra"
)

// noise is the kind of walk that goes through random points.
const noise = "noise"

// walkFlags are the flags of genview walk.
type walkFlags struct {
	from, to         string
	kind, ease       string
	loop, corners    bool
	frames, fps      int
	seconds          float64
	grid             string
	truncation       string
	pulses           int
	bends            float64
	first, last      int
	scale            int
	search           bool
	size, columns    int
	captions, labels bool
	resume           bool
	background       string
	latents, out     string
}

func (a *app) walk() *cobra.Command {
	var f walkFlags
	c := &cobra.Command{
		Use:         "walk RUN [STOP…]",
		Annotations: doing("drawing"),
		Short:       "Film a walk through a model's latent space, or through its training",
		Long: `Film a walk through a model's latent space, from stop to stop, or through its training.

Stops are points. ` + walk.Grammar,
		Example: `  genview walk runs/letters seeds:1-5 --loop -o walk.gif
  genview walk runs/letters --from seed:1 --to seed:7 --frames 120 -o walk.gif
  genview walk runs/letters seed:3@step:0 seed:3@step:last -o learned.gif
  genview walk runs/letters --grid 8x8 --corners seeds:1-4 --frames 1 -o corners.png`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, words []string) error {
			if len(words) > 1 && (c.Flags().Changed("from") || c.Flags().Changed("to")) {
				return usageError{errors.New("--from and --to name the stops of a walk without others: give all stops as words, in their order")}
			}
			return a.walks(c, f, words[0], words[1:])
		},
	}
	c.Flags().StringVar(&f.from, "from", "seed:1", "first stop, if none are given as words")
	c.Flags().StringVar(&f.to, "to", "seed:2", "last stop, if none are given as words")
	c.Flags().StringVar(&f.kind, "interp", "slerp", "slerp, lerp, cubic (a curve through all stops), circle (through two) or noise (a loop from one seed:N)")
	c.Flags().StringVar(&f.ease, "ease", "linear", "how it goes from stop to stop: linear, in, out or in-out")
	c.Flags().BoolVar(&f.loop, "loop", false, "go back to the first stop, so that the film repeats without a jump")
	c.Flags().IntVar(&f.frames, "frames", 120, "pictures of the walk")
	c.Flags().Float64Var(&f.seconds, "seconds", 0, "time from stop to stop, in place of --frames")
	c.Flags().IntVar(&f.fps, "fps", 25, "pictures a second")
	c.Flags().StringVar(&f.grid, "grid", "1x1", "COLUMNSxROWS walks side by side, to which the stops are dealt out like cards")
	c.Flags().BoolVar(&f.corners, "corners", false, "only the corners of the grid walk, and the others lie between them")
	c.Flags().StringVar(&f.truncation, "truncation", "1", "pull points to the mean: 0.7, or from one value to another as 0.3:1")
	c.Flags().IntVar(&f.pulses, "pulses", 0, "how often the truncation goes there and back")
	c.Flags().Float64Var(&f.bends, "bends", 2, "how often a walk of noise turns")
	c.Flags().IntVar(&f.first, "first", 0, "first frame to draw")
	c.Flags().IntVar(&f.last, "last", -1, "last frame to draw")
	c.Flags().Lookup("last").DefValue = "that of the walk"
	c.Flags().IntVar(&f.scale, "scale", 0, "magnify pixels so many times (default so that pictures have about 168)")
	c.Flags().BoolVar(&f.search, "search", false, "search for the points of pictures, from what the model encodes them as if it does")
	c.Flags().StringVar(&f.latents, "latents", "", "also write the latent vectors of all frames to this .npy file")
	c.Flags().IntVar(&f.size, "size", 0, "width in pixels that pictures are scaled to smoothly, in place of --scale")
	c.Flags().IntVar(&f.columns, "columns", 0, "pictures in a row of a sheet (default as many as 960 pixels hold)")
	c.Flags().BoolVar(&f.captions, "captions", false, "name the stops below the pictures")
	c.Flags().BoolVar(&f.labels, "labels", false, "name the stops below each walk of a grid")
	c.Flags().StringVar(&f.background, "background", "", "colour between and behind pictures: #rgb, #rrggbb or a name, as white (default black, and dark grey in grids)")
	c.Flags().BoolVar(&f.resume, "resume", false, "draw the frames that the folder of pictures lacks")
	a.addOutput(c.Flags(), &f.out, "walk.gif")
	return c
}

// options returns what flags say of a walk with so many stops.
func (f *walkFlags) options(stops int) (walk.Options, error) {
	o := walk.Options{Frames: f.frames, Kind: f.kind, Ease: f.ease, Closed: f.loop, Corners: f.corners}
	if f.kind == noise {
		o.Kind, o.Closed = "", true
	}
	if n, err := fmt.Sscanf(f.grid, "%dx%d", &o.Columns, &o.Rows); n != 2 || err != nil || f.grid != fmt.Sprintf("%dx%d", o.Columns, o.Rows) || min(o.Columns, o.Rows) < 1 {
		return o, fmt.Errorf("--grid %s: give columns and rows, as 4x3", f.grid)
	}
	var err error
	if o.Sweep, err = f.sweep(); err != nil {
		return o, err
	}
	if f.seconds != 0 {
		walks := o.Columns * o.Rows
		if f.corners {
			walks = 4
		}
		legs := stops/walks - 1
		if f.loop || f.kind == "circle" || f.kind == noise {
			legs++
		}
		frames := f.seconds * float64(f.fps) * float64(max(legs, 1))
		if !(frames >= 1 && frames < 1e9) {
			return o, fmt.Errorf("--seconds %v: give more than 0, for fewer than 10⁹ frames", f.seconds)
		}
		o.Frames = int(math.Round(frames))
	}
	return o, nil
}

// sweep returns the truncation; nil: there is none.
func (f *walkFlags) sweep() (*walk.Sweep, error) {
	s := walk.Sweep{Pulses: f.pulses}
	from, to, two := strings.Cut(f.truncation, ":")
	var errs [2]error
	s.From, errs[0] = strconv.ParseFloat(from, 64)
	if s.To = s.From; two {
		s.To, errs[1] = strconv.ParseFloat(to, 64)
	}
	switch {
	case errors.Join(errs[:]...) != nil:
		return nil, fmt.Errorf("--truncation %s: give a number, as 0.7, or two, as 0.3:1", f.truncation)
	case f.pulses != 0 && s.From == s.To:
		return nil, fmt.Errorf("--pulses %d: the truncation stays at %v: give two values to --truncation, as 0.3:1", f.pulses, s.From)
	case s.From == 1 && s.To == 1:
		return nil, nil
	}
	return &s, nil
}

// check returns an error for flags that are wrong with any stops.
func (f *walkFlags) check() error {
	if kinds := append(walk.KindNames(), noise); !slices.Contains(kinds, f.kind) {
		return fmt.Errorf("--interp %s: choose one of %s%s", f.kind, strings.Join(kinds, ", "), meant(f.kind, kinds))
	}
	if eases := walk.EaseNames(); !slices.Contains(eases, f.ease) {
		return fmt.Errorf("--ease %s: choose one of %s%s", f.ease, strings.Join(eases, ", "), meant(f.ease, eases))
	}
	switch {
	case f.frames < 1:
		return fmt.Errorf("--frames %d: give 1 or more", f.frames)
	case !(f.bends > 0 && f.bends <= walk.MostBends):
		return fmt.Errorf("--bends %v: give more than 0, up to %d", f.bends, walk.MostBends)
	case f.labels && f.grid == "1x1":
		return errors.New("--labels: they are below the walks of a grid: give --grid, or --captions for a single walk")
	case f.fps < 1 || f.fps > 100:
		return fmt.Errorf("--fps %d: give 1 to 100", f.fps)
	case f.scale < 0 || f.scale > 100:
		return fmt.Errorf("--scale %d: give 1 to 100", f.scale)
	case f.size < 0 || f.size > 16384:
		return fmt.Errorf("--size %d: give 1 to 16384", f.size)
	case f.size > 0 && f.scale > 0:
		return errors.New("--size and --scale both say how large pictures are: give one of them")
	case f.columns < 0:
		return fmt.Errorf("--columns %d: give 1 or more", f.columns)
	case f.resume && !strings.HasSuffix(f.out, "/"):
		return fmt.Errorf("--resume: %s is one file, written whole or not at all: give a folder of pictures, as frames/", f.out)
	case f.latents != "" && !strings.HasSuffix(f.latents, ".npy"):
		return fmt.Errorf("--latents %s: the ending must be .npy", f.latents)
	}
	if _, err := colourOf(f.background); err != nil {
		return fmt.Errorf("--background %w", err)
	}
	o, err := f.options(1)
	if err != nil {
		return err
	}
	return o.Check()
}

// stops returns the points that words name, or those of --from and --to.
func (f *walkFlags) stops(ctx context.Context, space *walk.Space, words []string) ([]walk.Stop, error) {
	switch {
	case len(words) == 0 && f.kind == noise:
		words = []string{f.from}
	case len(words) == 0:
		words = []string{f.from, f.to}
	}
	var all []walk.Stop
	for _, text := range words {
		stops, err := space.Stops(ctx, text)
		if err != nil {
			return nil, err
		}
		all = append(all, stops...)
	}
	return all, nil
}

// walk returns the walk through stops.
func (f *walkFlags) walk(stops []walk.Stop) (*walk.Walk, error) {
	o, err := f.options(len(stops))
	if err != nil {
		return nil, err
	}
	if f.kind != noise {
		return walk.New(o, stops...)
	}
	first := stops[0]
	seed, err := strconv.ParseUint(strings.TrimPrefix(first.Name, "seed:"), 10, 64)
	if err != nil || len(stops) > 1 {
		return nil, fmt.Errorf("--interp noise goes through random points, from one seed on, and no other stops: give seed:N, not %s", first.Name)
	}
	return walk.NewNoise(o, len(first.Z), seed, f.bends, first.Step)
}

// frameNumbers returns the frames that are drawn; nil: all.
func (a *app) frameNumbers(f walkFlags, w *walk.Walk) ([]int, error) {
	last := f.last
	if last < 0 {
		last = w.Frames - 1
	}
	if f.first < 0 || f.first > last || last >= w.Frames {
		return nil, fmt.Errorf("--first %d, --last %d: the walk has frames 0 to %d", f.first, last, w.Frames-1)
	}
	if f.first == 0 && last == w.Frames-1 && !f.resume {
		return nil, nil
	}
	var numbers []int
	for i := f.first; i <= last; i++ {
		numbers = append(numbers, i)
	}
	if !f.resume {
		return numbers, nil
	}
	missing, err := film.Missing(f.out, numbers)
	if err != nil {
		return nil, err
	}
	have := slices.DeleteFunc(numbers, func(n int) bool {
		_, missed := slices.BinarySearch(missing, n)
		return missed
	})
	return missing, a.checkResumed(f.out, have)
}

// look returns how a walk is shown, of pictures of a side.
func (f *walkFlags) look(w *walk.Walk, side int) film.Film {
	look := film.Film{FPS: f.fps, Scale: f.scale, Size: f.size, Columns: f.columns}
	look.Background, _ = colourOf(f.background) // checked before
	if f.size == 0 && f.scale == 0 {
		look.Scale = max(1, 168/side/w.Columns)
	}
	if f.captions {
		look.Captions = func(n int) string { return w.Label(w.Time(n)) }
	}
	if f.labels {
		look.Labels = func(n int) []string { return w.CellLabels(w.Time(n)) }
		if f.size == 0 && f.scale == 0 {
			look.Scale = max(look.Scale, 112/side) // room for words
		}
	}
	return look
}

// walks films a walk.
func (a *app) walks(c *cobra.Command, f walkFlags, dir string, words []string) (err error) {
	if err := f.check(); err != nil {
		return usageError{err}
	}
	if err := a.checkOutput(f.out); err != nil {
		return err
	}
	s, m, err := opened[family.Decoder](c.Context(), a, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	space, err := s.Space(f.search, family.Search{Heard: a.console.counter("steps")})
	if err != nil {
		return err
	}
	stops, err := f.stops(c.Context(), space, words)
	if err != nil {
		return err
	}
	if err := errors.Join(otherThan(f.out, space.Files()...), otherThan(f.latents, space.Files()...)); err != nil {
		return err
	}
	w, err := f.walk(stops)
	if err != nil {
		return err
	}
	if f.captions && w.Columns*w.Rows > 1 && !w.Trains() {
		return usageError{errors.New("--captions: a grid of walks has no name of its own: give --labels for those of its walks")}
	}
	shot, err := s.Shot(w)
	if err != nil {
		return err
	}
	if shot.Frames, err = a.frameNumbers(f, w); err != nil {
		return err
	}
	if shot.Frames != nil && len(shot.Frames) == 0 {
		a.console.say("%s has all frames", f.out)
		fmt.Fprintln(a.out, f.out)
		return nil
	}
	var latents [][]float32
	if f.latents != "" {
		shot.Visit = func(z [][]float32) { latents = append(latents, z...) }
	}
	shot.Heard = a.console.counter("pictures")
	_, side, _ := m.Shape()
	made, err := w.Film(c.Context(), m, f.look(w, side), shot)
	if err != nil {
		return err
	}
	if err := a.film(f.out, made); err != nil || f.latents == "" {
		return err
	}
	return walk.WriteLatents(f.latents, latents)
}
