package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"genview/models/family"
	"genview/models/settings"
	"genview/models/train"
	"genview/tensor"
	"genview/vk"
)

// A Training is a session that is ready to be trained.
type Training struct {
	*Session
	What  string         // describes the data
	Began func(step int) // receives each step that training begins from: one, and one more for each lost device; nil: nobody does

	told string // what the newest loss of the device was said to be
}

// ErrDone says that a run has no steps left to train.
var ErrDone = errors.New("the run is done")

// Configure adapts a new configuration to its data: settings that the user did not set follow from the data. It returns a description of
// what it chose, "" for nothing. Afterwards the configuration is checked, and its paths are absolute.
func Configure(ctx context.Context, c *Config, asked func(key string) bool) (told string, err error) {
	if f, ok := c.Settings.(family.Follower); ok {
		if told, err = f.Follow(ctx, asked); err != nil {
			return "", err
		}
	}
	if err := c.Validate(); err != nil {
		return "", err
	}
	if source := c.Settings.Source(); source != nil {
		if err := source.Settle(); err != nil {
			return "", err
		}
	}
	if l, ok := c.Settings.(family.Learner); ok {
		err = l.Read(ctx)
	}
	return told, err
}

// Create begins a new run. It makes the folder once the model and its data are ready. The configuration must come from [Configure].
func (h Host) Create(ctx context.Context, dir string, c *Config) (t *Training, err error) {
	if err := train.CheckNew(dir); err != nil {
		return nil, err
	}
	if h.Secret != nil && c.Record.TensorBoard {
		return nil, settings.Errorf("record.tensorboard", "is true, and files for TensorBoard hold samples that are not encrypted: leave it out, or the encryption")
	}
	t, err = h.prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = t.failed(err) }()
	if t.What, err = t.Session.Begin(ctx); err != nil {
		return t, err
	}
	p, err := c.Bytes()
	if err != nil {
		return t, err
	}
	if t.Folder, err = train.CreateEncrypted(dir, p, h.Secret); err != nil {
		return t, err
	}
	if err := t.keep(); err != nil {
		t.Folder.Undo()
		return t, err
	}
	t.ready()
	return t, nil
}

// failed closes a session that cannot be trained.
func (t *Training) failed(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, t.Close())
}

// prepare makes the model of a run that is trained, and writes the family of kernels and the vector width into its configuration.
func (h Host) prepare(ctx context.Context, c *Config) (*Training, error) {
	s, err := h.Start(ctx, c)
	if err != nil {
		return nil, err
	}
	c.Vectors = unusual(s.Device.Info())
	kernels, err := s.Runtime.Family() // known, since the model is compiled
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	c.Kernels = kernels.String() // a device that is reopened must give the same bits
	return &Training{Session: s}, nil
}

// ready marks the start of writing to a run's folder.
func (t *Training) ready() {
	t.Folder.Notice, t.Folder.Trust = t.host.Notice, nil // what this process saves from now on it may load
	if t.host.Program != "" {
		t.Folder.About = t.about()
	}
	if t.Folder.Unprotected() {
		t.host.notice("%s lies on a file system without locks: let nothing else train in it meanwhile", t.Folder.Dir)
	}
}

// unusual returns the vector width of a lavapipe device if it is not the usual one, else 0.
func unusual(i vk.Info) int {
	if bits := 32 * i.SubgroupSize; i.Lavapipe && bits != vk.UsualWidth() {
		return bits
	}
	return 0
}

