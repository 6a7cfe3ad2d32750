package script

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"go.starlark.net/starlark"
)

// driver is the name of the function that drives a picture.
const driver = "frame"

// errPresents is the error of what writes files while a script drives a picture.
var errPresents = errors.New("nothing is written while a script drives a picture: genview run writes films")

// Frame calls the function frame of the scripts that were run, with a time in seconds, and returns what it returns: a latent vector of z
// numbers, which the caller may change. The steps of each call are bounded like those of a script.
func (in *Interpreter) Frame(ctx context.Context, t float64, z int) ([]float32, error) {
	f, ok := in.names[driver].(starlark.Callable)
	if !ok {
		return nil, errors.New("the script has no function frame(t), which is asked for a latent vector at each time t in seconds; m.seed(1) would be one")
	}
	var out Latent
	err := in.within(ctx, driver, func(thread *starlark.Thread) error {
		v, err := starlark.Call(thread, f, starlark.Tuple{starlark.Float(t)}, nil)
		if err != nil {
			return err
		}
		if out, ok = v.(Latent); !ok {
			return fmt.Errorf("%sframe(%.4g) returns a %s: return a latent vector", place(f), t, v.Type())
		}
		if len(out) != z {
			return fmt.Errorf("%sframe(%.4g) returns a latent vector of %d numbers, where the model's have %d", place(f), t, len(out), z)
		}
		for _, x := range out {
			if x := float64(x); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%sframe(%.4g) returns a latent vector with %g in it", place(f), t, x)
			}
		}
		return nil
	})
	return slices.Clone(out), err
}

// place says where a function is in a script, as the beginning of an error; "": it is one of the host's.
func place(f starlark.Callable) string {
	if f, ok := f.(*starlark.Function); ok {
		return f.Position().String() + ": "
	}
	return ""
}
