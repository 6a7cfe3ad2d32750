package walk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Stop is a point that a walk goes through.
type Stop struct {
	Z    []float32
	Step int    // of training: the weights that draw it
	Name string // as it was asked for
}

// A Space is a latent space whose points texts can name.
type Space struct {
	Z         int                                                       // dimensions
	Step      int                                                       // of the model's weights; stops that name no step have it
	Find      func(ctx context.Context, file string) ([]float32, error) // the point of a picture file; nil: pictures have none
	Direction func(name string) ([]float32, error)                      // a direction by its name; nil: there are none
	NoFiles   bool                                                      // image:FILE and z:FILE are refused, because others write the texts
	Most      int                                                       // points that one text may name; 0: 100,000

	found map[string][]float32 // by picture file
	files []string             // that were read
}

// Files returns the files that points were read from.
func (s *Space) Files() []string { return s.files }

// Grammar says how texts name points.
const Grammar = `seed:7 is random, and the same everywhere; seeds:1,5-9 are several; image:FILE is found for a picture;
z:FILE holds numbers (.npy, .json, .safetensors; of several points all, or one: z:walk.npy[3]); mean is the centre;
dir:NAME is a direction of the run. They are added, subtracted, and multiplied by numbers:
"seed:1+0.5*(image:a.png-image:b.png)", "seed:3-2*dir:pc1". Names with other characters stand in quotes: image:"a b.png".
@step:1000 or @step:last after a point draws it as the model did then, from the run's recording.`

// Seed returns the point of a seed: z numbers from N(0, 1), the same on every machine.
func Seed(seed uint64, z int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, z)
	for i := range out {
		out[i] = float32(rng.NormFloat64())
	}
	return out
}

// mostStops is the usual largest number of points that one text may name.
const mostStops = 100000

// Stops returns the points that a text names, in the form of [Grammar]. It is for one goroutine.
func (s *Space) Stops(ctx context.Context, text string) ([]Stop, error) {
	stops, err := s.stops(ctx, text)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("walk: %q: %w", brief(text), err)
	}
	return stops, err
}

// Point returns the only point that a text names.
func (s *Space) Point(ctx context.Context, text string) ([]float32, error) {
	stops, err := s.Stops(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case len(stops) != 1:
		return nil, fmt.Errorf("walk: %q names %d points, where one is meant", brief(text), len(stops))
	case stops[0].Step != s.Step:
		return nil, fmt.Errorf("walk: %q names a step of training, where only a point is meant", brief(text))
	}
	return stops[0].Z, nil
}

func (s *Space) stops(ctx context.Context, text string) ([]Stop, error) {
	where, step := strings.TrimSpace(text), s.Step
	if i := strings.LastIndex(where, "@step:"); i >= 0 {
		at := where[i+len("@step:"):]
		n, err := strconv.Atoi(at)
		switch {
		case at == "last":
		case err != nil || n < 0:
			return nil, fmt.Errorf("@step:%s: give a step of training, as in seed:3@step:1000, or @step:last", brief(at))
		case n > s.Step:
			return nil, fmt.Errorf("@step:%d: the run is at step %d", n, s.Step)
		default:
			step = n
		}
		where = where[:i]
	}
	if list, ok := strings.CutPrefix(where, "seeds:"); ok {
		return s.seeds(list, step)
	}
	if path, ok := fileOf(where); ok && path != "" {
		all, err := s.latents(path)
		if err != nil {
			return nil, err
		}
		if most := cmp.Or(s.Most, mostStops); len(all) > most {
			return nil, fmt.Errorf("has %d points, of which %d are taken at most", len(all), most)
		}
		var out []Stop
		for i, z := range all {
			out = append(out, Stop{z, step, fmt.Sprintf("z:%s[%d]", filepath.Base(path), i)})
		}
		if len(out) == 1 {
			out[0].Name = "z:" + filepath.Base(path)
		}
		return out, nil
	}
	p := parser{space: s, ctx: ctx, rest: where}
	z, err := p.whole()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(z, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }) {
		return nil, errors.New("its numbers are too large for float32")
	}
	return []Stop{{z, step, where}}, nil
}

// fileOf returns the path of a text that is a file of points and nothing else.
func fileOf(text string) (path string, ok bool) {
	p := parser{rest: text}
	kind, arg, ok := p.named()
	return arg, ok && (kind == "z" || kind == "file") && p.rest == ""
}

// seeds returns the points of a list of seeds and ranges of them, such as 1,5-9.
func (s *Space) seeds(list string, step int) ([]Stop, error) {
	var out []Stop
	most := cmp.Or(s.Most, mostStops)
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		a, err := parseSeed(first)
		b := a
		if err == nil && isRange {
			b, err = parseSeed(last)
		}
		switch {
		case err != nil:
			return nil, err
		case b < a:
			return nil, fmt.Errorf("seeds %s: the range ends before it begins", brief(part))
		case b-a >= uint64(most) || len(out)+int(b-a) >= most:
			return nil, fmt.Errorf("these are more than %d seeds", most)
		}
		for n := a; ; n++ {
			out = append(out, Stop{Seed(n, s.Z), step, fmt.Sprintf("seed:%d", n)})
			if n == b {
				break
			}
		}
	}
	return out, nil
}

func parseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the seed %q must be a whole number from 0 to 2⁶⁴−1, as in seed:7", brief(text))
	}
	return seed, nil
}

// named returns the point that a kind and a name stand for.
func (s *Space) named(ctx context.Context, kind, arg string) ([]float32, error) {
	switch kind {
	case "mean":
		return make([]float32, s.Z), nil
	case "seed":
		n, err := parseSeed(arg)
		if err != nil {
			return nil, err
		}
		return Seed(n, s.Z), nil
	case "seeds":
		return nil, errors.New("several seeds are no part of a sum: use seed:N")
	case "image":
		return s.image(ctx, arg)
	case "dir":
		if s.Direction == nil {
			return nil, fmt.Errorf("there is no direction %q", arg)
		}
		v, err := s.Direction(arg)
		if err == nil && len(v) != s.Z {
			err = fmt.Errorf("the direction %q %w", arg, wrongLength(len(v), s.Z))
		}
		return v, err
	}
	return nil, fmt.Errorf("%q names no kind of point: use seed:N, seeds:1,5-9, image:FILE, z:FILE, mean or dir:NAME", kind+":")
}

// errNoFiles refuses a point that is in a file.
var errNoFiles = errors.New("no files are read here: give the numbers of the point")

// latents returns the points of a file.
func (s *Space) latents(path string) ([][]float32, error) {
	if s.NoFiles {
		return nil, errNoFiles
	}
	s.files = append(s.files, path)
	return allLatents(path, s.Z)
}

// image finds the point of a picture, once for each file.
func (s *Space) image(ctx context.Context, file string) ([]float32, error) {
	if z, ok := s.found[file]; ok {
		return z, nil
	}
	if s.NoFiles {
		return nil, errNoFiles
	}
	if s.Find == nil {
		return nil, errors.New("the model finds no points for pictures")
	}
	s.files = append(s.files, file)
	z, err := s.Find(ctx, file)
	if err != nil {
		return nil, err
	}
	if s.found == nil {
		s.found = map[string][]float32{}
	}
	s.found[file] = z
	return z, nil
}