// Resume continues a run from a checkpoint, and puts newer files aside. c is the run's configuration, in which steps and the place of the
// data may have changed; see [Read]. A run without steps left is an error, [ErrDone], unless it is only shown.
func (h Host) Resume(ctx context.Context, folder *train.Run, c *Config, checkpoint int, shown bool) (t *Training, err error) {
	if source := c.Settings.Source(); source != nil {
		if err := source.Readable(); err != nil {
			return nil, err
		}
	}
	if checkpoint, err = stepOf(folder, checkpoint); err != nil {
		return nil, err
	}
	if err := pastSteps(folder, checkpoint, c.Steps); err != nil {
		return nil, err
	}
	if err := folder.Lock(); err != nil {
		return nil, err
	}
	began := c.Kernels
	if c.Vectors == 0 { // a run keeps the width that it began with
		c.Vectors = vk.UsualWidth()
	}
	t, err = h.prepare(ctx, c)
	if err != nil {
		folder.Close()
		return nil, err
	}
	t.Folder, folder.Trust = folder, h.Trust
	defer func() { err = t.failed(err) }()
	if began == tensor.ForGPU.String() && c.Kernels == began && t.Device.Info().Lavapipe {
		h.say("the run goes on with the kernels for GPUs that it began with, which are slow on %s: delete the line kernels: gpu from its config.yaml to go on with those made for it, whose last bits differ", t.Device.Info().Name)
	}
	anew := checkpoint != Newest
	err = t.load(checkpoint)
	if errors.Is(err, train.ErrNoCheckpoint) {
		t.Step, anew, err = 0, true, nil
	}
	if err != nil {
		return t, err
	}
	if t.Step == c.Steps && !shown {
		return t, fmt.Errorf("%s is at step %d of %d: %w", folder.Dir, t.Step, c.Steps, ErrDone)
	}
	if t.What, err = t.Session.Begin(ctx); err != nil {
		return t, err
	}
	if anew {
		if err := t.putAside(); err != nil {
			return t, err
		}
	}
	p, err := c.Bytes()
	if err := errors.Join(err, folder.TrimMetrics(t.Step), folder.WriteConfig(p)); err != nil {
		return t, err
	}
	t.ready()
	return t, nil
}

// pastSteps refuses to train a run to fewer steps than it has.
func pastSteps(folder *train.Run, at, steps int) error {
	if at == Newest {
		_, at, _ = folder.Newest() // without a checkpoint, loading explains what is wrong
	}
	if at > steps {
		return &StepsError{folder.Dir, at, steps}
	}
	return nil
}

// A StepsError says that a run is already past the number of steps asked for.
type StepsError struct {
	Dir       string
	At, Steps int
}

func (e *StepsError) Error() string {
	return fmt.Sprintf("%s is at step %d already: it cannot be trained to step %d", e.Dir, e.At, e.Steps)
}

// putAside renames the files that are newer than the step to continue from.
func (t *Training) putAside() error {
	aside, err := t.Folder.SetAside(t.Step)
	if err != nil {
		return err
	}
	metrics, err := t.Folder.KeepMetrics(t.Step)
	if err != nil {
		return err
	}
	if metrics != "" {
		aside = append(aside, metrics)
	}
	recording, err := t.Folder.SetRecordingAside(t.Step)
	if err != nil {
		return err
	}
	if recording != "" {
		aside = append(aside, recording)
	}
	if t.Step == 0 {
		t.host.notice("%s has no checkpoint yet: it begins anew from step 0", t.Folder.Dir)
	}
	if len(aside) > 0 {
		t.host.notice("put aside what is newer than step %d: %s", t.Step, strings.Join(aside, ", "))
	}
	return nil
}

const (
	mostLosses = 3                      // losses of the device that a training survives
	resetWait  = 500 * time.Millisecond // time for a driver to reset a device; one more of it for each loss
)

// Train trains until the last step or until ctx ends, then saves. It sets these options itself: steps, batch, snapshot, history, OnTurn, the
// recording's budget, what is measured when, and, unless it is given, how often is saved. When the device is lost (a hang, or a reset of its
// driver), Train reopens it and continues from the newest checkpoint, to the same bits; the steps since that checkpoint are trained again.
func (t *Training) Train(ctx context.Context, o train.Options) (err error) {
	losses := 0 // of the device
	o.OnTurn = func(sample int, save train.Every) {
		o.SampleEvery, o.SaveEvery = sample, save // for after a loss
	}
	for {
		if o.History, err = t.Folder.History(); err != nil {
			return err
		}
		o.Steps, o.Batch, o.Record = t.Config.Steps, t.Config.Batch, int64(t.Config.Record.Budget)<<20
		t.settle(&o)
		o.Snapshot = t.Snapshot(t.What)
		o.Snapshot.Notice = t.told
		if t.Began != nil {
			t.Began(t.Step)
		}
		logged, end := t.logged(o)
		step, err := train.Loop(ctx, t.Folder, t.Runtime, t.Model, t.Step, logged)
		end()
		t.Step = step
		if ofSize(err) {
			return t.exhausted(err)
		}
		if !errors.Is(err, vk.ErrDeviceLost) || ctx.Err() != nil {
			return err
		}
		name := t.Device.Info().Name
		if err := t.regain(ctx, name, &losses, err); err != nil {
			return err
		}
		t.told = fmt.Sprintf("%s was lost at step %d; it is opened anew, and training goes on from step %d", name, step, t.Step)
		t.host.notice("%s", t.told)
	}
}

