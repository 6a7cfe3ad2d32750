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

	"genview/models/family"
	"genview/models/run"
	"genview/models/telemetry"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/zoo"
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
	saveEvery                  string
	keep, patience             int
	watermark                  string
	accept                     bool // accept changed data
	tensorboard                bool
	recipients                 []string
	passphrase                 bool
	profile                    profileFlags
}

func (a *app) train() *cobra.Command {
	f := &trainFlags{}
	dry := false
	c := &cobra.Command{
		Use:         "train " + zoo.Usage() + " | --resume RUN",
		Annotations: doing("looking what it takes"),
		Short:       "Train a model and keep it in a run folder",
		Long:        "Trains a model and keeps it in a run folder. What can be trained:\n\n" + presetTable() + "\ngenview presets show NAME tells the settings of each, which --set changes.",
		Example: `  genview train vae --data glyphs --out runs/letters --steps 2000
  genview train vae --data mnist --set model.arch=conv
  genview train gan --data fashion-mnist --steps 10000
  genview train translate --out runs/dates              # a Transformer that reads dates
  genview train text shakespeare.txt                    # a GPT that writes like a text
  genview train --resume runs/letters --steps 4000      # to 4,000 in all`,
		Args:      args(cobra.MaximumNArgs(2)),
		ValidArgs: presetNames(),
		RunE: func(c *cobra.Command, words []string) error {
			if dry {
				return a.promptly(func(c *cobra.Command, words []string) error { return a.dryRun(c, f, words) })(c, words)
			}
			return a.runTrain(c, f, words)
		},
	}
	f.add(c, a)
	c.Flags().BoolVar(&dry, "dry-run", false, "compile, say what the run will take, and write nothing")
	return c
}

// add adds the flags of training to a command.
func (f *trainFlags) add(c *cobra.Command, a *app) {
	fl := c.Flags()
	fl.StringVar(&f.out, "out", "", "run folder (default runs/<data>-<date>)")
	fl.StringVar(&f.resume, "resume", "", "go on with this run")
	fl.StringVar(&f.data, "data", "", "what to learn from (default the preset's): glyphs, mnist, fashion-mnist, or the path of a folder of pictures; points: points:ring8, points:grid25, or a file of x and y, as ./shape.csv or .npy")
	fl.StringVar(&f.dataDir, "data-dir", "", "folder that holds the data set's files (default: downloaded once)")
	addAccept(fl, &f.accept)
	fl.IntVar(&f.steps, "steps", 0, "steps in all (default the preset's)")
	fl.IntVar(&f.batch, "batch", 0, "examples a step (default the preset's)")
	fl.StringVar(&f.precision, "precision", "f32", "type of the operands of products: f32, or bf16 for less memory and, on GPUs with matrix units, more speed")
	fl.Uint64Var(&f.seed, "seed", 1, "seed of weights, noise and the order of examples")
	fl.StringVar(&f.saveEvery, "save-every", "1000", "steps or time between checkpoints, as 500 or 5m; the last one and the best on held-out data are kept, too")
	fl.IntVar(&f.keep, "keep", 3, "newest checkpoints that are kept, beside the best one")
	fl.IntVar(&f.patience, "patience", 0, "end early after so many measurements on held-out data without a better one; 0: never")
	fl.StringArrayVar(&f.set, "set", nil, "change a setting, as model.z=20, model.arch=conv, optim.lr=1e-3")
	fl.BoolVar(&f.tensorboard, "tensorboard", false, "write event files for TensorBoard into the run's folder while it trains (also record.tensorboard; off, because genview runs export writes them afterwards, too)")
	fl.StringVar(&a.telemetry, "metrics", "", "tell Prometheus at /metrics of this address how the training goes; a port alone, as 9464, is this machine's")
	fl.StringArrayVar(&f.recipients, "recipient", nil, "encrypt checkpoints, samples and the recording to this public key of age's (age1…), or to those in a file; may be given several times")
	fl.BoolVar(&f.passphrase, "passphrase", false, "encrypt them with a passphrase, asked for or from "+passphraseVariable)
	fl.StringVar(&f.watermark, "watermark", "", "text or number that is put into pictures and films that are made with the model, where nobody sees it")
	f.profile.add(c)
	c.Flags().Lookup("profile").Usage += "; with --dry-run what the driver's compiler says of it"
	fl.BoolVar(&a.json, "json", false, "print one JSON object a logged step, and nothing else, on stdout")
}

// plan is a configured training.
type plan struct {
	config *run.Config
	folder *train.Run // to resume; nil for a new run
	told   string     // what was chosen to fit the data
}

