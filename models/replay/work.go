package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"genview/models/atlas"
	"genview/models/directions"
	"genview/models/family"
	"genview/models/run"
	"genview/models/watch"
)

// work is what takes longer than a look, and needs a session with the weights of a step. It is done by a model of Play, never by that in
// training.
type work struct {
	step int // below 0: the newest
	do   func(ctx context.Context, s *run.Session)
	fail func(err error) // says why it is not done
}

// Numbers of what is looked at: points of a layer's activations, and directions that are found.
const (
	variedPoints = 400
	variedCount  = 8
)

// works does what waits, if the weights for it are there.
func (p *player) works(ctx context.Context) {
	for len(p.work) > 0 && ctx.Err() == nil {
		w := p.work[0]
		ready, err := p.weigh(ctx, w.step)
		if !ready && err == nil {
			return // a session is being opened
		}
		p.work = p.work[1:]
		if err != nil {
			w.fail(err)
			continue
		}
		w.do(ctx, p.session)
		p.decode(ctx) // what waited meanwhile
		p.read(ctx)
	}
}

// weigh loads the weights of a step; below 0: the newest. It is not ready while a session is being opened.
func (p *player) weigh(ctx context.Context, step int) (ready bool, err error) {
	if step < 0 && p.Options.Session != nil {
		return true, p.renew()
	}
	if step < 0 {
		if p.recording == nil {
			return false, errors.New("no weights are recorded yet")
		}
		if _, step, err = p.recording.Key(math.MaxInt); err != nil {
			return false, errors.New("no weights are recorded yet")
		}
	}
	if p.rewound(ctx, step) {
		return true, nil
	}
	if p.opening {
		return false, nil
	}
	if p.failed != nil {
		return false, p.failed
	}
	return false, fmt.Errorf("the weights of step %d are not recorded any more", step)
}

// vary finds the principal components of a layer, or of the latent vectors of held-out pictures.
func (p *player) vary(r watch.Vary) {
	p.work = append(p.work, work{r.Step, func(ctx context.Context, s *run.Session) {
		found, err := components(ctx, s, r.Layer)
		if err != nil {
			r.Reply(nil, err)
			return
		}
		prefix := r.Layer
		if prefix == "" {
			prefix = "z"
		}
		out := &watch.Components{}
		for i, c := range found {
			out.Points = append(out.Points, watch.Point{Name: fmt.Sprintf("%s.pc%d", prefix, i+1), Z: c.Z})
			out.Shares = append(out.Shares, c.Share)
		}
		r.Reply(out, nil)
	}, func(err error) { r.Reply(nil, err) }})
}

func components(ctx context.Context, s *run.Session, layer string) ([]directions.Component, error) {
	if layer != "" {
		m, err := run.As[family.Opened](s)
		if err != nil {
			return nil, err
		}
		return directions.OfLayer(ctx, m, layer, variedPoints, variedCount)
	}
	m, err := run.As[family.Surveyed](s)
	if err != nil {
		return nil, err
	}
	_, z, err := atlas.Encode(ctx, m, variedPoints)
	if err != nil {
		return nil, err
	}
	return directions.PCA(z, z, min(variedCount, len(z[0]), len(z)-1))
}

// survey maps held-out pictures.
func (p *player) survey(r watch.Survey) {
	p.work = append(p.work, work{r.Step, func(ctx context.Context, s *run.Session) {
		m, err := run.As[family.Surveyed](s)
		if err != nil {
			r.Reply(nil, err)
			return
		}
		a, err := atlas.Gather(ctx, m, 0)
		if err != nil {
			r.Reply(nil, err)
			return
		}
		arrange := func() { r.Reply(a, atlas.Arrange(ctx, a, atlas.Options{TSNE: r.TSNE})) }
		if r.TSNE {
			go arrange() // it takes a second, and no model
			return
		}
		arrange()
	}, func(err error) { r.Reply(nil, err) }})
}

// keepDirection keeps a direction with the run.
func (p *player) keepDirection(r watch.KeepDirection) {
	if err := directions.Write(p.Folder.Dir, r.Name, r.Z); err != nil {
		p.say(errors.New(strings.TrimPrefix(err.Error(), "directions: ")))
		return
	}
	p.notice = fmt.Sprintf("kept the direction %s: walks take it as dir:%s", r.Name, r.Name)
	p.publish()
}
