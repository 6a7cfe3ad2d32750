package main

import (
	"context"
	"strings"

	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// weigh begins to find out what a choice needs. The answer to an earlier question is dropped.
func (p *startPage) weigh(r watch.Weigh) {
	p.stop()
	shows := p.shows
	ctx, cancel := context.WithCancel(p.w.looking)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n := p.w.app.needs(ctx, r, &shows)
		select {
		case p.weighed <- n:
		case <-ctx.Done():
		}
	}()
	p.stop = func() {
		cancel()
		<-ended
	}
}

// needs compiles what a choice would train, and looks for an earlier run of the same.
func (a *app) needs(ctx context.Context, r watch.Weigh, page *watch.Snapshot) watch.Needs {
	n := watch.Needs{Name: r.Name, Set: r.Set}
	cfg, _, err := configureChoice(ctx, r.Name, r.Set, page.Learns)
	if err == nil {
		n.Steps = cfg.Steps
		n.Run, n.StepSeconds = earlier(cfg, page.Recent)
		h := a.host()
		h.Say, h.Notice, h.Begin, h.Count, h.Ended = nil, nil, nil, nil, ctx.Err // nothing is begun
		var s *run.Session
		if s, err = h.Start(ctx, cfg); err == nil {
			n.Device, n.Memory = s.Device.Info().Name, s.Device.Memory().Held
			err = s.Close()
		}
	}
	if err != nil {
		n.Problem = oneLine(advise(err))
	}
	return n
}

// earlier returns the newest run that was trained with the settings of cfg, except the number of steps and the seed, and how long its steps
// took; "" if there is none.
func earlier(cfg *run.Config, runs []watch.Recent) (dir string, stepSeconds float64) {
	same := func(c *run.Config) string {
		var all []string
		for _, s := range c.List() {
			switch s.Key {
			case "seed", "steps", "record.budget", "optim.decay":
			default:
				if !s.Found && s.Key != "kernels" && s.Key != "vectors" {
					all = append(all, s.Key+"="+s.Value)
				}
			}
		}
		return c.Kind + "\n" + strings.Join(all, "\n")
	}
	for _, r := range runs {
		folder, err := train.OpenRun(r.Dir)
		if err != nil {
			continue
		}
		c, err := run.Parse(folder.Config())
		if err != nil || same(c) != same(cfg) {
			continue
		}
		records, err := folder.Records()
		if err != nil || len(records) == 0 {
			continue
		}
		if speed := records[len(records)-1].ExamplesPerS; speed > 0 {
			return r.Dir, float64(c.Batch) / speed
		}
	}
	return "", 0
}
