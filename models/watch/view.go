package watch

import (
	"image"
	"math"
	"slices"
	"sort"
)

// A View is a part of what a run shows. Its kinds are the pointers to the types that have the method. The set is closed: code that draws, writes
// or records views handles each kind once, and then handles every new model. A view must not be changed after it was shown.
type View interface {
	// Title returns the view's name. It is the same at every look and unique among the views of a model.
	Title() string

	view() // closes the set
}

// Curves are numbers over a run's steps.
type Curves struct {
	Name   string
	Groups []Group // each has an axis of its own
	Clock  Clock
	Events Events
	Epoch  int // steps in which the data are seen once; 0: not known
}

// A Clock is the time trained at some steps. Both increase. There are no steps if the times are not known.
type Clock struct{ Steps, Seconds []float64 }

// Known tells whether At and Step have values.
func (c Clock) Known() bool { return len(c.Steps) > 1 }

// At returns the seconds trained at a step: between known steps in proportion, and beyond them as it goes on there. It is NaN if the clock is
// not known.
func (c Clock) At(step float64) float64 { return between(c.Steps, c.Seconds, step) }

// Step is the inverse of At.
func (c Clock) Step(seconds float64) float64 { return between(c.Seconds, c.Steps, seconds) }

// between returns the ordinate at x of the line through the points next to it.
func between(xs, ys []float64, x float64) float64 {
	if len(xs) < 2 {
		return math.NaN()
	}
	i := min(max(sort.SearchFloat64s(xs, x)-1, 0), len(xs)-2)
	return ys[i] + (x-xs[i])/(xs[i+1]-xs[i])*(ys[i+1]-ys[i])
}

// A Group holds curves that share an axis.
type Group struct {
	Name   string // such as "loss"
	Unit   string // such as "nats"; "" for none
	Series []Series
}

// A Series is one curve. Low and High, if they are not nil, are the minimum and maximum of the values that each point summarises.
type Series struct {
	Name      string
	Steps     []int
	Values    []float64
	Low, High []float64
}

// Pictures are images of one size side by side.
type Pictures struct {
	Name     string
	Images   []*image.RGBA // at least one
	Captions []string      // one an image; nil for none
	Marks    []Mark        // one an image; nil for none
	Points   []string      `json:",omitempty"` // the latent vector of each image, as package walk names it, such as "seed:7"; nil: they have none
	Real     []*image.RGBA `json:"-"`          // pictures of the same size that the model learns from, beside what it makes; nil: none. A recording omits them: they stay the same.
}

// A Mark says whether a model's statement about a picture is right.
type Mark uint8

// The marks.
const (
	Unmarked Mark = iota
	Right
	Wrong
)

// Texts are texts with a model's output, or texts that it wrote.
type Texts struct {
	Name     string
	Examples []Example // at least one
}

// An Example is a text with a model's output.
type Example struct {
	Input, Output string
	Want          string // the correct Output; "" if there is none
}

// Judged tells whether some example has a correct output to compare with.
func (v *Texts) Judged() bool { return len(v.Examples) > 0 && v.Examples[0].Want != "" }

// HeatMaps are tables of numbers that are drawn as colours, with a token at each row and column: the attention maps of a Transformer, or a
// confusion matrix.
type HeatMaps struct {
	Name   string
	Prompt *Prompt   // the text of the maps, which an Attend changes; nil if they have none
	Words  [2]string // around a value in a sentence from its row to its column, such as "takes" and "from"
	Maps   []Map     // in the order in which they are shown; none if the prompt has a problem
	Cut    *Cut      `json:",omitempty"` // what the model does without one of its heads; nil: nothing was asked
	Stages *Stages   `json:"-"`          // what one of its heads computes; nil: nothing was asked. A recording omits it: its weights give it again.
}

// Stages are what a head computes on the way from queries to its output (Vaswani et al. 2017, equation 1), for each query.
type Stages struct {
	Dissect
	Rows    []string  `json:"rows"`    // the tokens of the queries
	Cols    []string  `json:"columns"` // the tokens of the keys
	Width   int       `json:"width"`   // of a value
	Scores  []float32 `json:"scores"`  // Q·Kᵀ/√D [len(Rows), len(Cols)]
	Masked  []bool    `json:"masked"`  // whether the query must not look at the key [len(Rows), len(Cols)]
	Weights []float32 `json:"weights"` // the softmax of the scores that are not masked [len(Rows), len(Cols)]
	Values  []float32 `json:"values"`  // Weights·V [len(Rows), Width]
}

// A Cut is what a model does without one of its heads.
type Cut struct {
	Ablate
	Loss   float64  // on held-out data, with all heads
	Lost   float64  // on the same data, without the head
	Unit   string   // of both, such as "nats per character"
	Next   []Likely // the likeliest tokens after the prompt, without the head; nil if the model predicts none
	Output string   // the model's output for the prompt, without the head; "" for none
}

// Likely is a token with its probability.
type Likely struct {
	Token string  `json:"token"`
	P     float64 `json:"p"`
}

// A Score is a number that describes each of a layer's heads.
type Score struct {
	Name   string    // such as "entropy"
	Unit   string    // such as "nats"; "" for none
	Values []float64 // one a head
}

// A Prompt is a text that a model has read, with the result.
type Prompt struct {
	Text    string
	Unread  int      // number of characters at the beginning of Text that the model does not read because the text is too long
	Output  string   // the model's output; "" for none
	Next    []Likely `json:",omitempty"` // the likeliest tokens after the text, the likeliest first; nil if the model predicts none
	Drawn   Generate `json:",omitzero"`  // how Output was drawn, and of what Next are the probabilities; zero: Output is the likeliest, Next of all tokens
	Problem string   // why the model cannot read Text; the other fields are then empty; "": it can
}

