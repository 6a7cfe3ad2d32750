// Package family says what a kind of model is: a family is one package and one line in the list of package zoo. All else asks it: the
// command line, the window, the run folder, other programs.
//
// The one idea: a family's settings are a struct that is written and read as the run's config.yaml, checks itself, and builds the model.
// What a model can do besides learning are its abilities, small interfaces that a command, a view or a program asks for by [As].
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
	Kind    string          // as config.yaml names it
	Presets []Preset        // what can be trained, the usual one first
	New     func() Settings // settings whose values are all zero, for a config.yaml to be read into
}

// A Preset is what can be trained by its name alone, or with an argument.
type Preset struct {
	Name     string
	Aliases  []string
	Argument string // what has to be named besides, as "FILE" that is learned from; "" for nothing
	About    string // what it is, in a few words

	// Choice is how the window that opens without arguments offers it; its Name is not set. nil: it does not.
	Choice *watch.Choice

	Steps, Batch int
	Long         bool            // it takes long to be made ready
	Settings     func() Settings // anew at each call
}

// Settings are those of a family: a pointer to a struct whose tags are those of package settings. Its blocks data, model and optim are
// keys of config.yaml, and take part in it with all that they hold.
type Settings interface {
	// Title says what is trained, as "MLP VAE".
	Title() string
	// Source is where the data come from; nil for a family that learns from none.
	Source() Source
	// Validate says what is wrong with values that their tags allow.
	Validate() error
	// Build makes the model, on the runtime of an environment.
	Build(ctx context.Context, e Env) (Model, error)
}

// A Source is the part of settings that says where data come from; see [data.SourceSettings].
type Source interface {
	Base() string // a short name of the data
	Settle() error
	Move(name, dir string) error // says where the data are now
	Accept()                     // takes the data as they are, although they may have changed
	Readable() error             // says why the data cannot be read again; nil: they can
}

// Settings may do more, which is asked for where it matters.
type (
	// A Follower fits those settings to the data, and to each other, that were not asked for by their keys. It tells what it chose, "" for
	// nothing.
	Follower interface {
		Follow(ctx context.Context, asked func(key string) bool) (told string, err error)
	}
	// A Learner reads its data when a run begins, before the model is built: what they are decides what the model is.
	Learner interface {
		Read(ctx context.Context) error
	}
	// A Scheduled has settings that depend on how many steps the training takes.
	Scheduled interface{ Schedule(steps int) }
	// A Rehearser can do without data: what they would have said, it makes up, for steps that learn from nothing.
	Rehearser interface{ Rehearse() }
)

// An Env is what a model is made in.
type Env struct {
	Runtime  *tensor.Runtime
	Seed     uint64 // of weights, noise and order
	Steps    int    // in all
	Batch    int
	CacheDir string // for data sets and fonts; "": nothing is kept

	Say   func(line string)               // hears what is worth knowing, as of downloads; nil for nobody
	Count func(unit string, done, of int) // hears how far something long is; nil for nobody
}

// A Model is a model on a device, with what it learns from. It is for one goroutine.
type Model interface {
	// Begin opens what the model learns from, whose batches come as they do from a step on, and says what it is. It comes before the first
	// step; a model that only shows what it has learned goes without.
	Begin(ctx context.Context, step int) (what string, err error)
	// Step starts a step on the next batch; ctx may end the wait for the batch, never the step.
	Step(ctx context.Context) error
	// Rehearse returns steps that learn from nothing, for timing.
	Rehearse() func(ctx context.Context) error
	// Metrics waits for the newest step and returns what it reports.
	Metrics() (watch.Metrics, error)

	Programs() []*tensor.Program // of a step
	Parameters() int             // how many numbers are trained
	State() []nn.Named           // all that a checkpoint holds
	Drawn() []nn.Named           // of it, what Look and the abilities need: a recording keeps it of many steps

	// Look makes what there is to see now, anew; the views' names stay the same.
	Look(ctx context.Context) ([]watch.View, error)
	// Answer serves a request of who looks; look: it is answered by the next Look.
	Answer(ctx context.Context, r watch.Request) (look bool)

	Close()
}

// Tell tells what is worth knowing.
func (e Env) Tell(line string) {
	if e.Say != nil {
		e.Say(line)
	}
}

// Heard tells how far something is.
func (e Env) Heard(unit string, done, of int) {
	if e.Count != nil {
		e.Count(unit, done, of)
	}
}

// Counter is [Env.Heard] of one unit.
func (e Env) Counter(unit string) func(done, of int) {
	return func(done, of int) { e.Heard(unit, done, of) }
}

// A returns a title with its article, as it is spoken: an MLP VAE, a GPT.
func A(title string) string {
	if strings.HasPrefix(title, "MLP ") || title != "" && strings.ContainsAny(title[:1], "AEIO") {
		return "an " + title
	}
	return "a " + title
}

// CountOf writes how many there are of what, as 652,824 parameters.
func CountOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return message.NewPrinter(language.English).Sprintf("%d %s", n, what)
}