// configure makes the configuration of a new or resumed run from the flags. It may read a long text or many pictures.
func (a *app) configure(c *cobra.Command, f *trainFlags, words []string) (plan, error) {
	defer a.console.begin("reading").end()
	if c.Flags().Changed("recorded") {
		return plan{}, usageError{errors.New("--recorded shows what a run had learned: training goes on from a checkpoint, which --checkpoint names")}
	}
	if f.resume != "" {
		return f.again(c, words)
	}
	if c.Flags().Changed("checkpoint") {
		return plan{}, usageError{errors.New("--checkpoint takes a checkpoint of a run: give it with --resume RUN")}
	}
	cfg, err := f.preset(c, words)
	if err != nil {
		return plan{}, err
	}
	changed := c.Flags().Changed
	cfg.Seed = f.seed
	if changed("batch") {
		cfg.Batch = f.batch
	}
	if changed("precision") && f.precision != tensor.F32.String() {
		cfg.Precision = f.precision
	}
	if changed("steps") {
		cfg.SetSteps(f.steps)
	}
	if changed("tensorboard") {
		cfg.Record.TensorBoard = f.tensorboard
	}
	f.saving(c, cfg)
	if err := setAll(cfg, f.set); err != nil {
		return plan{}, err
	}
	if err := a.encrypts(f); err != nil {
		return plan{}, err
	}
	told, err := run.Configure(c.Context(), cfg, asked(f.set))
	return plan{config: cfg, told: told}, typed(err)
}

// again returns the configuration of a run to resume.
func (f *trainFlags) again(c *cobra.Command, words []string) (plan, error) {
	if len(words) > 0 {
		return plan{}, usageError{fmt.Errorf("--resume goes on with a run as it is, and takes no %s beside it", words[0])}
	}
	for _, name := range []string{"out", "batch", "precision", "seed", "set", "recipient", "passphrase"} {
		if c.Flags().Changed(name) {
			return plan{}, usageError{fmt.Errorf("--%s cannot change with --resume", name)}
		}
	}
	cfg, folder, err := run.Read(f.resume, f.place(c))
	if err != nil {
		return plan{}, err
	}
	if source := cfg.Settings.Source(); source != nil {
		if err := source.Readable(); err != nil {
			return plan{}, err
		}
	}
	if c.Flags().Changed("tensorboard") {
		cfg.Record.TensorBoard = f.tensorboard
	}
	if c.Flags().Changed("steps") {
		if cfg.Steps = f.steps; f.steps < 1 {
			return plan{}, usageError{fmt.Errorf("--steps %d: give 1 or more", f.steps)}
		}
	}
	f.saving(c, cfg)
	return plan{config: cfg, folder: folder}, typed(cfg.Validate())
}

// preset returns the configuration of a preset with its argument and data.
func (f *trainFlags) preset(c *cobra.Command, words []string) (*run.Config, error) {
	usage := "say what to train: genview train " + zoo.Usage() + ", or genview train --resume RUN"
	if len(words) == 0 {
		return nil, usageError{errors.New(usage)}
	}
	p, _, ok := zoo.Preset(words[0])
	switch {
	case !ok:
		return nil, usageError{fmt.Errorf("there is no %s%s; %s", words[0], meant(words[0], presetNames()), usage)}
	case len(words) == 2 && p.Argument == "":
		return nil, usageError{fmt.Errorf("%s takes nothing beside it, and not %s; %s", words[0], words[1], usage)}
	case len(words) == 2 && c.Flags().Changed("data"):
		return nil, usageError{fmt.Errorf("the data are named twice, as %s and as --data %s", words[1], f.data)}
	case len(words) == 2:
		f.data = words[1]
	case p.Argument != "" && f.data == "":
		return nil, usageError{fmt.Errorf("say what to learn from: genview train %s %s", p.Name, p.Argument)}
	}
	cfg, err := run.New(words[0])
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, name(cfg, f.data, f.dataDir)
}

// name sets the data of a configuration; "" keeps the preset's.
func name(cfg *run.Config, data, dir string) error {
	for _, s := range []struct{ key, value string }{{"data.name", data}, {"data.dir", dir}} {
		if s.value == "" {
			continue
		}
		if err := cfg.Set(s.key, s.value); err != nil {
			return usageError{fmt.Errorf("%s %s: %w", flagOf[s.key], s.value, err)}
		}
	}
	return nil
}

// asked returns a function that tells whether --set changes a key.
func asked(assignments []string) func(key string) bool {
	return func(key string) bool {
		return slices.ContainsFunc(assignments, func(s string) bool { return strings.HasPrefix(s, key+"=") })
	}
}

// setAll applies the settings of --set.
func setAll(cfg *run.Config, assignments []string) error {
	for _, s := range assignments {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return usageError{fmt.Errorf("--set %s: write key=value, as in model.z=20", s)}
		}
		if err := cfg.Set(key, value); err != nil {
			return usageError{fmt.Errorf("--set %s: %w", s, err)}
		}
	}
	return nil
}

// place returns the place of a resumed run's data from the flags.
func (f *trainFlags) place(c *cobra.Command) run.Place {
	p := run.Place{Dir: f.dataDir, Accept: f.accept}
	if c.Flags().Changed("data") {
		p.Data = f.data
	}
	return p
}

// presetNames returns the names of all presets.
func presetNames() []string { return zoo.Names(func(family.Preset) bool { return true }) }

