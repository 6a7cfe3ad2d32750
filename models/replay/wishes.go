package replay

import (
	"slices"

	"genview/models/watch"
)

// wishes are what the user wants to see of a prompt, at whatever step.
type wishes struct {
	text   string          // that was typed; "": none
	cut    *watch.Ablate   // nil: none was asked for
	inside *watch.Dissect  // nil: none was asked for
	goOn   *watch.Generate // nil: it was not asked for
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
	}
}

// differs tells whether something was asked for that is not what there is.
func differs[T comparable](want *T, got T) bool { return want != nil && *want != got }

// fit tells whether the views of a prompt are those that the user wants.
func (w *wishes) fit(views []watch.View) bool {
	return !slices.ContainsFunc(views, func(v watch.View) bool {
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
