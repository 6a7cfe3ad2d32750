package replay

import (
	"context"
	"fmt"
	"os"
	"slices"

	"genview/models/watch"
)

// following is what Play shows of a run as it is now.
type following struct {
	step    int         // of the views
	metrics os.FileInfo // of the metrics that were read last; nil: none
	logged  int         // their last step
	begun   bool        // something was shown
}

// follow shows the run as it is now if it has changed.
func (p *player) follow(ctx context.Context) {
	f := &p.following
	s := *p.Live.Latest()
	state := watch.Done
	if p.Folder.InUse() {
		state = watch.Following
	}
	measured, viewed := p.measured(&s), p.viewed(ctx, &s)
	if f.begun && !measured && !viewed && state == s.State {
		return
	}
	f.begun = true
	s.State, s.Step = state, max(f.logged, f.step)
	p.Live.Publish(&s)
}

// measured shows the run's metrics if there are new ones, and tells whether there are.
func (p *player) measured(s *watch.Snapshot) bool {
	f := &p.following
	info, err := os.Stat(p.Folder.MetricsPath())
	if err != nil || f.metrics != nil && info.Size() == f.metrics.Size() && info.ModTime().Equal(f.metrics.ModTime()) {
		return false
	}
	h, err := p.Folder.History()
	if err != nil {
		p.say(err)
		return false
	}
	curves := h.Curves()
	f.metrics, f.logged = info, 0
	for _, g := range curves.Groups {
		for _, l := range g.Series {
			if n := len(l.Steps); n > 0 {
				f.logged = max(f.logged, l.Steps[n-1])
			}
		}
	}
	s.Show(curves)
	return true
}

// viewed shows the newest views if there are new ones, and tells whether there are: those of the recording, or those of a checkpoint that is
// newer.
func (p *player) viewed(ctx context.Context, s *watch.Snapshot) bool {
	recorded, saved := -1, -1
	if p.recording != nil {
		recorded = slices.Max(p.recording.Steps())
	}
	if _, at, err := p.Folder.Newest(); err == nil {
		saved = at
	}
	at := max(recorded, saved)
	if at < 0 || at == p.following.step {
		return false
	}
	if p.weights == now {
		p.weights = none
	}
	views, err := p.newest(ctx, at, at == recorded)
	if err != nil {
		p.say(err)
		return false
	}
	p.following.step, s.LookStep = at, at
	s.Show(p.along(views)...)
	return true
}

// newest returns the views of the newest step, which may be recorded.
func (p *player) newest(ctx context.Context, step int, recorded bool) ([]watch.View, error) {
	if recorded {
		m, err := p.at(step)
		if err != nil {
			return nil, err
		}
		if p.wishes.fit(m.Views) {
			return m.Views, nil
		}
		if err := p.renew(); err != nil {
			return nil, err
		}
		return p.reread(ctx, m.Views)
	}
	if err := p.renew(); err != nil {
		return nil, err
	}
	p.wish(ctx)
	views, err := p.session.Model.Look(ctx)
	if err != nil {
		return nil, err
	}
	return p.inspected(ctx, views)
}

// renew loads the weights of now.
func (p *player) renew() error {
	if p.weights == now {
		return nil
	}
	load := p.session.Renew
	if p.Fixed != nil {
		load = p.Fixed
	}
	if err := load(); err != nil {
		p.weights = none
		return fmt.Errorf("the newest weights: %w", err)
	}
	p.weights = now
	return nil
}

// answerNow serves a request for the run as it is now.
func (p *player) answerNow(ctx context.Context, r watch.Request) {
	switch r.(type) {
	case watch.Train, watch.Home:
		if p.Next != nil {
			p.Next(r)
		}
		return
	}
	p.wishes.add(r)
	s := *p.Live.Latest()
	err := p.renew()
	if _, inspects := r.(watch.Inspect); err == nil && inspects {
		s.Views, err = p.inspected(ctx, s.Views)
	} else if err == nil {
		if !p.session.Model.Answer(ctx, r) {
			return
		}
		p.wish(ctx)
		s.Views, err = p.relook(ctx, s.Views)
	}
	if err != nil {
		p.say(err)
		return
	}
	p.Live.Publish(&s)
}
