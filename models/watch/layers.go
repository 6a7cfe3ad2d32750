package watch

import "math"

// Layers are what a model is made of: its parameters, with how their values and their gradients are spread, and what its layers make of an
// example.
type Layers struct {
	Name    string
	Step    int `json:"-"` // after which the parameters are so. A recording omits it: it is that of the look.
	Layers  []Layer
	Memory  int64  // bytes of the device that are in use
	Example string `json:",omitempty"` // what goes through the layers, such as "held-out picture 1"; "": nothing
	Problem string `json:",omitempty"` // why nothing goes through them, although the model could show it; "": nothing is wrong

	Activations []Activation `json:",omitempty"` // of the layers, in their order
	Features    *Features    `json:"-"`          // of the layer that an Inspect chose; nil: none. A recording omits them: its weights give them again.
	Kernels     []Kernel     `json:"-"`          // of a step, the slowest first; nil: nobody asked, or none was timed yet
}

// A Layer is a tensor of parameters.
type Layer struct {
	Name     string // such as "fc1.weight"
	Of       string `json:",omitempty"` // the layer of the activations that it is a parameter of; "": of none
	Shape    []int
	Weight   Histogram
	Gradient Histogram // of the moving average of gradients that the optimizer keeps; no counts if it keeps none
}

// Parameters returns the number of values in the tensor.
func (l Layer) Parameters() int {
	n := 1
	for _, d := range l.Shape {
		n *= d
	}
	return n
}

// An Activation is what a layer makes of the example.
type Activation struct {
	Layer  string // such as "encoder.conv1"
	Shape  []int  // [C, H, W] or [C], [T, C] of a sequence
	Values Histogram
}

// Features are all values that a layer makes of the example.
type Features struct {
	Layer   string
	Step    int   // of the weights that make them: in the past it may be before that of the parameters
	Shape   []int // as of the [Activation]
	Values  []float32
	Problem string // why there are no values; "": there are
}

// Planes returns the values as n planes [h, w]: the channels of a picture, or one plane of a sequence, with a row for each token. The values of
// a layer without places are a plane as square as may be, which NaNs fill.
func (f *Features) Planes() (n, h, w int, values []float32) {
	switch len(f.Shape) {
	case 3:
		return f.Shape[0], f.Shape[1], f.Shape[2], f.Values
	case 2:
		return 1, f.Shape[0], f.Shape[1], f.Values
	}
	w = max(1, int(math.Ceil(math.Sqrt(float64(len(f.Values))))))
	h = (len(f.Values) + w - 1) / w
	values = f.Values[:len(f.Values):len(f.Values)]
	for len(values) < h*w {
		values = append(values, float32(math.NaN()))
	}
	return 1, h, w, values
}

// Most returns the largest finite magnitude.
func (f *Features) Most() float64 {
	most := 0.0
	for _, v := range f.Values {
		if m := math.Abs(float64(v)); m > most && !math.IsInf(m, 0) {
			most = m
		}
	}
	return most
}

// A Kernel is a kernel of a training step, which may run several times in it. Times and work are those of a step.
type Kernel struct {
	Ops    string  `json:"ops"`
	Kernel string  `json:"kernel"`
	Shapes string  `json:"shapes"` // of what it writes
	MS     float64 `json:"ms"`
	Share  float64 `json:"share"` // of all kernels' time
	Calls  float64 `json:"calls"`
	GFLOPs float64 `json:"gflops"`
	GBs    float64 `json:"gbs"`
}

// A Histogram counts values in bins of one width from −Most to Most. Those that are not finite are not counted.
type Histogram struct {
	Most      float64 // the largest magnitude
	Mean, Std float64
	Counts    []int // nil: there are no values
}

// Title returns the view's name.
func (v *Layers) Title() string { return v.Name }

func (*Layers) view() {}
