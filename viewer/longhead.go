package viewer

import (
	"image"

	"genview/models/watch"
)

// longHead is the chosen head of a long text. The maps of a view have it pooled, the stages of a head in whole.
type longHead struct {
	stages  *watch.Stages // that it is of; nil: there is none
	theme   Theme
	locked  bool
	table   watch.Map
	picture *image.RGBA
}

// look takes the weights of stages that are those asked for, and draws them once. pooled tells whether the view's maps are.
func (w *longHead) look(p inside, pooled bool, theme Theme, locked bool) {
	if !pooled || !p.ready() {
		w.stages = nil
		return
	}
	if w.stages == p.shown && w.theme == theme && w.locked == locked {
		return
	}
	s := p.shown
	*w = longHead{stages: s, theme: theme, locked: locked}
	w.table = watch.Map{Name: s.Layer, Heads: 1, Rows: s.Rows, Cols: s.Cols, Self: true, Values: s.Weights}
	w.picture = newPalette(theme, share).draw(w.table, locked)
}

// of tells whether the whole of a head is there.
func (w *longHead) of(h head) bool {
	return w.stages != nil && w.stages.Dissect == watch.Dissect{Layer: h.layer, Head: h.index}
}
