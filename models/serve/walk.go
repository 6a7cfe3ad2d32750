package serve

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"genview/models/film"
	"genview/models/walk"

	"github.com/danielgtaylor/huma/v2"
)

func seedName(seed uint64) string { return "seed:" + strconv.FormatUint(seed, 10) }

// walkIn is a request of a walk.
type walkIn struct {
	Accept string `header:"Accept" hidden:"true"`
	Body   struct {
		Points
		Looks
		Frames   int     `json:"frames,omitempty" minimum:"1" default:"60" doc:"Pictures of the walk"`
		Interp   string  `json:"interp,omitempty" enum:"slerp,lerp,cubic,circle,noise" default:"slerp" doc:"How it goes through the points"`
		Ease     string  `json:"ease,omitempty" enum:"linear,in,out,in-out" default:"linear"`
		Loop     bool    `json:"loop,omitempty" doc:"Go back to the first point, so that the film repeats without a jump"`
		Grid     [2]int  `json:"grid,omitempty" doc:"Columns and rows of walks side by side, to which the points are dealt out like cards"`
		Corners  bool    `json:"corners,omitempty" doc:"Only the corners of the grid walk, and the others lie between them"`
		From     float64 `json:"truncation_from,omitempty" default:"1" minimum:"-100" maximum:"100" doc:"Truncation at the beginning"`
		To       float64 `json:"truncation_to,omitempty" default:"1" minimum:"-100" maximum:"100" doc:"Truncation at the end"`
		Pulses   int     `json:"pulses,omitempty" minimum:"0" maximum:"1000" doc:"How often the truncation goes there and back"`
		Bends    float64 `json:"bends,omitempty" default:"2" doc:"How often a walk of noise turns"`
		FPS      int     `json:"fps,omitempty" minimum:"1" maximum:"100" default:"25" doc:"Pictures a second"`
		Captions bool    `json:"captions,omitempty" doc:"Name the points below the pictures"`
		Format   string  `json:"format,omitempty" doc:"apng, gif, webp, or png for a sheet of all frames. Default: as the header Accept says, else apng"`
	}
}

// Formats of films.
var films = []format{{"apng", "image/apng"}, {"gif", "image/gif"}, {"webp", "image/webp"}, asPNG}

func (s *Server) addWalk() {
	add(s, huma.Operation{
		Path: "/v1/walk", Summary: "A film of a walk through the latent space",
		Responses: s.answers("The film", nil, films...),
	}, s.walk)
}

func (s *Server) walk(ctx context.Context, in *walkIn) (*stream, error) {
	if err := s.decodes(); err != nil {
		return nil, err
	}
	b := &in.Body
	as, err := choose(b.Format, in.Accept, films...)
	if err != nil {
		return nil, err
	}
	stops, err := s.stops(ctx, b.Points, "seeds:1,2")
	if err != nil {
		return nil, err
	}
	w, err := newWalk(in, stops)
	if err != nil {
		return nil, wrong("%v", err)
	}
	if cells := w.Columns * w.Rows; w.Frames > s.o.Pictures/cells {
		return nil, wrong("%d frames of %d pictures are too many: ask for %d pictures at most at a time", w.Frames, cells, s.o.Pictures)
	}
	height, width := s.device.shape[1]*w.Rows, s.device.shape[2]*w.Columns
	if err := s.check(b.Looks, 1, width, height, s.o.Pixels/4); err != nil { // a few frames are in memory
		return nil, err
	}
	if err := s.check(b.Looks, w.Frames, width, height, 8*s.o.Pixels); err != nil {
		return nil, err
	}
	f := film.Film{FPS: b.FPS, Scale: b.Scale, Size: b.Size, Columns: b.Columns, About: s.o.About, Watermark: s.o.Watermark, Buffers: s.buffers}
	if b.Captions {
		f.Captions = func(n int) string { return w.Label(w.Time(n)) }
	}
	f, err = w.Film(ctx, s.device, f, walk.Shot{})
	if err != nil {
		return nil, err
	}
	kind := ""
	for _, f := range films {
		if f.name == as {
			kind = f.kind
		}
	}
	return s.streaming(kind, func(to *begun) error {
		select {
		case s.films <- struct{}{}:
			defer func() { <-s.films }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		return film.WriteTo(to, "."+as, f)
	}), nil
}

// newWalk returns the walk that a request describes.
func newWalk(in *walkIn, stops []walk.Stop) (*walk.Walk, error) {
	b := &in.Body
	o := walk.Options{Frames: b.Frames, Kind: b.Interp, Ease: b.Ease, Closed: b.Loop, Columns: b.Grid[0], Rows: b.Grid[1], Corners: b.Corners}
	if b.From != 1 || b.To != 1 {
		o.Sweep = &walk.Sweep{From: b.From, To: b.To, Pulses: b.Pulses}
	}
	if b.Interp != "noise" {
		return walk.New(o, stops...)
	}
	seed, err := strconv.ParseUint(strings.TrimPrefix(stops[0].Name, "seed:"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a walk of noise goes through random points from a seed on: give seed:N as its first point, not %s", stops[0].Name)
	}
	return walk.NewNoise(o, len(stops[0].Z), seed, b.Bends, stops[0].Step)
}
