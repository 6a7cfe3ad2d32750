package watch

import "time"

// State says what a run is doing.
type State string

// The states of a run.
const (
	Compiling State = "compiling" // programs and kernels are being made
	Training  State = "training"
	Paused    State = "paused"
	Done      State = "done"      // training is over; requests may still be served
	Choosing  State = "choosing"  // nothing runs yet, see Choices
	Showing   State = "showing"   // there is no run, but pictures that a user asked for
	Following State = "following" // another process trains the run
)

// A Snapshot is what a run looks like at one moment. It is never written after Publish, nor is anything it points to.
type Snapshot struct {
	Title  string // the run's name
	Model  string // such as "DCGAN, 3.6 M parameters"
	Data   string // such as "MNIST, 60,000 images"
	Device string // such as "llvmpipe (LLVM 19)"

	State             State
	Step, Steps       int // steps done and in all; Steps is 0 if there is no end
	Elapsed           time.Duration
	ExamplesPerSecond float64 // 0: not known yet
	StepSeconds       float64 // of the last steps; 0: not known yet

	Rate      float64  // factor of the learning rate, which a [Rate] changes; 0: it cannot be changed
	Dials     []Dial   // settings that a [Turn] changes while the run trains; nil: there are none
	Parts     []string // of a step, which a [Step] runs alone, such as those of a GAN; nil: it has none
	Trainable bool     // a [Train] trains the run further; it is not in training
	Home      bool     // a [Home] leads to the start page

	Views    []View // in the order in which they are shown
	LookStep int    // step of the newest look

	Past *Past // nil: there is none

	Choices []Choice // what the user can begin; nil once something has begun
	Needs   Needs    // of the newest Weigh that was answered
	Recent  []Recent // runs that the user can open instead, newest first
	Learns  string   // path of the folder or text that the choices learn from; "": each from its usual data
	Message string   // an error; "" for none
	Notice  string   // information, such as "saved at step 1,000"; "" for none
}

// A Dial is a setting that can be changed while a run trains.
type Dial struct {
	Key   string // Turn sends it back
	Name  string // such as "steps between samples"
	Value float64
	Whole bool // it is a whole number
}

// A Past is what is kept of a run's steps, and which of them a snapshot shows.
type Past struct {
	Steps   []int // that a [Seek] can show, in order
	Shown   int   // the step of the snapshot's views; below 0: they are the newest
	Weights int   // step of the weights that a [Decode] draws with; below 0: there are none
}

// A Choice is a training that the user can begin.
type Choice struct {
	Name  string // Choose sends it back
	Title string // such as "Letters"
	About string // a sentence or two

	Settings []Setting // that the user can change before it begins
	Draws    bool      // it can learn from points that the user draws
}

// A Setting is a setting of a training.
type Setting struct{ Key, Value, Meaning string }

// Needs are what a training would need.
type Needs struct {
	Name, Set   string  // of the Weigh
	Problem     string  // why it cannot begin; "" if it can
	Device      string  // on which it would run
	Memory      int64   // of the device in bytes; 0: not known
	Steps       int     // in all
	StepSeconds float64 // that a step took in an earlier run with these settings; 0: there is none
	Run         string  // that run's folder
}

// A Recent is a run that is kept.
type Recent struct {
	Dir   string // Open sends it back
	Model string // such as "MLP VAE"
	Step  int    // up to which it was trained
	Steps int    // to which it is to be trained; 0: no end
	Shows View   // what it has made, for a small picture; nil: nothing is known
}

// A Metric is a number that a step reports.
type Metric struct {
	Name  string
	Value float64
}

// Metrics are the numbers of one step, in the order in which they are shown.
type Metrics []Metric

// Value returns the value of the metric with that name, and whether there is one.
func (m Metrics) Value(name string) (float64, bool) {
	for _, x := range m {
		if x.Name == name {
			return x.Value, true
		}
	}
	return 0, false
}
