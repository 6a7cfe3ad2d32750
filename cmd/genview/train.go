package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"genview/models/gan"
	"genview/models/train"
	"genview/models/vae"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk"

	"github.com/spf13/cobra"
)

// trainFlags are the flags of train.
type trainFlags struct {
	out, resume, data, dataDir string
	steps, batch               int
	precision                  string
	seed                       uint64
	set                        []string
	accept                     bool // data that changed
	profile                    profileFlags
}

func (a *app) train() *cobra.Command {
	f := &trainFlags{}
	dry := false
	c := &cobra.Command{
		Use:   "train " + strings.Join(withoutText(), "|") + " | text FILE | --resume RUN",
		Short: "Train a model and keep it in a run folder",
		Example: `  genview train vae --data glyphs --out runs/letters --steps 2000
  genview train vae --data mnist --set model.arch=conv
  genview train gan --data fashion-mnist --steps 10000
  genview train translate --out runs/dates              # a Transformer that reads dates
  genview train text shakespeare.txt                    # a GPT that writes like a text
  genview train --resume runs/letters --steps 4000      # to 4,000 in all`,
		Args:      args(cobra.MaximumNArgs(2)),
		ValidArgs: presetNames,
		RunE: func(c *cobra.Command, kinds []string) error {
			if dry {
				return a.promptly(func(c *cobra.Command, kinds []string) error { return a.dryRun(c, f, kinds) })(c, kinds)
			}
			return a.runTrain(c, f, kinds)
		},
	}
	f.add(c, a)
	c.Flags().BoolVar(&dry, "dry-run", false, "compile, say what the run will take, and write nothing")
	return c
}

// add gives a command the flags of training.
func (f *trainFlags) add(c *cobra.Command, a *app) {
	d, fl := defaults(), c.Flags()
	fl.StringVar(&f.out, "out", "", "run folder (default runs/<data>-<date>)")
	fl.StringVar(&f.resume, "resume", "", "go on with this run")
	fl.StringVar(&f.data, "data", d.Data.Name, "glyphs, mnist, fashion-mnist, or the path of a folder of pictures; points: points:ring8, points:grid25")
	fl.StringVar(&f.dataDir, "data-dir", "", "folder that holds the data set's files (default: downloaded once)")
	addAccept(fl, &f.accept)
	fl.IntVar(&f.steps, "steps", d.Steps, "steps in all (points: 12000, paper: 20000)")
	fl.IntVar(&f.batch, "batch", d.Batch, "examples a step (points: 256, translate: 64, text: 12)")
	fl.StringVar(&f.precision, "precision", "f32", "of what products read: f32, or bf16 for less memory and, on GPUs that multiply matrices, more speed")
	fl.Uint64Var(&f.seed, "seed", d.Seed, "of weights, noise and order")
	fl.StringArrayVar(&f.set, "set", nil, "change a setting, as model.z=20, model.arch=conv, optim.lr=1e-3")
	f.profile.add(c)
	c.Flags().Lookup("profile").Usage += "; with --dry-run what the driver's compiler says of it"
	fl.BoolVar(&a.json, "json", false, "print one JSON object a logged step, and nothing else, on stdout")
}

