package main

import (
	"context"
	"fmt"

	"genview/models/telemetry"
)

// tells begins to tell Prometheus of trainings, if it was asked for and has not begun, until ctx ends.
func (a *app) tells(ctx context.Context) error {
	if a.telemetry == "" || a.meter != nil {
		return nil
	}
	l, err := telemetry.Listen(a.telemetry)
	if err != nil {
		return fmt.Errorf("--metrics: %w", err)
	}
	a.console.say("telling Prometheus at http://%s/metrics; /grafana.json is a dashboard", l.Addr())
	if !telemetry.Local(l) {
		a.notice("other machines can read the metrics: they need no password")
	}
	a.meter = telemetry.New()
	go func() {
		if err := a.meter.Serve(ctx, l); err != nil {
			a.notice(fmt.Sprintf("Prometheus is told nothing any more: %v; training goes on", err))
		}
	}()
	return nil
}

// about says of what the job is a training.
func (j *job) about() telemetry.About {
	s := j.Snapshot(j.What)
	return telemetry.About{
		Run: s.Title, Model: j.Title(), Data: s.Data, Device: s.Device, From: j.Step, Steps: s.Steps, Batch: j.Config.Batch,
		Memory: func() (used, held int64) {
			m := j.Device.Memory()
			return m.Used, m.Held
		},
	}
}
