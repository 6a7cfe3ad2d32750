package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"genview/models/train"
	"genview/models/watch"
	"genview/vk"
)

const (
	mostLosses = 3                      // of the device that a training survives
	resetWait  = 500 * time.Millisecond // what a driver is given to reset a device, once more for each loss
)

// train trains to the end, telling the bus where there is one. When the device is lost, which a hang or a reset of its driver does, it is
// opened anew, and training goes on from the newest checkpoint, to the same bits: what was trained since is gone with the device's memory.
func (j *job) train(ctx context.Context, bus *watch.Bus) error {
	for losses := 1; ; losses++ {
		step, err := j.trainFrom(ctx, bus)
		if !errors.Is(err, vk.ErrDeviceLost) || ctx.Err() != nil {
			return err
		}
		if losses > mostLosses {
			return j.giveUp(fmt.Sprintf("lost %d times", losses), err)
		}
		name := j.dev.Info().Name
		_ = j.session.close() // which has nothing to say but that the device is lost
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(losses) * resetWait):
		}
		if err := j.reopen(ctx, name); err != nil {
			return j.giveUp("lost and cannot be opened again", err)
		}
		j.told = fmt.Sprintf("%s was lost at step %d; it is opened anew, and training goes on from step %d", name, step, j.from)
		j.app.notice(j.told)
	}
}

// giveUp says what is left of a run whose device does not come back.
func (j *job) giveUp(what string, err error) error {
	left := "there is no checkpoint yet"
	if _, step, err := j.run.Newest(); err == nil {
		left = fmt.Sprintf("the newest checkpoint is of step %d", step)
	}
	return fmt.Errorf("the device was %s, %s: go on with train --resume %s, on another device with --device (%w)", what, left, j.run.Dir, err)
}

// reopen opens the device of that name anew, and has the model ready to go on from the newest checkpoint of the run.
func (j *job) reopen(ctx context.Context, name string) error {
	dev, err := j.app.open(j.profile.on())
	if err != nil {
		return err
	}
	if now := dev.Info().Name; now != name {
		return errors.Join(fmt.Errorf("%s is gone, and %s has other last bits", name, now), dev.Close())
	}
	s, err := j.app.startOn(dev, j.tuning, j.config)
	if err != nil {
		return err
	}
	if j.profile.on() {
		s.model = profiled{s.model, j.profile}
	}
	from, err := j.run.Load(s.rt, s.model.State())
	if errors.Is(err, train.ErrNoCheckpoint) {
		from, err = 0, nil
	}
	if err == nil {
		_, err = s.begin(ctx, from)
	}
	if err == nil {
		err = j.run.TrimMetrics(from)
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	j.session, j.from = s, from
	return nil
}
