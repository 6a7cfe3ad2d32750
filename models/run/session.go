// Package run opens, begins and goes on with runs: a configuration, a device, a model of any family, and the folder that keeps them.
//
//	s, err := run.Open(ctx, "runs/letters", run.Host{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	d, err := family.As[family.Decoder](s.Config.Settings.Title(), s.Model)
//
// The one idea: a program does with a run all that the command line does, by the same calls. Package train knows the files of a run folder.
package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"genview/models/encrypt"
	"genview/models/family"
	"genview/models/signature"
	"genview/models/train"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk"
)

// Host says where models run and who receives messages. The zero Host uses the best device and sends messages to nobody.
type Host struct {
	Device   string // an index or part of a name; "": the best
	CacheDir string // for compiled kernels, downloads, and the results of tuning; "": nothing is kept

	Program string          // its name and version, for the audit logs of runs; "": trainings are not logged
	Trust   signature.Trust // whose checkpoints are loaded; nil: anybody's
	Secret  *encrypt.Lock   // how checkpoints, samples and recordings of new runs are encrypted; nil: they are plain

	Profile   bool                        // time the kernels
	Without   []tensor.Pass               // passes that compilation leaves out
	NoTuning  bool                        // choose kernels by rule
	Effort    func(vk.Info) tensor.Effort // spent on trying kernels before training; nil: none
	KeepWidth bool                        // the user has set lavapipe's vector width in the environment
	Options   func(*vk.Options)           // changes the options that the device is opened with; nil: none

	Say    func(line string)               // receives information
	Notice func(line string)               // receives warnings, in the goroutine that opens, begins or trains the run
	Begin  func(what string) (end func())  // is called when something slow begins; its result when that ends
	Count  func(unit string, done, of int) // receives the progress of what began last
	Ended  func() error                    // the reason to stop; nil: there is none
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

// progress reports how many kernels of a program are compiled, and cancels compilation when the host is to stop.
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

// timed returns [ErrTimeless] if a device cannot time its kernels.
func timed(i vk.Info) error {
	if i.TimestampBits > 0 {
		return nil
	}
	return fmt.Errorf("%s %w", i.Name, ErrTimeless)
}

// ErrTimeless says that a device cannot time its kernels.
var ErrTimeless = errors.New("keeps no times of what it computes")

// A Session is a model on a device.
type Session struct {
	Config  *Config
	Device  *vk.Device
	Runtime *tensor.Runtime
	Model   family.Model
	Step    int        // of the model's weights
	Weights string     // path of the file that they were read from; "": of none
	Folder  *train.Run // nil: the session belongs to no run

	host   Host
	tuning *tensor.Tuning
}

// Start makes the model of a configuration on a newly opened device.
func (h Host) Start(ctx context.Context, c *Config) (*Session, error) {
	defer h.begin("compiling")()
	h.widen(c.Vectors)
	dev, err := h.OpenDevice()
	if err != nil {
		return nil, err
	}
	return h.StartOn(ctx, dev, h.Tuning(dev.Info()), c)
}

// widen sets lavapipe's vector width to that of a run, unless the user has set one. 0 means any width.
func (h *Host) widen(bits int) {
	if bits > 0 && !h.KeepWidth {
		_ = os.Setenv(vk.WidthVariable, strconv.Itoa(bits)) // cannot fail for this name and value
	}
}

// StartOn makes the model of a configuration on a device, which the session closes, even if StartOn fails. t may be nil.
func (h Host) StartOn(ctx context.Context, dev *vk.Device, t *tensor.Tuning, c *Config) (*Session, error) {
	kernels, _ := tensor.ParseFamily(c.Kernels) // "" means the family that suits the device
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
		return nil, errors.Join(c.tooLarge(s.held(err)), s.Close())
	}
	s.Model = m
	h.KeepTuning(dev.Info(), t)
	return s, nil
}

// ofSize tells whether an error is about size or memory.
func ofSize(err error) bool {
	var size *tensor.SizeError
	return errors.As(err, &size) || errors.Is(err, vk.ErrOutOfMemory)
}

// held adds to an error about memory that does not say it how much of the device's memory is held.
func (s *Session) held(err error) error {
	if memory := new(vk.MemoryError); !errors.Is(err, vk.ErrOutOfMemory) || errors.As(err, &memory) {
		return err
	}
	held, total := s.Device.Memory().Held, s.Device.Info().HeapBytes
	return fmt.Errorf("%w: held %s, free at most %s of the device's %s", err, vk.Bytes(held), vk.Bytes(max(0, total-held)), vk.Bytes(total))
}

// A KernelsError says why a device cannot continue a run that was trained with lavapipe's kernels.
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

// Begin opens the model's data while kernels are compiled in the background, and returns a description of the data. If the data cannot be
// opened, it does not wait for the kernels.
func (s *Session) Begin(ctx context.Context) (what string, err error) {
	defer s.host.begin("machine code")()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	warmed := make(chan error, 1)
	go func() { warmed <- tensor.Warm(reading, s.Model.Programs()...) }()
	what, err = s.Model.Begin(ctx, s.Step)
	if err != nil {
		stop()
	}
	return what, errors.Join(err, <-warmed, ctx.Err())
}

// Close frees the model, closes the device, and unlocks the run folder if there is one.
func (s *Session) Close() error {
	err := s.release()
	if s.Folder != nil {
		s.Folder.Close()
	}
	return err
}

// release closes everything but the folder.
func (s *Session) release() error {
	if s.Model != nil {
		s.Model.Close()
	}
	s.Runtime.Close()
	s.host.KeepTuning(s.Device.Info(), s.tuning)
	return s.Device.Close()
}

// Title returns the title of the model.
func (s *Session) Title() string { return s.Config.Settings.Title() }

// As returns the ability of a session's model.
func As[Ability any](s *Session) (Ability, error) { return family.As[Ability](s.Title(), s.Model) }

// Snapshot returns the fields that every snapshot of a run has. what describes the data; "": they were not opened.
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
