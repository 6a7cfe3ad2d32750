// Package family defines kinds of models: a family is one package and one line in the list of package zoo. The command line, the window,
// the run folder and other programs use a family only through this package.
//
// The one idea: a family's settings are a struct that is written and read as the run's config.yaml, checks itself, and builds the model.
// What else a model can do are its abilities: small interfaces that a command, a view or a program asks for with [As].
package family

import (
	"context"
	"strings"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// A Family is a kind of model.
type Family struct {
	Kind    string          // its name in config.yaml
	Presets []Preset        // the usual one first
	New     func() Settings // returns settings whose values are all zero, to read a config.yaml into
}

// A Preset is a configuration that can be trained by its name, perhaps with an argument.
type Preset struct {
	Name     string
	Aliases  []string
	Argument string // what must be named besides, such as "FILE" for a text to learn from; "" for nothing
	About    string // a description in a few words

	// Choice is the preset's button in the window that opens without arguments; its Name is not set. nil: it has none.
	Choice *watch.Choice

	Steps, Batch int
	Long         bool            // it takes long to compile
	Settings     func() Settings // returns a new struct at each call
}

// Settings are the settings of a family: a pointer to a struct with the tags of package settings. Its blocks data, model and optim are keys
// of config.yaml.
type Settings interface {
	// Title describes the model, such as "MLP VAE".
	Title() string
	// Source says where the data come from; nil for a family without data.
	Source() Source
	// Validate returns an error for values that are wrong although their tags allow them.
	Validate() error
	// Build makes the model on the runtime of an environment.
	Build(ctx context.Context, e Env) (Model, error)
}

// A Source is the part of settings that names the data; see [data.SourceSettings].
type Source interface {
	Base() string // a short name of the data
	Settle() error
	Move(name, dir string) error // sets where the data are now
	Accept()                     // accepts the data as they are, even if they have changed
	Readable() error             // returns why the data cannot be read again; nil: they can
}

// Settings may also implement these.
type (
	// A Follower adapts settings that the user did not set to the data and to other settings. It returns a description of what it chose, ""
	// for nothing.
	Follower interface {
		Follow(ctx context.Context, asked func(key string) bool) (told string, err error)
	}
	// A Learner reads its data when a run begins, before the model is built, because the model depends on them.
	Learner interface {
		Read(ctx context.Context) error
	}
	// A Scheduled has settings that depend on the number of training steps.
	Scheduled interface{ Schedule(steps int) }
	// A Rehearser can be built without data, with made-up values for what depends on them, for steps that only measure time.
	Rehearser interface{ Rehearse() }
	// A Tasked model does what the Hugging Face Hub has a name for, its pipeline_tag, such as image-classification; "": it has none.
	Tasked interface{ Task() string }
)

// An Env is the environment in which a model is made.
type Env struct {
	Runtime  *tensor.Runtime
	Seed     uint64 // of weights, noise and order
	Steps    int    // in all
	Batch    int
	CacheDir string // for data sets and fonts; "": nothing is kept

	Say   func(line string)               // receives information, such as about downloads; nil for nobody
	Count func(unit string, done, of int) // receives the progress of long work; nil for nobody
}

// A Model is a model on a device, with its data. It is for one goroutine.
type Model interface {
	// Begin opens the model's data, so that the batches continue from a step, and returns a description of the data. It is called before
	// the first step; a model that only shows what it has learned does not need it.
	Begin(ctx context.Context, step int) (what string, err error)
	// Step starts a step on the next batch; ctx may end the wait for the batch, never the step.
	Step(ctx context.Context) error
	// Rehearse returns steps on made-up data, for timing.
	Rehearse() func(ctx context.Context) error
	// Metrics waits for the newest step and returns what it reports.
	Metrics() (watch.Metrics, error)
	// SetRate makes the learning rates of the steps from now on factor times those of the settings.
	SetRate(factor float64) error

	Programs() []*tensor.Program // of a step
	Parameters() int             // number of trained parameters
	State() []nn.Named           // everything that a checkpoint holds
	Drawn() []nn.Named           // the part of State that Look and the abilities need; a recording keeps it for many steps

	// Look makes the current views. Their names stay the same.
	Look(ctx context.Context) ([]watch.View, error)
	// Answer serves a request of an onlooker. look: the next Look answers it.
	Answer(ctx context.Context, r watch.Request) (look bool)

	Close()
}

// Tell passes on information.
func (e Env) Tell(line string) {
	if e.Say != nil {
		e.Say(line)
	}
}

// Heard passes on progress.
func (e Env) Heard(unit string, done, of int) {
	if e.Count != nil {
		e.Count(unit, done, of)
	}
}

// Counter returns [Env.Heard] for one unit.
func (e Env) Counter(unit string) func(done, of int) {
	return func(done, of int) { e.Heard(unit, done, of) }
}

// A returns a title with its indefinite article: an MLP VAE, a GPT.
func A(title string) string {
	if strings.HasPrefix(title, "MLP ") || title != "" && strings.ContainsAny(title[:1], "AEIO") {
		return "an " + title
	}
	return "a " + title
}

// CountOf formats a number of things, such as 652,824 parameters.
func CountOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return message.NewPrinter(language.English).Sprintf("%d %s", n, what)
}
