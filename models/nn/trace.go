package nn

import (
	"context"

	"genview/tensor"
)

// A Trace is the way of an example through a model's networks, for those who look at what layers make.
type Trace struct {
	Layers []Activation // in their order; the names of a layer's parameters begin with its own
	// Next returns the example to look at. It is called for each look, and may open the data.
	Next func(ctx context.Context) (*Traced, error)
}

// Traced is an example that goes through a [Trace].
type Traced struct {
	Name   string // such as "seed:1"
	Feed   tensor.Feed
	Length int // of a sequence that is padded: number of rows in use along the second axis of what layers make; 0: all
}

// Add appends what the layers of a pass made, under the path of their network; "" for none.
func (t *Trace) Add(path string, p *Pass) {
	for _, l := range p.Layers() {
		t.Made(path, l.Name, l.Value)
	}
}

// Made appends what a layer made, under the path of its network; "" for none.
func (t *Trace) Made(path, layer string, x *tensor.Tensor) {
	if path != "" {
		layer = path + "." + layer
	}
	t.Layers = append(t.Layers, Activation{layer, x})
}