// configure makes the configuration of a new or resumed run from the flags.
func (f *trainFlags) configure(c *cobra.Command, kinds []string) (config, *train.Run, error) {
	cfg := unset()
	if f.resume != "" {
		if len(kinds) > 0 {
			return cfg, nil, usageError{fmt.Errorf("--resume goes on with a run as it is, and takes no %s beside it", kinds[0])}
		}
		run, err := train.OpenRun(f.resume, &cfg)
		if err != nil {
			return cfg, nil, err
		}
		if c.Flags().Changed("steps") {
			if cfg.Steps = f.steps; f.steps < 1 {
				return cfg, nil, usageError{fmt.Errorf("--steps %d: give 1 or more", f.steps)}
			}
		}
		for _, name := range []string{"out", "batch", "precision", "seed", "set"} {
			if c.Flags().Changed(name) {
				return cfg, nil, usageError{fmt.Errorf("--%s cannot change with --resume", name)}
			}
		}
		where := f.place(c)
		if cfg.Data.Pipe && where.data == "" {
			return cfg, nil, errPipe()
		}
		if err := errors.Join(where.apply(&cfg), cfg.settle()); err != nil {
			return cfg, nil, err
		}
		return cfg, run, stored(f.resume, cfg.check())
	}
	if c.Flags().Changed("checkpoint") {
		return cfg, nil, usageError{errors.New("--checkpoint takes a checkpoint of a run: give it with --resume RUN")}
	}
	if len(kinds) == 2 && (kinds[0] == "text" || kinds[0] == "gpt") {
		if c.Flags().Changed("data") {
			return cfg, nil, usageError{fmt.Errorf("the text is named twice, as %s and as --data %s", kinds[1], f.data)}
		}
		kinds, f.data = kinds[:1], kinds[1]
	} else if !c.Flags().Changed("data") {
		f.data = ""
	}
	if len(kinds) != 1 || presets[kinds[0]] == nil {
		hint := ""
		if len(kinds) > 0 && presets[kinds[0]] == nil {
			hint = fmt.Sprintf("there is no %s%s; ", kinds[0], meant(kinds[0], presetNames))
		}
		return cfg, nil, usageError{fmt.Errorf("%ssay what to train: genview train %s, genview train text FILE, or genview train --resume RUN", hint, strings.Join(withoutText(), "|"))}
	}
	cfg = presets[kinds[0]]()
	cfg.Data.Dir, cfg.Seed = f.dataDir, f.seed
	changed := c.Flags().Changed
	if f.data != "" {
		cfg.Data.Name = f.data
	}
	if changed("batch") {
		cfg.Batch = f.batch
	}
	if changed("precision") && f.precision != tensor.F32.String() {
		cfg.Precision = f.precision
	}
	if changed("steps") {
		cfg.Steps = f.steps
		if cfg.Model.Decay > 0 {
			cfg.Model.Decay = f.steps
		}
		if cfg.Optim.Decay > 0 {
			cfg.Optim.Decay = f.steps
		}
	}
	hidden := false
	for _, s := range f.set {
		if err := cfg.set(s); err != nil {
			return cfg, nil, err
		}
		hidden = hidden || strings.HasPrefix(s, "model.hidden=")
	}
	switch {
	case hidden:
	case cfg.Model.Arch == "conv":
		cfg.Model.Hidden = vae.ConvDefaults().Hidden
	case cfg.Model.Arch == "dcgan":
		cfg.Model.Hidden = gan.DCGANDefaults().Hidden
	}
	if err := cfg.follow(c.Context(), f.set); err != nil {
		return cfg, nil, err
	}
	if err := cfg.check(); err != nil {
		return cfg, nil, usageError{err}
	}
	err := cfg.settle()
	if err != nil || cfg.Kind != "text" {
		return cfg, nil, err
	}
	if cfg.text, err = cfg.readText(c.Context()); err != nil {
		return cfg, nil, err
	}
	cfg.Data.Characters, cfg.Data.Pipe = quoted(cfg.text.Characters), cfg.text.Pipe
	return cfg, nil, nil
}

// place is where the flags say that the data of a run to be resumed are.
func (f *trainFlags) place(c *cobra.Command) place {
	p := place{dir: f.dataDir, accept: f.accept}
	if c.Flags().Changed("data") {
		p.data = f.data
	}
	return p
}

// withoutText are the presets that need nothing but their name.
func withoutText() []string {
	return slices.DeleteFunc(slices.Clone(presetNames), func(n string) bool { return n == "text" })
}

