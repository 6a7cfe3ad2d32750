package train

import (
	"context"
	"fmt"
	"slices"

	"genview/models/inspect"
	"genview/models/watch"
)

// tells passes looks on to Options.OnLook.
type tells struct {
	told      int // the newest step that was passed on; below 0: none
	inspector *inspect.Inspector
	failed    bool // parameters cannot be looked at
}

// tellDue tells whether to pass on a look at a step: the looks between those of samples are as far apart as in a recording.
func (l *loop) tellDue(step int) bool {
	told := l.tells.told
	return l.OnLook != nil && step != told && (told < 0 || due(step, l.SampleEvery) || step == l.Steps || float64(step) >= spread*float64(told))
}

// tell passes views on if that is due, with a look at the parameters.
func (l *loop) tell(ctx context.Context, step int, views []watch.View) {
	if !l.tellDue(step) {
		return
	}
	t := &l.tells
	t.told = step
	if l.inspecting.inspector == nil && !t.failed { // otherwise the views have the parameters
		layers, err := t.look(ctx, l, step)
		switch {
		case err == nil:
			views = append(slices.Clip(views), layers)
		case ctx.Err() == nil: // else it failed since training ends
			t.failed = true
			l.run.notice("the model's parameters cannot be looked at: %v", err)
		}
	}
	l.OnLook(step, views)
}

// look looks at the parameters after a step.
func (t *tells) look(ctx context.Context, l *loop, step int) (*watch.Layers, error) {
	if t.inspector == nil {
		in, err := inspect.New(l.rt, l.model.State(), nil)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		t.inspector = in
	}
	return t.inspector.Look(ctx, step)
}

func (t *tells) end() {
	if t.inspector != nil {
		t.inspector.Close()
	}
}
