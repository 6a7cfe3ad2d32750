package replay

import (
	"context"
	"slices"

	"genview/models/watch"
)

// wishes are what the user wants to see of a prompt and inside the model, at whatever step.
type wishes struct {
	text   string          // that was typed; "": none
	cut    *watch.Ablate   // nil: none was asked for
	inside *watch.Dissect  // nil: none was asked for
	goOn   *watch.Generate // nil: it was not asked for

	inspect *watch.Inspect // nil: nobody has asked to look into the model
}

// add takes a request that is a wish.
func (w *wishes) add(r watch.Request) {
	switch r := r.(type) {
	case watch.Attend:
		w.text = r.Text
	case watch.Ablate:
		w.cut = &r
	case watch.Dissect:
		w.inside = &r
	case watch.Generate:
		w.goOn = &r
	case watch.Inspect:
		w.inspect = &r
	}
}

// differs tells whether something was asked for that is not what there is.
func differs[T comparable](want *T, got T) bool { return want != nil && *want != got }

// fit tells whether views are those that the user wants.
func (w *wishes) fit(views []watch.View) bool {
	return w.insideFits(views) && !slices.ContainsFunc(views, func(v watch.View) bool {
		m, ok := v.(*watch.HeatMaps)
		if !ok || m.Prompt == nil {
			return false
		}
		var cut watch.Ablate
		var inside watch.Dissect
		if m.Cut != nil {
			cut = m.Cut.Ablate
		}
		if m.Stages != nil {
			inside = m.Stages.Dissect
		}
		return w.text != "" && w.text != m.Prompt.Text || differs(w.cut, cut) || differs(w.inside, inside) || differs(w.goOn, m.Prompt.Drawn)
	})
}

// reread returns views in which those of a prompt, and that of the model's inside, are what the user wants.
func (p *player) reread(ctx context.Context, views []watch.View) (_ []watch.View, err error) {
	if p.wish(ctx) {
		if views, err = p.relook(ctx, views); err != nil {
			return nil, err
		}
	}
	return p.inspected(ctx, views)
}

// wish tells the model the wishes, and whether the next look grants them.
func (p *player) wish(ctx context.Context) (look bool) {
	if p.wishes.text != "" {
		look = p.session.Model.Answer(ctx, watch.Attend{Text: p.wishes.text})
	}
	if p.wishes.cut != nil {
		look = p.session.Model.Answer(ctx, *p.wishes.cut) || look
	}
	if p.wishes.inside != nil {
		look = p.session.Model.Answer(ctx, *p.wishes.inside) || look
	}
	if p.wishes.goOn != nil {
		look = p.session.Model.Answer(ctx, *p.wishes.goOn) || look
	}
	return look
}

// relook returns views in which those of a prompt are new ones of the model.
func (p *player) relook(ctx context.Context, views []watch.View) ([]watch.View, error) {
	looked, err := p.session.Model.Look(ctx)
	if err != nil {
		return nil, err
	}
	views = slices.Clone(views)
	for i, v := range views {
		if m, ok := v.(*watch.HeatMaps); ok && m.Prompt != nil {
			if now := watch.Find[*watch.HeatMaps](looked, m.Name); now != nil {
				views[i] = now
			}
		}
	}
	return views, nil
}
