package viewer

import (
	"slices"

	"genview/models/heads"
	"genview/models/watch"
)

// mostRolled is the most tokens whose rollout is computed: it takes the third power of their number.
const mostRolled = 256

// reduces tells whether a view is of attention, whose heads are reduced beside them.
func reduces(v *watch.HeatMaps) bool { return v.Prompt != nil && len(v.Maps) > 0 }

// tablesOf returns the tables of a view: of each head and, for attention, of each reduction.
func tablesOf(v *watch.HeatMaps) map[head]watch.Map {
	all := map[head]watch.Map{}
	count := map[string]int{}
	for _, m := range v.Maps {
		count[m.Name] = m.Heads
		for k := range m.Heads {
			one := m
			one.Heads, one.Values, one.Scores = 1, m.Head(k), nil
			all[head{m.Name, k}] = one
		}
	}
	if !reduces(v) {
		return all
	}
	for i, r := range heads.Reductions {
		if r == heads.Rollout && slices.ContainsFunc(v.Maps, func(m watch.Map) bool { return len(m.Rows) > mostRolled }) {
			continue
		}
		for _, m := range heads.Reduce(v.Maps, r) {
			all[head{m.Name, count[m.Name] + i}] = m
		}
	}
	return all
}

// reduction returns the reduction of the chosen table; "" if that is a head's own.
func (p *HeatMaps) reduction() heads.Reduction {
	for _, m := range p.shown.Maps {
		if k := p.chosen.index - m.Heads; m.Name == p.chosen.layer && k >= 0 && k < len(heads.Reductions) {
			return heads.Reductions[k]
		}
	}
	return ""
}

// A trace is a head's score over training.
type trace struct {
	name, unit string
	steps      []int
	values     []float64
}

const mostTraced = 512 // points of a trace; further ones thin it

// trace adds the scores of a view. Views of the past come in any order.
func (p *HeatMaps) trace(v *watch.HeatMaps, step int) {
	if p.traces == nil {
		p.traces = map[head][]trace{}
	}
	for _, m := range v.Maps {
		for _, s := range m.Scores {
			for k, value := range s.Values {
				h := head{m.Name, k}
				i := slices.IndexFunc(p.traces[h], func(t trace) bool { return t.name == s.Name })
				if i < 0 {
					i = len(p.traces[h])
					p.traces[h] = append(p.traces[h], trace{name: s.Name, unit: s.Unit})
				}
				p.traces[h][i].add(step, value)
			}
		}
	}
}

func (t *trace) add(step int, value float64) {
	i, found := slices.BinarySearch(t.steps, step)
	if found {
		t.values[i] = value
		return
	}
	t.steps, t.values = slices.Insert(t.steps, i, step), slices.Insert(t.values, i, value)
	if len(t.steps) <= mostTraced {
		return
	}
	for i := range len(t.steps) / 2 {
		t.steps[i], t.values[i] = t.steps[2*i], t.values[2*i]
	}
	t.steps, t.values = t.steps[:len(t.steps)/2], t.values[:len(t.values)/2]
}

// A mode is a way to show the chosen head in the large area.
type mode int

const (
	asTable mode = iota
	asLines
	asStages
	asText // what the model makes of the text, in place of the head
	modeCount
)

// The buttons above the large map: after those of the modes, these.
const (
	toolLock = int(modeCount) + iota
	toolZero
	toolMean
	toolCount
)

var toolNames = [toolCount]string{"map", "lines", "stages", "text", "0 to 1", "zero", "mean"}

// sections are the parts of the large map's area.
type sections struct {
	title Rect
	tools [toolCount]Rect // empty ones are not there
	scale Rect
	table Rect // with tokens at the left and above
	text  Rect // for what the model goes on with, in place of the table
	foot  Rect // for scores, and for what the model does without the head
}

// sectionsOf divides the area of the large map.
func (p *HeatMaps) sectionsOf(r Rect, v *watch.HeatMaps) sections {
	var q sections
	q.title, r = r.Top(titleOfHead)
	if !reduces(v) || r.H < 170 || r.W < 250 {
		q.table = r
		return q
	}
	var row Rect
	row, r = r.Top(24)
	_, r = r.Top(4)
	const apart = 6 // between the buttons that are no modes
	n, room := 0.0, row.W
	for i := range q.tools {
		if p.offers(i, v) {
			n++
			if i >= int(modeCount) {
				room -= apart
			}
		}
	}
	for i := range q.tools {
		if !p.offers(i, v) {
			continue
		}
		if i >= int(modeCount) {
			_, row = row.Left(apart)
		}
		q.tools[i], row = row.Left(min(54, room/n))
	}
	if p.mode == asText && v.Prompt.Next != nil {
		_, q.text = r.Top(6)
		return q
	}
	if row.W > 120 && p.mode != asStages {
		_, row = row.Left(14)
		q.scale, _ = row.Left(150)
	}
	if p.cuttable(v) && r.H > 190 {
		q.table, q.foot = r.Top(r.H - 58)
		_, q.foot = q.foot.Top(8)
		return q
	}
	q.table = r
	return q
}

// cuttable tells whether a view's model can do without a head: such models score their heads.
func (p *HeatMaps) cuttable(v *watch.HeatMaps) bool {
	return len(v.Maps) > 0 && v.Maps[0].Scores != nil
}

// offers tells whether there is a button of a tool.
func (p *HeatMaps) offers(tool int, v *watch.HeatMaps) bool {
	of := p.cuttable(v) && p.reduction() == "" // a head that one can look into, and take away
	switch tool {
	case int(asText):
		return v.Prompt.Next != nil
	case int(asStages):
		return of
	case int(asLines):
		return !v.Maps[0].Patches // whose rows and columns are places
	case toolLock:
		return p.mode != asText && p.mode != asStages
	case toolZero, toolMean:
		return of && p.mode != asText
	}
	return true
}

// looksInto returns the head whose stages are shown; zero: none.
func (p *HeatMaps) looksInto(q sections) watch.Dissect {
	whole := p.mode == asTable && p.tables[p.chosen].Pool > 1
	if !whole && p.mode != asStages || q.tools[asStages].W == 0 {
		return watch.Dissect{}
	}
	return watch.Dissect{Layer: p.chosen.layer, Head: p.chosen.index}
}

// useTools handles the buttons above the large map. A head is taken away until its button is pressed again.
func (p *HeatMaps) useTools(in Input, large Rect) (ask []watch.Request, redraw bool) {
	if _, ok := p.chosenMap(); !ok {
		return nil, false
	}
	q := p.sectionsOf(large, p.shown)
	for i := range p.tools {
		if q.tools[i].W == 0 {
			continue
		}
		clicked, changed := p.tools[i].update(in, q.tools[i])
		redraw = redraw || changed
		switch {
		case !clicked:
		case i < int(modeCount):
			p.mode = mode(i)
		case i == toolLock:
			p.locked = !p.locked
			p.maps = draws(p.tables, p.locked, p.theme)
		default:
			want := watch.Ablate{Layer: p.chosen.layer, Head: p.chosen.index, Mean: i == toolMean}
			if p.cut == want {
				want = watch.Ablate{}
			}
			p.cut = want
			ask = append(ask, want)
		}
	}
	return ask, redraw
}

// without tells what the model does without the head that was asked for; ready is false until it is known of the text that is shown.
func (p *HeatMaps) without(v *watch.HeatMaps) (cut *watch.Cut, ready bool) {
	if p.cut == (watch.Ablate{}) {
		return nil, false
	}
	return v.Cut, v.Cut != nil && v.Cut.Ablate == p.cut && !p.stale(v)
}
