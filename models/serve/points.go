package serve

import (
	"context"
	"math"
	"net/http"

	"genview/models/family"
	"genview/models/run"
	"genview/models/walk"
)

// Points are what a request names points of the latent space by.
type Points struct {
	Points  []string    `json:"points,omitempty" doc:"Texts that name points: seed:7, seeds:1,5-9, mean, dir:NAME, and sums such as seed:1+0.5*seed:2. Files are not read." example:"[\"seeds:1-16\"]"`
	Latents [][]float32 `json:"latents,omitempty" doc:"Latent vectors, in place of points"`
}

// space returns the latent space of the session's model; texts of clients name no files.
func (s *Server) space() (*walk.Space, error) {
	space, err := s.session.Space(false, family.Search{})
	if err != nil {
		return nil, err
	}
	space.NoFiles, space.Most = true, s.o.Pictures
	return space, nil
}

// longestPoint is how many characters of a text that names a point are read.
const longestPoint = 500

// stops returns the points that a request names. usual is named if it names none.
func (s *Server) stops(ctx context.Context, p Points, usual string) ([]walk.Stop, error) {
	space, err := s.space()
	if err != nil {
		return nil, err
	}
	if len(p.Points) > 0 && len(p.Latents) > 0 {
		return nil, wrong("points and latents both say which: give one of them")
	}
	var out []walk.Stop
	if len(p.Points) == 0 && len(p.Latents) == 0 {
		p.Points = []string{usual}
	}
	for i, text := range p.Points {
		if len(text) > longestPoint {
			return nil, wrong("points[%d] has %d characters: %d are read at most", i, len(text), longestPoint)
		}
		some, err := space.Stops(ctx, text)
		if err != nil {
			return nil, wrong("%v", err)
		}
		if some[0].Step != s.session.Step {
			return nil, wrong("%q: the server has the weights of step %d alone: genview serve --recorded shows others", shortened(text), s.session.Step)
		}
		if out = append(out, some...); len(out) > s.o.Pictures {
			return nil, s.tooMany(len(out))
		}
	}
	for i, z := range p.Latents {
		if len(z) != space.Z {
			return nil, wrong("latents[%d] has %d numbers, the model's z has %d", i, len(z), space.Z)
		}
		if i >= s.o.Pictures {
			return nil, s.tooMany(len(p.Latents))
		}
		for _, x := range z {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return nil, wrong("latents[%d] has %v: give numbers that float32 holds", i, x)
			}
		}
		out = append(out, walk.Stop{Z: z, Step: s.session.Step, Name: "latent"})
	}
	return out, nil
}

// tooMany refuses pictures.
func (s *Server) tooMany(n int) error {
	return wrong("%d pictures are too many: ask for %d at most at a time", n, s.o.Pictures)
}

// Looks are what a request says of how pictures look.
type Looks struct {
	Scale   int `json:"scale,omitempty" minimum:"1" maximum:"64" doc:"Each pixel is shown as scale × scale pixels"`
	Size    int `json:"size,omitempty" minimum:"1" maximum:"8192" doc:"Width in pixels that each picture is scaled to smoothly, in place of scale"`
	Columns int `json:"columns,omitempty" minimum:"1" maximum:"4096" doc:"Pictures in a row"`
}

// check returns an error for what is wrong with looks of pictures count × w × h pixels large.
func (s *Server) check(l Looks, count, w, h, most int) error {
	if l.Scale > 0 && l.Size > 0 {
		return wrong("scale and size both say how large pictures are: give one of them")
	}
	by := float64(max(1, l.Scale))
	if l.Size > 0 {
		by = float64(l.Size) / float64(w)
	}
	if pixels := float64(count) * float64(w) * float64(h) * by * by; pixels > float64(most) {
		return wrong("%.0f pixels are too many: ask for fewer or smaller pictures, of %d at most in all", pixels, most)
	}
	return nil
}

// decoder returns an error if the model decodes no pictures.
func (s *Server) decodes() error {
	_, err := run.As[family.DeviceDecoder](s.session)
	return err
}

var (
	_ walk.Decoder = (*device)(nil)
	_ http.Handler = (*Server)(nil)
)