func (a *app) runTrain(c *cobra.Command, f *trainFlags, kinds []string) (err error) {
	j, err := a.prepare(c, f, kinds)
	if errors.Is(err, errDone) { // a script that trains until a run is done has come to its end
		a.console.say("%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	return j.train(c.Context(), nil)
}

// job is a training that is ready to start.
type job struct {
	*session
	app     *app
	profile *profile
	run     *train.Run
	what    string // it learns from
	from    int
	told    string // of the newest loss of the device
	json    bool
	out     io.Writer // what is asked for besides
}

// prepare does all that comes before the first step, and fails before a run folder is made where it can.
func (a *app) prepare(c *cobra.Command, f *trainFlags, kinds []string) (*job, error) {
	cfg, run, err := a.configure(c, f, kinds)
	if err != nil {
		return nil, err
	}
	return a.ready(c.Context(), f, cfg, run, false)
}

// configure makes the configuration of a new or resumed run, which may take reading a long text or many pictures.
func (a *app) configure(c *cobra.Command, f *trainFlags, kinds []string) (config, *train.Run, error) {
	defer a.console.begin("reading").end()
	return f.configure(c, kinds)
}

// errDone says that a run has no step left to train.
var errDone = errors.New("the run is done")

// checkSteps refuses to train a run to fewer steps than it has.
func (a *app) checkSteps(run *train.Run, steps int) error {
	at := a.checkpoint
	if at < 0 {
		_, at, _ = run.Newest() // where there is none, loading says what that means
	}
	if at > steps {
		return usageError{fmt.Errorf("--steps %d: %s is at step %d already; give more steps than that, or go back with --checkpoint", steps, run.Dir, at)}
	}
	return nil
}

// ready makes a job of a configuration and the run that it came from; nil for a new one. A run that is done is an error unless there is
// a window that shows it.
func (a *app) ready(ctx context.Context, f *trainFlags, cfg config, run *train.Run, shows bool) (j *job, err error) {
	outliveReaders()
	a.ended = ctx.Err
	if !a.json {
		a.console.writeTo(a.out)
	}
	if err := f.profile.check(); err != nil {
		return nil, err
	}
	if run == nil && f.out != "" {
		if err := train.CheckNew(f.out); err != nil {
			return nil, err
		}
	}
	if run != nil {
		if err := a.checkSteps(run, cfg.Steps); err != nil {
			return nil, err
		}
		if err := run.Lock(); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				run.Close()
			}
		}()
	}
	if run != nil && cfg.Vectors == 0 { // it goes on with what it began with
		cfg.Vectors = vk.UsualWidth()
	}
	s, err := a.start(cfg, how{f.profile.on(), tensor.AutomaticEffort})
	if err != nil {
		return nil, err
	}
	cfg.Vectors = unusual(s.dev.Info())
	family, err := s.rt.Family() // which is settled: the model is compiled
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	if run != nil && family == tensor.ForGPU && cfg.Kernels == family.String() && s.dev.Info().Lavapipe {
		a.console.say("the run goes on with the kernels for GPUs that it began with, which are slow on %s: delete the line kernels: gpu from its config.yaml to go on with those made for it, whose last bits differ", s.dev.Info().Name)
	}
	cfg.Kernels = family.String()
	p := newProfile(f.profile)
	if p.on() {
		s.model = profiled{s.model, p}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	from, anew := 0, false
	if run != nil {
		from, err = a.loadRun(run, s)
		anew = a.checkpoint >= 0
		if errors.Is(err, train.ErrNoCheckpoint) {
			from, anew, err = 0, true, nil
		}
		if err != nil {
			return nil, err
		}
		if from == cfg.Steps && !shows {
			return nil, fmt.Errorf("%s is at step %d of %d: %w; train on with --steps %d", run.Dir, from, from, errDone, 2*from)
		}
	}
	what, err := s.begin(ctx, from)
	if err != nil {
		return nil, err
	}
	cfg.Data = s.config.Data // its identity is known now
	if run == nil {
		if f.out == "" {
			f.out = filepath.Join("runs", folderName(cfg.dataName())+time.Now().Format("-20060102-150405"))
		}
		run, err = train.CreateRun(f.out, cfg)
	} else {
		err = a.goOn(run, cfg, from, anew)
	}
	if err != nil {
		return nil, err
	}
	run.Notice = a.notice
	if err := certify(run, s.dev.Info()); err != nil {
		a.notice(err.Error())
	}
	if run.Unprotected() {
		a.notice(fmt.Sprintf("%s lies on a file system without locks: let no other genview train in it meanwhile", run.Dir))
	}
	s.config.Kernels = cfg.Kernels // a device that is opened anew must give the same bits
	return &job{session: s, app: a, profile: p, run: run, what: what, from: from, json: a.json, out: a.out}, nil
}

// goOn makes a resumed run ready to be trained from a step on. anew: it begins again, since it was ended before its first checkpoint, or
// an older checkpoint was asked for; metrics and checkpoints of later steps are then put aside.
func (a *app) goOn(run *train.Run, c config, from int, anew bool) error {
	if anew {
		if err := a.putAside(run, from); err != nil {
			return err
		}
	}
	return errors.Join(run.TrimMetrics(from), run.WriteConfig(c))
}

func (a *app) putAside(run *train.Run, from int) error {
	aside, err := run.SetAside(from)
	if err != nil {
		return err
	}
	metrics, err := run.KeepMetrics(from)
	if err != nil {
		return err
	}
	if metrics != "" {
		aside = append(aside, metrics)
	}
	if from == 0 {
		a.notice(run.Dir + " has no checkpoint yet: it begins anew from step 0")
	}
	if len(aside) > 0 {
		a.notice(fmt.Sprintf("put aside what is newer than step %d: %s", from, strings.Join(aside, ", ")))
	}
	return nil
}

// notice tells whoever trains of something that does not end the training.
func (a *app) notice(text string) { a.console.say("genview: %s", text) }

// folderName makes a folder's name of a data set's.
func folderName(name string) string {
	name = filepath.Base(name)
	return strings.ReplaceAll(strings.TrimSuffix(name, filepath.Ext(name)), ":", "-")
}

// close gives up the run and closes the device.
func (j *job) close() error {
	j.run.Close()
	return j.session.close()
}

// trainFrom trains from a step on, and returns the step reached.
func (j *job) trainFrom(ctx context.Context, bus *watch.Bus) (step int, err error) {
	history, err := j.run.History()
	if err != nil {
		return j.from, err
	}
	say := j.console.say
	say("training in %s on %s, from step %d to %d", j.run.Dir, j.dev.Info().Name, j.from, j.config.Steps)
	r := newReporter(j.console, j.out, j.from, j.config.Steps, j.json)
	task := j.console.begin("training")
	defer task.end()
	task.write(r.doing)
	saved := -1
	snapshot := j.snapshot(j.run, j.what)
	snapshot.Notice = j.told
	step, err = train.Loop(ctx, j.run, j.rt, j.model, j.from, train.Options{
		Steps: j.config.Steps, Batch: j.config.Batch, LogEvery: 20, SampleEvery: 500, SaveEvery: 1000,
		OnStep: r.stepped, OnLog: r.logged, OnSave: func(step int) { saved = step },
		Bus: bus, Snapshot: snapshot, History: history, CacheDir: cacheDir(), Record: int64(j.config.Record.Budget) << 20,
	})
	task.end()
	if j.console.terminal() && step > j.from {
		say("%s", r.line(j.console.columns()-1)) // what the line at the bottom said last stays
	}
	switch {
	case saved == step:
		say("saved %s at step %d", j.run.Dir, step)
	case err == nil && step == j.from && step < j.config.Steps:
		say("ended before the next step: %s is as it was, at step %d", j.run.Dir, step)
	}
	if err != nil {
		return step, err
	}
	if j.json {
		return step, j.profile.report(os.Stderr)
	}
	return step, j.profile.report(j.out)
}
