package watch

// Layers are the parameters of a model in training, with how their values and their gradients are spread.
type Layers struct {
	Name   string
	Layers []Layer
	Memory int64 // bytes of the device that are in use
}

// A Layer is a tensor of parameters.
type Layer struct {
	Name     string // such as "fc1.weight"
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

// A Histogram counts values in bins of one width from −Most to Most. Those that are not finite are not counted.
type Histogram struct {
	Most      float64 // the largest magnitude
	Mean, Std float64
	Counts    []int // nil: there are no values
}

// Title returns the view's name.
func (v *Layers) Title() string { return v.Name }

func (*Layers) view() {}
