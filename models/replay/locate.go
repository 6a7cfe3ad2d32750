package replay

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"genview/models/data"
	"genview/models/family"
	"genview/models/run"
	"genview/models/watch"
)

// errSuperseded says that a search was ended.
var errSuperseded = errors.New("another picture was given")

// longestSearch is how long a picture is searched for.
const longestSearch = 30 * time.Second

// locate finds the latent vector of a picture.
func (p *player) locate(r watch.Locate) {
	if p.stop != nil {
		p.stop()
	}
	p.work = append(p.work, work{r.Step, func(ctx context.Context, s *run.Session) {
		r.Reply(p.located(ctx, s, r))
	}, func(err error) { r.Reply(nil, err) }})
}

func (p *player) located(ctx context.Context, s *run.Session, r watch.Locate) (*watch.Located, error) {
	m, err := run.As[family.Finder](s)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	picture, err := data.ReadImage(r.Path, c, h, w)
	if err != nil {
		return nil, errors.New(strings.TrimSuffix(strings.TrimPrefix(err.Error(), "data: "), "; mend it or leave it out"))
	}
	if e, ok := m.(family.Encoder); ok {
		z, err := e.Encode(ctx, picture)
		if err != nil {
			return nil, err
		}
		return p.compared(ctx, m, z, picture)
	}
	searching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p.busy, p.stop = true, func() { stop(errSuperseded) }
	defer func() { p.busy, p.stop = false, nil }()
	z, mse, err := m.Find(searching, picture, family.Search{Time: longestSearch, Heard: func(done, of int) {
		if r.Heard != nil {
			r.Heard(done, of)
		}
		p.meanwhile(ctx)
	}})
	switch {
	case errors.Is(context.Cause(searching), errSuperseded):
		return nil, errSuperseded
	case err != nil:
		return nil, fmt.Errorf("%s is not found: %w", filepath.Base(r.Path), err)
	}
	return &watch.Located{Z: z, MSE: mse}, nil
}

// compared returns a latent vector with the difference of its picture and a given one, [C, H, W] in [0, 1].
func (p *player) compared(ctx context.Context, m family.Decoder, z, picture []float32) (*watch.Located, error) {
	drawn, err := m.Draw(ctx, z)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	sum := 0.0
	for k := range c {
		for i := range h * w {
			at := drawn[0].Pix[drawn[0].PixOffset(i%w, i/w)+k]
			d := float64(at)/255 - float64(picture[k*h*w+i])
			sum += d * d
		}
	}
	return &watch.Located{Z: z, MSE: sum / float64(c*h*w)}, nil
}

// meanwhile serves requests during a search, but for those that need other weights, which wait.
func (p *player) meanwhile(ctx context.Context) {
	select {
	case <-p.past.Pending():
		p.past.Serve(0, func(r watch.Request) { p.answer(ctx, r) })
	default:
	}
	if p.Live == nil || p.weights != now {
		return
	}
	select {
	case <-p.Live.Pending():
		p.Live.Serve(0, func(r watch.Request) { p.answerNow(ctx, r) })
	default:
	}
}
