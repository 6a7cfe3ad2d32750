package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"genview/models/nn"
	"genview/models/train"
	"genview/vk"
)

// What stands for the step of a checkpoint of a run.
const (
	Newest = -1 // the newest
	Best   = -2 // the best on held-out data
)

// stepOf returns the step of the best checkpoint for [Best], and others as they are.
func stepOf(folder *train.Run, checkpoint int) (int, error) {
	if checkpoint != Best {
		return checkpoint, nil
	}
	step, _, err := folder.Best()
	return step, err
}

// A Place says where the data of a run are now, if they have moved, and whether changed data are accepted.
type Place struct {
	Data, Dir string // empty: where config.yaml says
	Accept    bool
}

// apply changes the paths in the configuration of a run in a folder to those of a place.
func (p Place) apply(c *Config, dir string) error {
	source := c.Settings.Source()
	if source == nil {
		return nil
	}
	if k, ok := source.(keeper); ok {
		k.Find(dir)
	}
	if err := source.Move(p.Data, p.Dir); err != nil {
		return &PlaceError{err}
	}
	if p.Accept {
		source.Accept()
	}
	return source.Settle()
}

// A PlaceError says what is wrong with a place.
type PlaceError struct{ Err error }

func (e *PlaceError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *PlaceError) Unwrap() error { return e.Err }

// Read opens a run folder, and reads and checks its configuration.
func Read(dir string, p Place) (*Config, *train.Run, error) {
	folder, err := train.OpenRun(dir)
	if err != nil {
		return nil, nil, err
	}
	c, err := Parse(folder.Config())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", folder.ConfigPath(), err)
	}
	if err := p.apply(c, dir); err != nil {
		return nil, nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", folder.ConfigPath(), err)
	}
	return c, folder, nil
}

// Open opens a run to be looked at, with the weights of its newest checkpoint. It writes nothing.
func Open(ctx context.Context, dir string, h Host) (*Session, error) {
	return h.Open(ctx, dir, Newest, Place{})
}

// Open opens a run to be looked at, with the weights of a checkpoint.
func (h Host) Open(ctx context.Context, dir string, checkpoint int, p Place) (*Session, error) {
	c, folder, err := Read(dir, p)
	if err != nil {
		return nil, err
	}
	if _, _, err := folder.Newest(); err != nil {
		return nil, err
	}
	if checkpoint, err = stepOf(folder, checkpoint); err != nil {
		return nil, err
	}
	return h.opened(ctx, c, folder, func(s *Session) error { return s.load(checkpoint) })
}

// OpenRecorded opens a run to be looked at, with the weights that its recording has of a step, as [Session.Rewind] loads them. The run needs
// no checkpoint.
func (h Host) OpenRecorded(ctx context.Context, dir string, step int, p Place) (*Session, error) {
	c, folder, err := Read(dir, p)
	if err != nil {
		return nil, err
	}
	return h.opened(ctx, c, folder, func(s *Session) error { return s.Rewind(step) })
}

// opened makes the model of a run that is only looked at, and loads its weights.
func (h Host) opened(ctx context.Context, c *Config, folder *train.Run, load func(s *Session) error) (*Session, error) {
	s, err := h.Start(ctx, c)
	var foreign *KernelsError
	if errors.As(err, &foreign) && !vk.Passing(err) { // a run that is only looked at may have other last bits
		c.Kernels = ""
		s, err = h.Start(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	s.Folder, folder.Trust = folder, h.Trust
	if err := load(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Renew loads the newest weights that the run has by now: those of its newest checkpoint, or those of its recording if they are newer.
func (s *Session) Renew() error {
	if s.Folder == nil {
		return errNoRecording
	}
	_, saved, err := s.Folder.Newest()
	if r, none := s.Folder.Recording(); none == nil && len(r.Keys()) > 0 {
		if newest := slices.Max(r.Keys()); err != nil || newest > saved {
			return s.Rewind(newest)
		}
	}
	if err != nil {
		return err
	}
	return s.load(saved)
}

// Rewind loads the weights that the run's recording has of a step, or of the newest recorded step before it: all that the model needs to
// show what it had learned by then, in 16 bits. Session.Step becomes the step of those weights.
func (s *Session) Rewind(step int) error {
	if s.Folder == nil {
		return errNoRecording
	}
	if s.Folder.Trust != nil {
		return errUnsigned
	}
	r, err := s.Folder.Recording()
	if err == nil {
		s.Weights, _, err = r.Key(step)
	}
	if err == nil {
		s.Step, err = train.LoadKey(s.Runtime, s.Model.Drawn(), r, step)
	}
	return err
}

// Known returns what the session's weights are of: all that a checkpoint holds, or what draws, which is what a recording has.
func (s *Session) Known() []nn.Named {
	if s.Folder != nil && s.Weights != s.Folder.Checkpoint(s.Step) {
		return s.Model.Drawn()
	}
	return s.Model.State()
}

var errUnsigned = errors.New("run: the weights of a recording are not signed, and only those of trusted people are to be loaded: take a checkpoint that is signed")

var errNoRecording = errors.New("run: the session is of no run, and has no recording")

// load puts a checkpoint of the folder into the model.
func (s *Session) load(checkpoint int) (err error) {
	defer s.host.begin("reading the checkpoint")()
	if checkpoint == Newest {
		s.Step, err = s.Folder.Load(s.Runtime, s.Model.State())
	} else {
		s.Step, err = checkpoint, s.Folder.LoadStep(s.Runtime, s.Model.State(), checkpoint)
	}
	s.Weights = s.Folder.Checkpoint(s.Step)
	return err
}
