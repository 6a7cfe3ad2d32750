// Package walk makes walks through a latent space: paths, and films of them.
package walk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"genview/models/film"
)

// Point returns the latent vector that a text describes: "seed:7" draws it from N(0, 1), the same on every machine; "file:z.json" reads an
// array of z numbers.
func Point(text string, z int) ([]float32, error) {
	kind, arg, _ := strings.Cut(text, ":")
	switch kind {
	case "seed":
		seed, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("walk: %q: the seed must be a whole number from 0 to 2⁶⁴−1, as in seed:7", text)
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		out := make([]float32, z)
		for i := range out {
			out[i] = float32(rng.NormFloat64())
		}
		return out, nil
	case "file":
		v, err := readPoint(arg, z)
		if err != nil {
			return nil, fmt.Errorf("walk: %s %w", arg, err)
		}
		return v, nil
	}
	return nil, fmt.Errorf("walk: %q names no point: use seed:N or file:PATH", text)
}

// readPoint reads an array of z numbers. An error is the end of a sentence that begins with the file's name.
func readPoint(path string, z int) ([]float32, error) {
	info, err := os.Stat(path)
	switch most := 1<<16 + 100*int64(z); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("is not there")
	case err == nil && !info.Mode().IsRegular():
		return nil, errors.New("is no file: it is a folder, a pipe or a device")
	case err == nil && info.Size() > most:
		return nil, fmt.Errorf("has %d bytes, too many for %d numbers", info.Size(), z)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	p = bytes.TrimPrefix(p, []byte("\ufeff")) // a byte order mark, as some editors write it
	if !json.Valid(p) {
		return nil, fmt.Errorf("is no JSON: it must be an array of %d numbers, as [0.5, -1, …]", z)
	}
	v, err := numbers(p)
	if err != nil {
		return nil, err
	}
	if len(v) != z {
		return nil, fmt.Errorf("has %d numbers, the model's z has %d", len(v), z)
	}
	return v, nil
}

// numbers returns the numbers of a JSON array, which may be the only element of another array, as for a batch of one point.
func numbers(p []byte) ([]float32, error) {
	var all []json.RawMessage
	for depth := 0; ; depth++ {
		if err := json.Unmarshal(p, &all); err != nil || all == nil || depth > 3 {
			return nil, errors.New("is no JSON array of numbers")
		}
		if len(all) != 1 || all[0][0] != '[' {
			break
		}
		p = all[0]
	}
	out := make([]float32, len(all))
	for i, x := range all {
		f, err := strconv.ParseFloat(string(x), 32) // json.Valid rejects NaN and Inf
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, fmt.Errorf("has a number that float32 does not hold, as number %d", i+1)
		case err != nil && x[0] == '[':
			return nil, fmt.Errorf("holds more than one array: give the numbers of one point")
		case err != nil:
			return nil, fmt.Errorf("has %s where number %d should be", kindOf(x[0]), i+1)
		}
		out[i] = float32(f)
	}
	return out, nil
}

// kindOf names the kind of JSON value that begins with a character, except for numbers.
func kindOf(first byte) string {
	switch first {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case 'n':
		return "null"
	}
	return "true or false"
}

// Interp interpolates from a (t = 0) to b (t = 1).
type Interp func(a, b []float32, t float64) []float32

// Interps are the interpolations by name.
var Interps = map[string]Interp{"lerp": Lerp, "slerp": Slerp}

// Lerp interpolates along the straight line.
func Lerp(a, b []float32, t float64) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32((1-t)*float64(a[i]) + t*float64(b[i]))
	}
	return out
}

// Slerp interpolates along the great circle (Shoemake 1985), with a length between those of a and b: random points of many dimensions all
// lie near one sphere, which the straight line between two of them leaves.
func Slerp(a, b []float32, t float64) []float32 {
	var aa, bb, ab float64
	for i := range a {
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
		ab += float64(a[i]) * float64(b[i])
	}
	la, lb := math.Sqrt(aa), math.Sqrt(bb)
	angle := math.Acos(min(max(ab/(la*lb), -1), 1))
	if !(la > 0 && lb > 0) || math.Sin(angle) < 1e-4 { // parallel: there is no unique circle
		return Lerp(a, b, t)
	}
	length := (1-t)*la + t*lb
	p, q := math.Sin((1-t)*angle)/math.Sin(angle)*length/la, math.Sin(t*angle)/math.Sin(angle)*length/lb
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32(p*float64(a[i]) + q*float64(b[i]))
	}
	return out
}

// Path returns a path of frames points through all stops, at least two, with equal distances in time between neighbours; the first and the
// last stop are its ends. point(i) is point i, from 0 to frames−1.
func Path(stops [][]float32, frames int, f Interp) (point func(i int) []float32, err error) {
	if frames < 1 {
		return nil, fmt.Errorf("walk: %d frames make no walk: give 1 or more", frames)
	}
	return func(i int) []float32 {
		at := float64(i) / float64(max(frames-1, 1)) * float64(len(stops)-1)
		k := min(int(at), len(stops)-2)
		return f(stops[k], stops[k+1], at-float64(k))
	}, nil
}

// A Decoder makes pictures from latent vectors, like family.Decoder.
type Decoder interface {
	Z() int                                                       // dimensions of a latent vector
	Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) // one picture for each vector of z [N, Z]
}

// Options says how to film a walk. Zero values mean defaults.
type Options struct {
	Frames int                // number of pictures; default 120
	FPS    int                // pictures per second; default 25
	Scale  int                // magnification of pixels; default 1
	Interp Interp             // between stops; default [Slerp]
	Heard  func(done, of int) // receives the number of pictures that are drawn; may be nil
}

// Through films a walk through stops, at least two, in the form of [Point]. It draws pictures while the film is read.
func Through(ctx context.Context, m Decoder, stops []string, o Options) (film.Film, error) {
	o = Options{cmp.Or(o.Frames, 120), cmp.Or(o.FPS, 25), cmp.Or(o.Scale, 1), o.Interp, o.Heard}
	if o.Interp == nil {
		o.Interp = Slerp
	}
	if o.Heard == nil {
		o.Heard = func(int, int) {}
	}
	if len(stops) < 2 {
		return film.Film{}, fmt.Errorf("walk: a walk leads from one stop to others, and there are only %d", len(stops))
	}
	var points [][]float32
	for _, text := range stops {
		p, err := Point(text, m.Z())
		if err != nil {
			return film.Film{}, err
		}
		points = append(points, p)
	}
	path, err := Path(points, o.Frames, o.Interp)
	return film.Film{Frames: o.Frames, FPS: o.FPS, Scale: o.Scale, Pictures: Along(ctx, m.Draw, path, o.Frames, o.Heard)}, err
}

// Along draws n points, a few at a time, because waiting for a device takes long. heard receives the number of pictures that are drawn.
func Along(ctx context.Context, draw func(ctx context.Context, z []float32) ([]*image.RGBA, error), point func(i int) []float32, n int,
	heard func(done, of int),
) iter.Seq2[*image.RGBA, error] {
	const batch = 16
	return func(yield func(*image.RGBA, error) bool) {
		for at := 0; at < n; at += batch {
			heard(at, n)
			var z []float32
			for i := at; i < min(at+batch, n); i++ {
				z = append(z, point(i)...)
			}
			images, err := draw(ctx, z)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, img := range images {
				if !yield(img, ctx.Err()) {
					return
				}
			}
		}
	}
}