// Has tells whether the view has a head of a layer.
func (v *HeatMaps) Has(layer string, head int) bool {
	return slices.ContainsFunc(v.Maps, func(m Map) bool { return m.Name == layer && head >= 0 && head < m.Heads })
}

// A Map holds tables of one size. For a Transformer they are the attention weights of a layer's heads: how much the token of each row
// attends to the token of each column. Each row sums to 1.
type Map struct {
	Name       string // such as "decoder.layers.0.multihead_attn", the name of a tap
	Heads      int    // number of tables
	Rows, Cols []string
	Self       bool      `json:",omitempty"` // rows and columns are the positions of one sequence: self-attention
	Values     []float32 // [Heads, len(Rows), len(Cols)], none negative
	Scores     []Score   `json:",omitempty"` // of the heads at this step, not only for this text; nil for none
	Pool       int       `json:",omitempty"` // above 1: a long text's map, in which a value is the greatest of Pool × Pool, and a token the first of Pool
	Patches    bool      `json:",omitempty"` // rows and columns are those of a picture's patches: a head's values are what one token attends to in each, and do not sum to 1 by rows
	Rollout    []float32 `json:",omitempty"` // of Patches: [len(Rows), len(Cols)] of all heads up to this layer, see package heads
}

// Head returns the values [len(Rows), len(Cols)] of one table.
func (m Map) Head(k int) []float32 {
	n := len(m.Rows) * len(m.Cols)
	return m.Values[k*n : (k+1)*n]
}

// Shades returns the brightness from 0 to 1 of each value [len(Rows), len(Cols)] of one table. The largest value has 1; small ones are
// raised to be visible; values that are not numbers have 0.
func (m Map) Shades(k int) []float64 { return m.ShadesTo(k, m.Most(k)) }

// Most returns the largest finite value of one table.
func (m Map) Most(k int) float64 {
	most := 1e-9
	for _, v := range m.Head(k) {
		if v := float64(v); v > most && !math.IsInf(v, 1) {
			most = v
		}
	}
	return most
}

// ShadesTo is Shades if a value of most has the brightness 1.
func (m Map) ShadesTo(k int, most float64) []float64 {
	values := m.Head(k)
	shades := make([]float64, len(values))
	for i, v := range values {
		if v > 0 { // false for NaN
			shades[i] = math.Pow(min(float64(v)/most, 1), 0.7)
		}
	}
	return shades
}

// Short returns a token as one character, for narrow places.
func Short(token string) string {
	if r := []rune(token); len(r) > 1 {
		return "►"
	}
	return token
}

// A Scatter is sets of points in a plane.
type Scatter struct {
	Name  string
	Reach float64  // the plane is shown from −Reach to Reach on both axes
	Sets  []Points // at least one; the model's own comes first and is drawn on top
	Field *Field   // behind the points; nil for none
	Said  string   `json:",omitempty"` // how good the model's points are, such as "24 of 25 modes, 93 % good"; "": not known
}

// Points is a set of points.
type Points struct {
	Name string
	XY   []float32 // x and y of each
}

// A Field is a function on the plane, sampled on a grid.
type Field struct {
	Name      string    // of the value, such as "logit"
	Low, High string    // what small and large values mean
	Side      int       // Values has Side rows and columns
	Values    []float32 // [Side, Side]: at the centres of the grid's cells, rows from y = Reach down, columns from x = −Reach up
}

// A Table is rows of cells with names of columns.
type Table struct {
	Name    string
	Columns []string
	Rows    [][]string // each as long as Columns
}

// A Latent describes a model's latent space. A [Decode] asks for the pictures in it.
type Latent struct {
	Name    string
	Z       int      // dimensions of a latent vector
	Points  []Point  // a plane lies between four of them
	Axes    []Point  // named directions; a plane around the mean is spanned by two of them
	Layers  []string `json:",omitempty"` // of the decoder, from the latent vector to the picture; see [Vary]
	Encodes bool     `json:",omitempty"` // pictures have latent vectors
}

// A Point is a named place in a latent space.
type Point struct {
	Name string // such as "seed:7"
	Z    []float32
}

// Title returns the view's name.
func (v *Curves) Title() string { return v.Name }

// Title returns the view's name.
func (v *Pictures) Title() string { return v.Name }

// Title returns the view's name.
func (v *Texts) Title() string { return v.Name }

// Title returns the view's name.
func (v *HeatMaps) Title() string { return v.Name }

// Title returns the view's name.
func (v *Scatter) Title() string { return v.Name }

// Title returns the view's name.
func (v *Table) Title() string { return v.Name }

// Title returns the view's name.
func (v *Latent) Title() string { return v.Name }

func (*Curves) view()   {}
func (*Pictures) view() {}
func (*Texts) view()    {}
func (*HeatMaps) view() {}
func (*Scatter) view()  {}
func (*Table) view()    {}
func (*Latent) view()   {}

// Find returns the view of that kind and name among views, or nil.
func Find[V View](views []View, name string) V {
	for _, v := range views {
		if v, ok := v.(V); ok && v.Title() == name {
			return v
		}
	}
	var none V
	return none
}

// Show replaces the views that have the names of new ones, and appends the others. It copies the list, because the old one may have been
// published.
func (s *Snapshot) Show(views ...View) {
	all := make([]View, len(s.Views), len(s.Views)+len(views))
	copy(all, s.Views)
next:
	for _, v := range views {
		for i, old := range all {
			if old.Title() == v.Title() {
				all[i] = v
				continue next
			}
		}
		all = append(all, v)
	}
	s.Views = all
}
