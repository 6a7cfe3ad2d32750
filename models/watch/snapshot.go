package watch

import "time"

// State says what a run is doing.
type State string

// The states of a run.
const (
	Compiling State = "compiling" // programs and kernels are being made
	Training  State = "training"
	Paused    State = "paused"
	Done      State = "done"     // training is over; requests may still be served
	Choosing  State = "choosing" // nothing runs yet, see Choices
)

// A Snapshot is what a run looks like at one moment. It is never written after Publish, nor is anything it points to.
type Snapshot struct {
	Title  string // the run's name
	Model  string // as "DCGAN, 3.6 M parameters"
	Data   string // as "MNIST, 60,000 images"
	Device string // as "llvmpipe (LLVM 19)"

	State             State
	Step, Steps       int // steps done, and to do in all; Steps 0 where there is no end
	Elapsed           time.Duration
	ExamplesPerSecond float64 // 0 where not known yet
	StepSeconds       float64 // lately; 0 where not known yet

	Views    []View // what there is to see, in the order in which it is to be shown
	LookStep int    // the step at which the model last showed something

	Choices []Choice // what can be begun; nil once something was
	Message string   // an error to show, "" for none
	Notice  string   // what is worth knowing and no fault, as "saved at step 1,000"; "" for none
}

// A Choice is something that can be begun.
type Choice struct {
	Name  string // what Choose sends back
	Title string // as "Letters"
	About string // a sentence or two
}

// A Metric is one number that a step reports.
type Metric struct {
	Name  string
	Value float64
}

// Metrics are the numbers of one step, in the order in which they are to be shown.
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
