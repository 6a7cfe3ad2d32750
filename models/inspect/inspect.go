// Package inspect looks into a model: at its parameters, at how they and their gradients are spread, at what its layers make of an example, and
// at what the kernels of a training step take.
//
//	in, err := inspect.New(rt, model.State(), inspect.TraceOf(model))
//	if err != nil {
//		return err
//	}
//	defer in.Close()
//	v, err := in.Look(ctx, step) // watch.Layers
//
// The one idea: a checkpoint's names say which parameters a model of any family has, and which moments its optimizer keeps for each. The first
// moment is the moving average of the gradients, so that nothing is added to a step. A program of its own takes at most 4,096 evenly spaced
// values of each tensor, which a few reads bring to the host. Another program passes an example through the layers, and only when somebody
// looks. Kernels are timed only while somebody asks: see [Profile].
package inspect

import (
	"context"
	"math"
	"strings"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

const (
	most = 4096 // values of a tensor that are looked at
	bins = 33   // odd, so that 0 is in the middle of one
)

// Name is the title of the view.
const Name = "Model"

// A part is a tensor of parameters.
type part struct {
	name             string
	of               string // the layer whose parameter it is
	shape            []int
	weight, gradient int // where their values begin in what is read
	weights, grads   int // how many there are
}

// An Inspector looks into one model. It is for one goroutine.
type Inspector struct {
	rt      *tensor.Runtime
	program *tensor.Program
	values  *tensor.Tensor
	parts   []part
	probe   *probe // nil: the model does not show what its layers make
}

// moments are the prefixes of the variables in which optimizers keep the moving average of gradients.
var moments = []string{"exp_avg.", "momentum_buffer."}

// New compiles the program that takes the values. state is what a checkpoint of the model holds, or a part of it: layers without parameters in
// it are left out. trace is of the model's layers; nil: they are not looked at.
func New(rt *tensor.Runtime, state []nn.Named, trace *nn.Trace) (*Inspector, error) {
	gradients := map[string]*tensor.Tensor{}
	for _, n := range state {
		for _, m := range moments {
			if _, of, ok := strings.Cut(n.Name, "."+m); ok && strings.HasPrefix(n.Name, "optim.") {
				gradients[of] = n.Tensor
			}
		}
	}
	in := &Inspector{rt: rt, probe: newProbe(rt, state, trace)}
	var all []*tensor.Tensor
	at := 0
	take := func(t *tensor.Tensor) (from, n int) {
		x := thinned(t)
		all = append(all, x)
		from = at
		at += x.Len()
		return from, x.Len()
	}
	for _, n := range state {
		g := gradients[n.Name]
		if strings.HasPrefix(n.Name, "optim.") || n.Tensor.DType() != tensor.F32 || g == nil && n.Tensor.Rank() == 0 {
			continue
		}
		p := part{name: n.Name, of: in.probe.of(n.Name), shape: n.Tensor.Shape()}
		p.weight, p.weights = take(n.Tensor)
		if g != nil {
			p.gradient, p.grads = take(g)
		}
		in.parts = append(in.parts, p)
	}
	in.values = tensor.Concat(0, all...)
	var err error
	in.program, err = rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{in.values}})
	return in, err
}

// Look returns the parameters as they are after the newest step, which the caller knows.
func (in *Inspector) Look(ctx context.Context, step int) (*watch.Layers, error) {
	if err := in.program.Run(ctx, nil); err != nil {
		return nil, err
	}
	values := make([]float32, in.values.Len())
	if err := in.program.Fetch(in.values, values); err != nil {
		return nil, err
	}
	v := &watch.Layers{Name: Name, Step: step, Memory: in.rt.Device().Memory().Used}
	for _, p := range in.parts {
		v.Layers = append(v.Layers, watch.Layer{
			Name: p.name, Of: p.of, Shape: p.shape,
			Weight: histogram(values[p.weight : p.weight+p.weights]), Gradient: histogram(values[p.gradient : p.gradient+p.grads]),
		})
	}
	return v, in.probe.look(ctx, v)
}

// Layers returns the names of the layers that make something of an example, in their order.
func (in *Inspector) Layers() []string {
	var names []string
	if in.probe != nil {
		for _, l := range in.probe.layers {
			names = append(names, l.Name)
		}
	}
	return names
}

// Choose has all further looks show what a layer makes, too; "": none.
func (in *Inspector) Choose(layer string) {
	if in.probe != nil {
		in.probe.chosen = layer
	}
}

// Close frees the programs.
func (in *Inspector) Close() {
	in.program.Close()
	in.probe.close()
}

// histogram counts values.
func histogram(values []float32) (h watch.Histogram) {
	finite := func(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
	n, sum, squares := 0, 0.0, 0.0
	for _, v := range values {
		if finite(v) {
			n, sum, squares = n+1, sum+float64(v), squares+float64(v)*float64(v)
			h.Most = max(h.Most, math.Abs(float64(v)))
		}
	}
	if n == 0 {
		return h
	}
	h.Mean = sum / float64(n)
	h.Std = math.Sqrt(max(0, squares/float64(n)-h.Mean*h.Mean))
	h.Counts = make([]int, bins)
	for _, v := range values {
		if finite(v) {
			place := 0.5
			if h.Most > 0 {
				place = (float64(v)/h.Most + 1) / 2
			}
			h.Counts[min(int(place*bins), bins-1)]++
		}
	}
	return h
}
