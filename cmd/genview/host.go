package main

import (
	"context"
	"errors"
	"fmt"

	"genview/models/data"
	"genview/models/encrypt"
	"genview/models/family"
	"genview/models/run"
	"genview/models/settings"
	"genview/models/train"
	"genview/vk"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// host returns the host for models, whose messages go to the console.
func (a *app) host() run.Host {
	return run.Host{
		Program: "genview " + version + commit(), Trust: a.trust, Secret: a.secret, Device: a.device, CacheDir: cacheDir(), Without: a.without(), NoTuning: a.noTune, KeepWidth: a.widthSet,
		Options: func(o *vk.Options) { o.Fail, o.Extensions = a.fail, a.extensions },
		Say:     func(line string) { a.console.say("%s", line) },
		Notice:  a.notice,
		Begin:   func(what string) func() { return a.console.begin(what).end },
		Count:   a.console.count,
		Ended: func() error {
			if a.ended == nil {
				return nil
			}
			return a.ended()
		},
	}
}

// notice prints a warning.
func (a *app) notice(text string) { a.console.say("genview: %s", oneLine(errors.New(text))) }

// addAccept adds the flag that accepts changed data.
func addAccept(fl *pflag.FlagSet, accept *bool) {
	fl.BoolVar(accept, "accept-data", false, "take the data as they are, although they are not those that the run began with")
}

// addPlace adds the flags for the present place of a run's data.
func addPlace(fl *pflag.FlagSet, p *run.Place) {
	fl.StringVar(&p.Data, "data", "", "where the run's text or folder of pictures is now (default: where it was)")
	fl.StringVar(&p.Dir, "data-dir", "", "where the files of the run's data set are now")
	addAccept(fl, &p.Accept)
}

// load opens a run with its newest weights, or with those that --checkpoint or --recorded names.
func (a *app) load(ctx context.Context, dir string) (*run.Session, error) {
	s, err := a.host().Open(ctx, dir, a.checkpoint, a.place)
	a.loaded = s
	if err != nil || a.recorded < 0 {
		return s, err
	}
	if err := s.Rewind(a.recorded); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	a.console.say("with the weights that the recording has of step %d", s.Step)
	return s, nil
}

// opened opens a run for a command that needs an ability of its model.
func opened[Ability any](ctx context.Context, a *app, dir string) (*run.Session, Ability, error) {
	s, err := a.load(ctx, dir)
	if err != nil {
		var none Ability
		return nil, none, err
	}
	m, err := run.As[Ability](s)
	if err != nil {
		return nil, m, errors.Join(err, s.Close())
	}
	return s, m, nil
}

// flagOf maps settings to their flags, if they have one besides --set.
var flagOf = map[string]string{
	"data.name": "--data", "data.dir": "--data-dir", "steps": "--steps", "batch": "--batch", "precision": "--precision", "seed": "--seed",
	"save.every": "--save-every", "save.keep": "--keep", "eval.patience": "--patience",
}

// typed converts an error about settings that a user typed: it names their flags.
func typed(err error) error {
	inner := err
	if errors.Is(err, run.ErrInvalid) {
		inner = errors.Unwrap(err)
	}
	bad, ok := inner.(*settings.Error)
	switch {
	case ok && flagOf[bad.Key] != "":
		return usageError{&settings.Error{Key: flagOf[bad.Key], Problem: bad.Problem}}
	case ok || errors.Is(err, run.ErrInvalid):
		return usageError{err}
	}
	return err
}

// advise adds the remedy on the command line to an error.
func advise(err error) error {
	var done *run.StepsError
	var kernels *run.KernelsError
	var lost *run.LostError
	var none *vk.NoDeviceError
	var memory *vk.MemoryError
	var damaged *train.DamagedError
	var place *run.PlaceError
	var untrusted *train.UntrustedError
	switch {
	case err == nil:
	case errors.As(err, &done):
		return usageError{fmt.Errorf("--steps %d: %s is at step %d already; give more steps than that, or go back with --checkpoint", done.Steps, done.Dir, done.At)}
	case errors.As(err, &untrusted) && untrusted.Trusted >= 0:
		return fmt.Errorf("%w (--checkpoint %d)", err, untrusted.Trusted)
	case errors.Is(err, encrypt.ErrNoKey):
		return fmt.Errorf("%w (--identity FILE, or the passphrase in %s)", err, passphraseVariable)
	case errors.As(err, &place):
		return typed(place.Err)
	case errors.As(err, &kernels):
		return fmt.Errorf("%w (--device)", err)
	case errors.As(err, &lost):
		return fmt.Errorf("the device was %s, %s: go on with train --resume %s, on another device with --device (%w)", lost.What, lost.Left, lost.Dir, lost.Why)
	case errors.As(err, &none):
		return fmt.Errorf("%w%s", err, meant(none.Asked, wordsOf(none.Devices)))
	case errors.As(err, &memory) && !errors.Is(err, run.ErrTooLarge):
		return fmt.Errorf("%w: try a smaller --batch", err)
	case errors.As(err, &damaged) && damaged.Whole >= 0:
		return fmt.Errorf("%w: take it with --checkpoint %d", err, damaged.Whole)
	case errors.Is(err, train.ErrTaken):
		return fmt.Errorf("%w (--out FOLDER, --resume RUN)", err)
	case errors.Is(err, train.ErrNoCheckpoint):
		return fmt.Errorf("%w (train --resume RUN)", err)
	case errors.Is(err, data.ErrChanged):
		return fmt.Errorf("%w: put that back, or say with --data where it is; or take this by --accept-data", err)
	case errors.Is(err, data.ErrPipe):
		return usageError{fmt.Errorf("%w, by --data FILE", err)}
	case errors.Is(err, run.ErrTimeless):
		return fmt.Errorf("%w: leave out --profile and --trace", err)
	case errors.Is(err, family.ErrTooMany):
		return usageError{err}
	}
	return err
}

// advised applies advise to a command and its subcommands.
func advised(c *cobra.Command) {
	if do := c.RunE; do != nil {
		c.RunE = func(c *cobra.Command, words []string) error { return advise(do(c, words)) }
	}
	for _, below := range c.Commands() {
		advised(below)
	}
}
