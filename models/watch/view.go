package watch

import (
	"image"
	"math"
)

// A View is one thing to look at of a run. Its kinds are the types of this file that have the method, as pointers; the set is closed,
// so that whoever draws, writes or records views does so for each kind once, and a new model is seen everywhere without a line there.
// A view is never written after it was shown.
type View interface {
	// Title returns the view's name. It is the same at every look, and no other view of the model has it.
	Title() string

	view() // closes the set
}

// Curves are numbers over a run's steps.
type Curves struct {
	Name   string
	Groups []Group // each has an axis of its own
}

// A Group is curves that share an axis.
type Group struct {
	Name   string // as "loss"
	Unit   string // as "nats"; "" for none
	Series []Series
}

// A Series is one curve. Low and High, where they are not nil, bound the values that each point stands for.
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
}

// A Mark says whether what a model said of a picture is right.
type Mark uint8

// The marks.
const (
	Unmarked Mark = iota
	Right
	Wrong
)

// Texts are what a model makes of texts, or texts that it wrote.
type Texts struct {
	Name     string
	Examples []Example // at least one
}

// An Example is what a model makes of a text.
type Example struct {
	Input, Output string
	Want          string // what Output should be; "" where nothing is right or wrong
}

// Judged reports whether there is something right or wrong about the texts.
func (v *Texts) Judged() bool { return len(v.Examples) > 0 && v.Examples[0].Want != "" }

// HeatMaps are tables of numbers that are drawn as colours, with a token at each row and column: how a Transformer reads a text, or
// which classes are taken for which.
type HeatMaps struct {
	Name   string
	Prompt *Prompt   // the text that the maps are of, which an Attend changes; nil where they are of none
	Words  [2]string // before and after a value in a sentence from its row to its column, as "takes" and "from"
	Maps   []Map     // in the order in which they are to be shown; none where the prompt has a problem
}

// A Prompt is a text that a model was given, and what it made of it.
type Prompt struct {
	Text    string
	Unread  int    // characters at Text's beginning that are too many for the model: it reads what follows them
	Output  string // what the model makes of it; "" for nothing
	Problem string // why Text cannot be read, "" if it can; the rest is then empty
}

// A Map holds tables of one size. A Transformer's has the attention weights of a layer's heads: how much each token of a row takes
// from each token of a column; each row sums to 1.
type Map struct {
	Name       string // as "decoder.layers.0.multihead_attn", the name of a tap
	Heads      int    // tables
	Rows, Cols []string
	Values     []float32 // [Heads, len(Rows), len(Cols)], none negative
}

// Head returns the values [len(Rows), len(Cols)] of one table.
func (m Map) Head(k int) []float32 {
	n := len(m.Rows) * len(m.Cols)
	return m.Values[k*n : (k+1)*n]
}

// Shades returns how bright each value [len(Rows), len(Cols)] of one table is drawn, from 0 to 1: the largest is 1, and small ones are lifted
// so that they are seen, too. What is no number is 0.
func (m Map) Shades(k int) []float64 {
	values := m.Head(k)
	most := 1e-9
	for _, v := range values {
		if v := float64(v); v > most && !math.IsInf(v, 1) {
			most = v
		}
	}
	shades := make([]float64, len(values))
	for i, v := range values {
		if v > 0 { // which NaN is not
			shades[i] = math.Pow(min(float64(v)/most, 1), 0.7)
		}
	}
	return shades
}

// Short returns a token in one character, for where there is room for no more.
func Short(token string) string {
	if r := []rune(token); len(r) > 1 {
		return "►"
	}
	return token
}

// A Scatter is sets of points in a plane.
type Scatter struct {
	Name  string
	Reach float64  // the plane is seen from −Reach to Reach on both axes
	Sets  []Points // at least one; what the model made comes first, and lies on top
	Field *Field   // behind the points; nil for none
}

// Points are a set of them.
type Points struct {
	Name string
	XY   []float32 // x and y of each
}

// A Field is a number at every place of a plane.
type Field struct {
	Name      string    // of the number, as "logit"
	Low, High string    // what small and large values mean
	Side      int       // of Values
	Values    []float32 // [Side, Side]: at the middles of cells, rows from y = Reach down, columns from x = −Reach on
}

// A Table is rows of cells under the names of their columns.
type Table struct {
	Name    string
	Columns []string
	Rows    [][]string // each as long as Columns
}

// A Latent is what a walk through a model's latent space starts from. What lies in it is asked for with a Decode.
type Latent struct {
	Name   string
	Z      int     // dimensions of a latent vector
	Points []Point // a plane spans four of them
}

// A Point is a named place in a latent space.
type Point struct {
	Name string // as "seed:7"
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

// Find returns the view of that kind and name among views; the zero V, nil, where there is none.
func Find[V View](views []View, name string) V {
	for _, v := range views {
		if v, ok := v.(V); ok && v.Title() == name {
			return v
		}
	}
	var none V
	return none
}

// Show puts views in the place of those that have their names, and new ones behind the others. The list that was there stays as it is,
// for it may have been published.
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