// regain opens a lost device of that name anew. It may be lost while that is done, too.
func (t *Training) regain(ctx context.Context, name string, losses *int, lost error) error {
	_ = t.release() // its only error is that the device is lost
	err := lost
	for errors.Is(err, vk.ErrDeviceLost) {
		if *losses++; *losses > mostLosses {
			return t.giveUp(fmt.Sprintf("lost %d times", *losses), err)
		}
		select {
		case <-ctx.Done():
			return lost
		case <-time.After(time.Duration(*losses) * resetWait):
		}
		err = t.reopen(ctx, name)
	}
	if err != nil {
		return t.giveUp("lost and cannot be opened again", err)
	}
	return nil
}

// settle sets the options that the configuration and the model say.
func (t *Training) settle(o *train.Options) {
	c := t.Config
	if o.SaveEvery == (train.Every{}) {
		o.SaveEvery, _ = train.ParseEvery(c.Save.Every) // a configuration is checked before
	}
	o.MeasureEvery, o.Patience, t.Folder.Keep = c.Eval.Every, c.Eval.Patience, c.Save.Keep
	if m, ok := t.Model.(family.Measured); ok {
		o.Measurer = m
	}
	if m, ok := t.Model.(interface{ Epoch() int }); ok {
		o.Epoch = m.Epoch()
	}
}

// exhausted returns the error of a training that has run out of memory. It says what the run held, which checkpoint it has, and what can be made smaller.
func (t *Training) exhausted(err error) error {
	left := "there is no checkpoint yet"
	if _, step, err := t.Folder.Newest(); err == nil {
		left = fmt.Sprintf("the newest checkpoint is of step %d: go on once other programs have freed memory", step)
	}
	return fmt.Errorf("the model is %w: %w; %s, or begin another run with one of these smaller: %s", ErrTooLarge, t.held(err), left, t.Config.large())
}

// Extend makes a training that has ended go on to another step when [Training.Train] is called again. Settings that depend on the number of
// steps stay.
func (t *Training) Extend(steps int) error {
	if steps <= t.Step {
		return &StepsError{t.Folder.Dir, t.Step, steps}
	}
	was := t.Config.Steps
	t.Config.Steps = steps
	p, err := t.Config.Bytes()
	if err == nil {
		err = t.Folder.WriteConfig(p)
	}
	if err != nil {
		t.Config.Steps = was
	}
	return err
}

// A LostError says what is left of a run whose device cannot be reopened.
type LostError struct {
	Dir  string
	What string // happened to the device
	Left string // is left of the run
	Why  error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the device was %s, %s (%v)", e.What, e.Left, e.Why)
}

// Unwrap returns the reason.
func (e *LostError) Unwrap() error { return e.Why }

func (t *Training) giveUp(what string, why error) error {
	left := "there is no checkpoint yet"
	if _, step, err := t.Folder.Newest(); err == nil {
		left = fmt.Sprintf("the newest checkpoint is of step %d", step)
	}
	return &LostError{t.Folder.Dir, what, left, why}
}

// reopen opens the device of that name again, and loads the newest checkpoint into a new model.
func (t *Training) reopen(ctx context.Context, name string) error {
	dev, err := t.host.OpenDevice()
	if err != nil {
		return err
	}
	if now := dev.Info().Name; now != name {
		return errors.Join(fmt.Errorf("%s is gone, and %s has other last bits", name, now), dev.Close())
	}
	s, err := t.host.StartOn(ctx, dev, t.tuning, t.Config)
	if err != nil {
		return err
	}
	s.Folder = t.Folder
	s.Step, err = s.Folder.Load(s.Runtime, s.Model.State())
	if errors.Is(err, train.ErrNoCheckpoint) {
		s.Step, err = 0, nil
	}
	if err == nil {
		_, err = s.Begin(ctx)
	}
	if err == nil {
		err = s.Folder.TrimMetrics(s.Step)
	}
	if err != nil {
		return errors.Join(err, s.release())
	}
	t.Session = s
	return nil
}