func (a *app) runTrain(c *cobra.Command, f *trainFlags, words []string) (err error) {
	j, err := a.prepare(c, f, words)
	if errors.Is(err, run.ErrDone) { // a script that trains until a run is done has reached its end
		a.console.say("%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return j.train(c.Context(), nil, nil)
}

// job is a training that is ready to start.
type job struct {
	*run.Training
	console *console
	profile *profile
	meter   *telemetry.Meter // nil: nobody is told
	json    bool
	out     io.Writer // for output other than progress
}

// prepare does everything before the first step. Most errors come before it makes a run folder.
func (a *app) prepare(c *cobra.Command, f *trainFlags, words []string) (*job, error) {
	p, err := a.configure(c, f, words)
	if err != nil {
		return nil, err
	}
	return a.ready(c.Context(), f, p, false)
}

// effortBefore returns what a training may spend on trying kernels before its first step. On lavapipe it is nothing: to compile the kernels
// takes seconds there, and the rule's kernel nearly always wins.
func effortBefore(i vk.Info) tensor.Effort {
	if i.Lavapipe {
		return tensor.Effort{}
	}
	return tensor.AutomaticEffort(i)
}

// ready makes a job from a plan. It returns an error for a finished run, unless a window shows it.
func (a *app) ready(ctx context.Context, f *trainFlags, p plan, shows bool) (*job, error) {
	outliveReaders()
	a.ended = ctx.Err
	if !a.json {
		a.console.writeTo(a.out)
	}
	if err := f.profile.check(); err != nil {
		return nil, err
	}
	if err := a.tells(ctx); err != nil {
		return nil, err
	}
	h, j := a.host(), &job{meter: a.meter, console: a.console, profile: newProfile(f.profile), json: a.json, out: a.out}
	h.Profile, h.Effort = f.profile.on(), effortBefore
	var err error
	if p.folder != nil {
		j.Training, err = h.Resume(ctx, p.folder, p.config, a.checkpoint, shows)
	} else {
		if f.out == "" {
			f.out = filepath.Join("runs", folderName(p.config)+time.Now().Format("-20060102-150405"))
		}
		j.Training, err = h.Create(ctx, f.out, p.config)
	}
	if p.folder == nil {
		err = typed(err)
	}
	if errors.Is(err, run.ErrDone) {
		err = fmt.Errorf("%w; train on with --steps %d", err, 2*p.config.Steps)
	}
	if err != nil {
		return nil, err
	}
	a.announce(p.told)
	if err := certify(j.Folder, j.Device.Info()); err != nil {
		a.notice(err.Error())
	}
	return j, nil
}

// announce prints what was chosen to fit the data.
func (a *app) announce(told string) {
	if told != "" {
		a.console.say("%s; --set changes that", told)
	}
}

// folderName makes a folder's name from a data set's, or from the model's kind if there is no data.
func folderName(c *run.Config) string {
	name := c.Kind
	if source := c.Settings.Source(); source != nil {
		name = filepath.Base(source.Base())
	}
	return strings.ReplaceAll(strings.TrimSuffix(name, filepath.Ext(name)), ":", "-")
}

// train trains to the end, and publishes to the bus if there is one. home is called when the onlooker goes to the start page, which ends the
// training; nil: there is none.
func (j *job) train(ctx context.Context, bus *watch.Bus, home func()) error {
	first, saved := 0, -1
	var r *reporter
	var task *task
	j.Began = func(step int) {
		task.end()
		if j.console.terminal() && r != nil {
			j.console.say("%s", r.line(j.console.columns()-1))
		}
		saved = -1
		j.console.say("training in %s on %s, from step %d to %d", j.Folder.Dir, j.Device.Info().Name, step, j.Config.Steps)
		r, first = newReporter(j.console, j.out, step, j.Config.Steps, j.json), step
		task = j.console.begin("training")
		task.write(func(columns int) string {
			if bus != nil && bus.Latest().State == watch.Paused {
				return r.paused()
			}
			return r.doing(columns)
		})
	}
	o := train.Options{
		LogEvery: 20, SampleEvery: 500,
		OnStep: func(step int, trained time.Duration) {
			r.stepped(step, trained)
			j.profile.follow(j.Model.Programs())
		},
		OnLog:  func(rec train.Record) { r.logged(rec) },
		OnSave: func(step int) { saved = step },
		OnHome: home, Bus: bus, CacheDir: cacheDir(),
	}
	if j.meter != nil {
		o = j.meter.Watch(o, j.about())
		defer j.meter.Ended()
	}
	err := j.Train(ctx, o)
	task.end()
	if j.console.terminal() && r != nil && j.Step > first {
		j.console.say("%s", r.line(j.console.columns()-1)) // what the line at the bottom said last stays
	}
	switch {
	case saved == j.Step:
		j.sayBest()
		j.console.say("saved %s at step %d", j.Folder.Dir, j.Step)
	case err == nil && j.Step == first && j.Step < j.Config.Steps:
		j.console.say("ended before the next step: %s is as it was, at step %d", j.Folder.Dir, j.Step)
	}
	if err != nil {
		return err
	}
	if j.json {
		return j.profile.report(os.Stderr)
	}
	return j.profile.report(j.out)
}
