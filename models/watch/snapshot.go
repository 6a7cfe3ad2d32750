package watch

import (
	"image"
	"time"
)

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

	Losses []Series // in the order in which they are to be shown

	Samples    []*image.RGBA // the newest pictures from fixed latents, nil before the first
	SampleStep int           // the step at which Samples were made

	Latent    *Latent    // nil for a model without a latent space, or before it can decode
	Plane     *Plane     // nil but for a model of points in the plane
	Examples  []Example  // what a model of text makes of some texts; nil before the first
	Attention *Attention // nil but for a Transformer, and before its first look

	Choices []Choice // what can be begun; nil once something was
	Message string   // an error to show, "" for none
	Notice  string   // what is worth knowing and no fault, as "saved at step 1,000"; "" for none
}

// A Series is one curve. Low and High, where they are not nil, bound the values that each point stands for.
type Series struct {
	Name      string
	Steps     []int
	Values    []float64
	Low, High []float64
}

// Latent is what a walk through a model's latent space starts from.
type Latent struct {
	Z      int     // dimensions of a latent vector
	Points []Point // a latent plane spans four of them
}

// A Point is a named place in a latent space.
type Point struct {
	Name string // as "seed:7"
	Z    []float32
}

// A Plane is a GAN of points at work: what it learns from, what it makes, and what its discriminator thinks of every place.
type Plane struct {
	Reach   float64   // the plane is looked at from −Reach to Reach on both axes
	Real    []float32 // x and y of each point
	Fake    []float32
	Side    int       // of Surface
	Surface []float32 // [Side, Side]: the discriminator's logits, rows from y = Reach down, columns from x = −Reach on
}

// An Example is what a model makes of a text.
type Example struct {
	Input, Output string
	Want          string // what Output should be; "" where nothing is right or wrong
}

// Attention is how a Transformer reads a text.
type Attention struct {
	Text    string // what it reads
	Unread  int    // characters at Text's beginning that are too many for the model: it reads what follows them
	Output  string // what it makes of it
	Problem string // why Text cannot be read, "" if it can; the rest is then empty
	Maps    []Map  // by layer, in the order of computation
}

// A Map holds the attention weights of one layer: how much each token of To, a row, takes from each token of From. A row sums to 1.
type Map struct {
	Name     string // the tap's name, as "decoder.layers.0.multihead_attn"
	Heads    int
	To, From []string  // tokens
	Weights  []float32 // [Heads, len(To), len(From)]
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
