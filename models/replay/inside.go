package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"genview/models/inspect"
	"genview/models/watch"
	"genview/tensor"
)

// inside looks into the model of a session.
type inside struct {
	inspector *inspect.Inspector // nil: nobody has asked yet
	known     int                // number of tensors that it knows: those of a checkpoint, or only those that draw
}

// inspected returns views in which that of what the model is made of is as the user wants, of the weights that the session has.
func (p *player) inspected(ctx context.Context, views []watch.View) ([]watch.View, error) {
	want := p.wishes.inspect
	if want == nil {
		return views, nil
	}
	at := slices.IndexFunc(views, func(v watch.View) bool { return v.Title() == inspect.Name })
	if !want.On {
		p.inside.close()
		if at >= 0 {
			views = slices.Delete(slices.Clone(views), at, at+1)
		}
		return views, nil
	}
	v, err := p.look(ctx, want.Layer)
	views = slices.Clone(views)
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, tensor.ErrDeviceLost)):
		return nil, err
	case err != nil: // nobody looks until somebody asks again
		p.inside.close()
		p.wishes.inspect = nil
		err = fmt.Errorf("the model cannot be looked into: %w", err)
		p.say(err)
		if at >= 0 {
			views[at] = failed(views[at], want.Layer, err)
		}
		return views, nil
	}
	if at < 0 {
		return append(views, v), nil
	}
	if old, ok := views[at].(*watch.Layers); ok { // recorded in training, with gradients
		c := *old
		c.Features, c.Problem = v.Features, v.Problem
		if c.Activations == nil {
			c.Example, c.Activations = v.Example, v.Activations
		}
		v = &c
	}
	views[at] = v
	return views, nil
}

// failed returns what was recorded of a model, with the reason why there is no more of it.
func failed(v watch.View, layer string, err error) watch.View {
	old, ok := v.(*watch.Layers)
	if !ok || layer == "" {
		return v
	}
	c := *old
	c.Features = &watch.Features{Layer: layer, Problem: err.Error()}
	return &c
}

// look looks into the model of the session.
func (p *player) look(ctx context.Context, layer string) (*watch.Layers, error) {
	s := p.session
	state := s.Known()
	if p.inside.inspector == nil || p.inside.known != len(state) {
		p.inside.close()
		in, err := inspect.New(s.Runtime, state, inspect.TraceOf(s.Model))
		if err != nil {
			return nil, err
		}
		p.inside = inside{in, len(state)}
	}
	p.inside.inspector.Choose(layer)
	return p.inside.inspector.Look(ctx, s.Step)
}

func (i *inside) close() {
	if i.inspector != nil {
		i.inspector.Close()
	}
	*i = inside{}
}

// insideFits tells whether views have of what the model is made of what the user wants.
func (w *wishes) insideFits(views []watch.View) bool {
	if w.inspect == nil {
		return true
	}
	v := watch.Find[*watch.Layers](views, inspect.Name)
	switch {
	case !w.inspect.On || v == nil:
		return w.inspect.On == (v != nil)
	case w.inspect.Layer == "":
		return v.Features == nil && v.Activations != nil
	}
	return v.Features != nil && v.Features.Layer == w.inspect.Layer
}
