package nn

import (
	"context"
	"fmt"

	"genview/tensor"
)

// Apply runs a network on any number of rows, in batches of fixed size. It compiles when it is first used, and is for one goroutine.
type Apply struct {
	rt    *tensor.Runtime
	batch int
	in    []int // shape of one row
	net   func(x *tensor.Tensor) *tensor.Tensor

	program *tensor.Program
	x, y    *tensor.Tensor
}

// NewApply returns an Apply of a network that maps [batch, in...] to [batch, ...].
func NewApply(rt *tensor.Runtime, batch int, in []int, net func(x *tensor.Tensor) *tensor.Tensor) *Apply {
	return &Apply{rt: rt, batch: batch, in: in, net: net}
}

// Run applies the network to rows, one after another in one slice, and returns its outputs.
func (a *Apply) Run(ctx context.Context, rows []float32) ([]float32, error) {
	if a.program == nil {
		a.x = tensor.Input("rows", tensor.F32, append([]int{a.batch}, a.in...)...)
		a.y = a.net(a.x)
		p, err := a.rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{a.y}})
		if err != nil {
			return nil, err
		}
		a.program = p
		if err := tensor.Warm(ctx, p); err != nil { // compiles as the first run would, but can be watched and cancelled
			return nil, err
		}
	}
	in, out := a.x.Len()/a.batch, a.y.Len()/a.batch
	if len(rows)%in != 0 {
		return nil, fmt.Errorf("nn: %d values are no rows of %d", len(rows), in)
	}
	all := make([]float32, 0, len(rows)/in*out)
	x, y := make([]float32, a.x.Len()), make([]float32, a.y.Len())
	for len(rows) > 0 {
		n := copy(x, rows)
		if err := a.program.Run(ctx, tensor.Feed{a.x: x}); err != nil {
			return nil, err
		}
		if err := a.program.Fetch(a.y, y); err != nil {
			return nil, err
		}
		all = append(all, y[:n/in*out]...)
		rows = rows[n:]
	}
	return all, nil
}

// Close frees the program.
func (a *Apply) Close() {
	if a.program != nil {
		a.program.Close()
	}
}
