// Package run opens, begins and goes on with runs: a configuration, a device, a model of any family, and the folder that keeps them.
//
//	s, err := run.Open(ctx, "runs/letters", run.Host{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	d, err := family.As[family.Decoder](s.Config.Settings.Title(), s.Model)
//
// The one idea: what the command line does with a run, a program does by the same calls. What a folder holds is package train's.
package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"genview/models/family"
	"genview/models/train"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk"
)

// Host says where models run, and who is told what. The zero Host is the best device, and tells nobody.
type Host struct {
	Device   string // an index or part of a name; "": the best
	CacheDir string // for what is compiled and downloaded, and for what was found out about kernels; "": nothing is kept

	Profile   bool                            // kernels are timed
	Without   []tensor.Pass                   // of compilation, that are left out
	NoTuning  bool                            // kernels are taken by rule
	Effort    func(vk.Info) tensor.Effort     // that goes into trying kernels before training; nil: none
	KeepWidth bool                            // of lavapipe's vectors: the user has set the environment variable
	Options   func(*vk.Options)               // changes how the device is opened; nil: it is opened as usual
	Wrap      func(family.Model) family.Model // nil: models are taken as they are

	Say    func(line string)               // hears what is worth knowing
	Notice func(line string)               // hears of what is amiss, and does not end anything
	Begin  func(what string) (end func())  // hears of what takes a while, until end is called
	Count  func(unit string, done, of int) // hears how far the newest of these is
	Ended  func() error                    // why all is to end; nil: it is not
}

func (h *Host) say(format string, a ...any) {
	if h.Say != nil {
		h.Say(fmt.Sprintf(format, a...))
	}
}

func (h *Host) notice(format string, a ...any) {
	if h.Notice != nil {
		h.Notice(fmt.Sprintf(format, a...))
	}
}

func (h *Host) begin(what string) (end func()) {
	if h.Begin == nil {
		return func() {}
	}
	return h.Begin(what)
}

// progress hears how many kernels of a program are made, and ends that where all is to end.
func (h *Host) progress(done, all int) error {
	if h.Count != nil {
		h.Count("kernels", done, all)
	}
	if h.Ended == nil {
		return nil
	}
	return h.Ended()
}

// OpenDevice opens the device.
func (h *Host) OpenDevice() (*vk.Device, error) {
	o := vk.Options{Device: h.Device, Profile: h.Profile, CacheDir: h.CacheDir}
	if h.Options != nil {
		h.Options(&o)
	}
	dev, err := vk.Open(o)
	if err != nil || !h.Profile {
		return dev, err
	}
	if err := timed(dev.Info()); err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	return dev, nil
}

// timed is an error, [ErrTimeless], where a device cannot say what its kernels take.
func timed(i vk.Info) error {
	if i.TimestampBits > 0 {
		return nil
	}
	return fmt.Errorf("%s %w", i.Name, ErrTimeless)
}

// ErrTimeless says that a device cannot say what its kernels take.
var ErrTimeless = errors.New("keeps no times of what it computes")

// A Session is a model on a device.
type Session struct {
	Config  *Config
	Device  *vk.Device
	Runtime *tensor.Runtime
	Model   family.Model
	Step    int        // that the model is at
	Folder  *train.Run // nil: of no run

	host   Host
	tuning *tensor.Tuning
}

// Start makes the model of a configuration, on a device of its own.
func (h Host) Start(ctx context.Context, c *Config) (*Session, error) {
	defer h.begin("compiling")()
	h.widen(c.Vectors)
	dev, err := h.OpenDevice()
	if err != nil {
		return nil, err
	}
	return h.StartOn(ctx, dev, h.Tuning(dev.Info()), c)
}

// widen has lavapipe take a run's width of vectors, unless the user has set one; 0: it may be any.
func (h *Host) widen(bits int) {
	if bits > 0 && !h.KeepWidth {
		_ = os.Setenv(vk.WidthVariable, strconv.Itoa(bits)) // which takes such a name and value
	}
}

