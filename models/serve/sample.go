package serve

import (
	"bytes"
	"context"
	"image"
	"math"

	"genview/models/film"

	"github.com/danielgtaylor/huma/v2"
)

// sampleIn is a request of pictures.
type sampleIn struct {
	Accept string `header:"Accept" hidden:"true"`
	Body   struct {
		Points
		Looks
		Seeds      []uint64 `json:"seeds,omitempty" doc:"Seeds, in place of points" example:"[1,2,3,4]"`
		Truncation *float64 `json:"truncation,omitempty" minimum:"-100" maximum:"100" doc:"Points are multiplied by it; below 1 pulls them to the mean"`
		Format     string   `json:"format,omitempty" doc:"png: one PNG of all pictures; json: a PNG and the latent vector of each. Default: as the header Accept says, else png"`
	}
}

// sampleOut is the answer in JSON.
type sampleOut struct {
	Pictures []samplePicture `json:"pictures"`
}

// samplePicture is one picture of a sample.
type samplePicture struct {
	Name   string    `json:"name" doc:"The point, as it was asked for"`
	Latent []float32 `json:"latent"`
	PNG    []byte    `json:"png" contentEncoding:"base64"`
}

func (s *Server) addSample() {
	add(s, huma.Operation{
		Path: "/v1/sample", Summary: "Pictures of points of the latent space",
		Responses: s.answers("The pictures", sampleOut{}, asPNG, asJSON),
	}, s.sample)
}

func (s *Server) sample(ctx context.Context, in *sampleIn) (*reply, error) {
	if err := s.decodes(); err != nil {
		return nil, err
	}
	b := &in.Body
	as, err := choose(b.Format, in.Accept, asPNG, asJSON)
	if err != nil {
		return nil, err
	}
	if len(b.Seeds) > 0 && len(b.Points.Points)+len(b.Latents) > 0 {
		return nil, wrong("seeds, points and latents each say which: give one of them")
	}
	if len(b.Seeds) > s.o.Pictures {
		return nil, s.tooMany(len(b.Seeds))
	}
	for _, seed := range b.Seeds {
		b.Points.Points = append(b.Points.Points, seedName(seed))
	}
	stops, err := s.stops(ctx, b.Points, "seed:1")
	if err != nil {
		return nil, err
	}
	_, h, w := s.device.shape[0], s.device.shape[1], s.device.shape[2]
	if err := s.check(b.Looks, len(stops), w, h, s.o.Pixels); err != nil {
		return nil, err
	}
	var z []float32
	for _, stop := range stops {
		if b.Truncation != nil {
			for i := range stop.Z {
				stop.Z[i] *= float32(*b.Truncation)
			}
		}
		z = append(z, stop.Z...)
	}
	images, err := s.device.Draw(ctx, z)
	if err != nil {
		return nil, err
	}
	if as == asPNG.name {
		cols := b.Columns
		if cols == 0 {
			cols = int(math.Ceil(math.Sqrt(float64(len(images)))))
		}
		p, err := s.png(ctx, film.Film{Frames: len(images), FPS: 1, Pictures: each(images), Columns: cols, Scale: b.Scale, Size: b.Size, About: s.o.About, Source: film.Trained, Watermark: s.o.Watermark})
		return &reply{asPNG.kind, p}, err
	}
	var out sampleOut
	for i, img := range images {
		f := film.Still(img, film.Trained)
		f.Scale, f.Size, f.About, f.Watermark = b.Scale, b.Size, s.o.About, s.o.Watermark
		p, err := s.png(ctx, f)
		if err != nil {
			return nil, err
		}
		out.Pictures = append(out.Pictures, samplePicture{stops[i].Name, stops[i].Z, p})
	}
	return replyJSON(out)
}

// each yields pictures.
func each(images []*image.RGBA) func(yield func(*image.RGBA, error) bool) {
	return func(yield func(*image.RGBA, error) bool) {
		for _, img := range images {
			if !yield(img, nil) {
				return
			}
		}
	}
}

// png returns a sheet as a PNG. As many are encoded at once as there are cores, each with a megabyte of tables.
func (s *Server) png(ctx context.Context, f film.Film) ([]byte, error) {
	leave, err := s.core(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var b bytes.Buffer
	f.Buffers, f.Quick = s.buffers, true
	err = film.WriteTo(&b, ".png", f)
	return b.Bytes(), err
}