// StartOn makes the model of a configuration on a device, which the session closes, also where StartOn fails. t may be nil.
func (h Host) StartOn(ctx context.Context, dev *vk.Device, t *tensor.Tuning, c *Config) (*Session, error) {
	kernels, _ := tensor.ParseFamily(c.Kernels) // "" is what suits the device
	if kernels == tensor.ForLavapipe && !dev.Info().Lavapipe {
		return nil, errors.Join(&KernelsError{dev.Info().Name, errors.New("it does not run them")}, dev.Close())
	}
	rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: kernels, Without: h.Without, Tuning: t, Products: c.products(), Progress: h.progress})
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	if kernels == tensor.ForLavapipe {
		if _, err := rt.Family(); err != nil {
			rt.Close()
			return nil, errors.Join(&KernelsError{dev.Info().Name, err}, dev.Close())
		}
	}
	s := &Session{Config: c, Device: dev, Runtime: rt, host: h, tuning: t}
	m, err := c.Settings.Build(ctx, family.Env{
		Runtime: rt, Seed: c.Seed, Steps: c.Steps, Batch: c.Batch, CacheDir: h.CacheDir, Say: h.Say, Count: h.Count,
	})
	if err != nil {
		return nil, errors.Join(c.tooLarge(err), s.Close())
	}
	if s.Model = m; h.Wrap != nil {
		s.Model = h.Wrap(m)
	}
	h.KeepTuning(dev.Info(), t)
	return s, nil
}

// ofSize tells whether an error is about size or memory.
func ofSize(err error) bool {
	var size *tensor.SizeError
	var memory *vk.MemoryError
	return errors.As(err, &size) || errors.As(err, &memory)
}

// A KernelsError says why a device cannot go on with the kernels for lavapipe that a run was trained with.
type KernelsError struct {
	Device string
	Why    error
}

func (e *KernelsError) Error() string {
	return fmt.Sprintf("the run has kernels: lavapipe in its config.yaml, and with %s it cannot go on with the same numbers: %v. "+
		"Choose lavapipe, or delete that line to go on with the kernels of %s, whose last bits differ", e.Device, e.Why, e.Device)
}

// Unwrap returns the reason.
func (e *KernelsError) Unwrap() error { return e.Why }

// Begin opens what the model learns from, while kernels are made ready, and says what it is. Where it cannot be opened nobody waits for
// the kernels.
func (s *Session) Begin(ctx context.Context) (what string, err error) {
	defer s.host.begin("machine code")()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	warmed := make(chan error, 1)
	go func() {
		var err error
		for _, p := range s.Model.Programs() {
			err = errors.Join(err, p.Warm(reading))
		}
		warmed <- err
	}()
	what, err = s.Model.Begin(ctx, s.Step)
	if err != nil {
		stop()
	}
	return what, errors.Join(err, <-warmed, ctx.Err())
}

// Close frees the model, closes the device, and gives up the folder where there is one.
func (s *Session) Close() error {
	err := s.release()
	if s.Folder != nil {
		s.Folder.Close()
	}
	return err
}

// release closes all but the folder.
func (s *Session) release() error {
	if s.Model != nil {
		s.Model.Close()
	}
	s.Runtime.Close()
	s.host.KeepTuning(s.Device.Info(), s.tuning)
	return s.Device.Close()
}

// Title says what is trained.
func (s *Session) Title() string { return s.Config.Settings.Title() }

// As returns the ability of a session's model.
func As[Ability any](s *Session) (Ability, error) { return family.As[Ability](s.Title(), s.Model) }

// Snapshot returns what every snapshot of a run says. what is what it learns from, "" where that was not opened.
func (s *Session) Snapshot(what string) watch.Snapshot {
	w := watch.Snapshot{
		Title: s.Title(), Device: s.Device.Info().Name, Steps: s.Config.Steps,
		Model: fmt.Sprintf("%s, %s", s.Title(), family.CountOf(s.Model.Parameters(), "parameter")),
	}
	if s.Folder != nil {
		w.Title = filepath.Base(s.Folder.Dir)
	}
	if from := s.Config.Settings.Source(); from != nil {
		w.Data = from.Base()
	}
	if w.Data != "" && what != "" {
		w.Data += ", "
	}
	w.Data += what
	return w
}
