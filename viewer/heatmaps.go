package viewer

import (
	"image"

	"genview/models/heads"
	"genview/models/watch"
)

// HeatMaps shows tables of numbers small, and one of them large with the tokens of its rows and columns: the attention of a Transformer to
// a text that the user types, head by head, or a confusion matrix.
type HeatMaps struct {
	name   string
	field  field
	asked  string // the newest text that an Attend asked for, from this or another panel
	chosen head
	fixed  bool // the user chose the head
	hover  spot
	over   bool

	mode   mode // how the chosen head is shown
	locked bool // all maps have the colours of a scale up to 1
	tools  [toolCount]button
	cut    watch.Ablate // the newest Ablate that was asked for
	zoom   zoom         // of the large map
	last   Point        // where the cursor was
	inside inside       // the stages of the chosen head
	whole  longHead     // the chosen head of a long text
	writer writer       // of the text that the model goes on with

	shown  *watch.HeatMaps      // the view that maps were drawn from
	theme  Theme                // in which they were drawn
	tables map[head]watch.Map   // of the view's heads and their reductions, each of one head
	maps   map[head]*image.RGBA // a pixel for each value
	traces map[head][]trace     // the scores of the heads over training
}

// head names a head of a layer, or a reduction of all its heads: the index then goes on after the heads.
type head struct {
	layer string
	index int
}

// spot is a position in the large map; below 0: none.
type spot struct{ row, col int }

// Title returns the panel's title.
func (p *HeatMaps) Title() string { return p.name }

func (p *HeatMaps) view(s *watch.Snapshot) *watch.HeatMaps {
	return watch.Find[*watch.HeatMaps](s.Views, p.name)
}

// Shape is Tall for a single map, Large for many maps or a text field, and Hidden until there are any.
func (p *HeatMaps) Shape(s *watch.Snapshot) Shape {
	switch v := p.view(s); {
	case v == nil:
		return Hidden
	case single(v):
		return Tall
	}
	return Large
}

// single tells whether a view is one table without a text, which needs no small maps and no field.
func single(v *watch.HeatMaps) bool {
	return v != nil && v.Prompt == nil && len(v.Maps) == 1 && v.Maps[0].Heads == 1
}

func (p *HeatMaps) writing() bool { return p.field.on }

func (p *HeatMaps) caret() Rect { return p.field.at }

// areas are the parts of the panel.
type areas struct {
	field, output Rect
	grid          Rect // of small maps, with the layers' names at its left
	large         Rect
}

const (
	layerWidth   = 92  // of the layers' names
	headHeight   = 18  // of the heads' numbers above the grid
	leastReduced = 16  // of a map in the grid, for reductions to be shown beside the heads
	reducedGap   = 0.3 // widths of a map between heads and reductions
	titleOfHead  = 24
)

// areas puts the large map below the grid, or beside it in a panel that is wider than high. The grid leaves the large map the room that it
// can use.
func (p *HeatMaps) areas(size Point) areas {
	rest := content(size, true)
	var a areas
	if single(p.shown) {
		a.large = rest
		return a
	}
	if p.shown == nil || p.shown.Prompt != nil {
		a.field, rest = rest.Top(34)
		a.field, a.output = a.field.Left(max(0.6*a.field.W, a.field.W-320))
		_, a.output = a.output.Left(padding)
		_, rest = rest.Top(padding)
	}
	if rest.W > 1.3*rest.H {
		a.grid, a.large = rest.Left(0.42 * rest.W)
		_, a.large = a.large.Left(2 * padding)
	} else {
		use := 0.55
		if m, ok := p.chosenMap(); ok {
			use = min(max(rest.W/rest.H*float64(len(m.Rows))/float64(len(m.Cols)), 0.55), 0.66)
		}
		a.grid, a.large = rest.Top((1 - use) * rest.H)
		_, a.large = a.large.Top(padding)
	}
	return a
}

// small returns the area of a head's map in the grid, whose cells are square. The maps of reductions are those after the heads, behind a gap;
// they have no area if there is no room for them.
func small(grid Rect, s *watch.HeatMaps, layer, index int) Rect {
	most, widest, highest := 1, 0.0, 0.0 // and the widest and the highest map, as width by height and height by width
	for _, m := range s.Maps {
		most = max(most, m.Heads)
		widest = max(widest, float64(len(m.Cols))/float64(len(m.Rows)))
		highest = max(highest, float64(len(m.Rows))/float64(len(m.Cols)))
	}
	w, h := (grid.W-layerWidth)/float64(most), (grid.H-headHeight)/float64(len(s.Maps))
	own := s.Maps[layer].Heads
	with := (grid.W - layerWidth) / (float64(most+len(heads.Reductions)) + reducedGap)
	at := float64(index)
	switch {
	case reduces(s) && with >= leastReduced:
		w = with
		if index >= own {
			at = float64(most+index-own) + reducedGap
		}
	case index >= own:
		return Rect{}
	}
	w, h = min(w, h*widest), min(h, w*highest)
	m := s.Maps[layer]
	return Rect{grid.X + layerWidth + at*w, grid.Y + headHeight + float64(layer)*h, w, h}.Inset(2).Fit(float64(len(m.Cols)), float64(len(m.Rows)))
}

// chosenMap returns the table of the chosen head, or of a reduction; false: there is none. That of a long text is pooled until the whole of it
// has come.
func (p *HeatMaps) chosenMap() (watch.Map, bool) {
	m, ok := p.tables[p.chosen]
	if m.Pool > 1 && p.mode == asTable && p.whole.of(p.chosen) {
		return p.whole.table, true
	}
	return m, ok
}

// choose keeps the user's choice as long as that head exists; otherwise it chooses the first head of the last layer.
func (p *HeatMaps) choose(a *watch.HeatMaps) {
	if _, ok := p.chosenMap(); ok && p.fixed || len(a.Maps) == 0 {
		return
	}
	p.chosen, p.fixed = head{a.Maps[len(a.Maps)-1].Name, 0}, false
}

// Update handles typing and clicks, and asks for the attention of a new text, or for what the model does without a head.
func (p *HeatMaps) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	a := p.view(s)
	if a == nil {
		return nil, false
	}
	if in.Theme != p.theme {
		p.theme, redraw = in.Theme, true
		p.maps = draws(p.tables, p.locked, p.theme)
	}
	if a != p.shown {
		p.shown, p.tables, redraw = a, tablesOf(a), true
		p.maps = draws(p.tables, p.locked, p.theme)
		p.trace(a, s.LookStep)
		p.choose(a)
	}
	redraw = redraw || in.Attend != p.asked
	p.asked = in.Attend
	at := p.areas(in.Size)
	changed := false
	if a.Prompt != nil {
		var take bool
		take, changed = p.field.update(in, at.field, p.text(a))
		if take && p.field.text != p.asked {
			p.asked = p.field.text
			ask = append(ask, watch.Attend{Text: p.asked})
		}
	}
	if in.Pressed && !single(a) {
		for l, m := range a.Maps {
			for k := range m.Heads + len(heads.Reductions) {
				h := head{m.Name, k}
				if _, ok := p.tables[h]; ok && small(at.grid, a, l, k).Contains(in.Cursor) {
					p.chosen, p.fixed, changed = h, true, true
				}
			}
		}
	}
	wants, tooled := p.useTools(in, at.large)
	p.inside.look(a)
	q := p.sectionsOf(at.large, a)
	more, drawn := p.inside.update(in, q.table, p.looksInto(q))
	wants, tooled = append(wants, more...), tooled || drawn
	if p.mode == asStages {
		p.inside.paint(p.theme)
	}
	p.whole.look(p.inside, p.tables[p.chosen].Pool > 1, p.theme, p.locked)
	if q.text.W > 0 {
		more, drawn := p.writer.update(in, q.text, a.Prompt)
		wants, tooled = append(wants, more...), tooled || drawn
	}
	hover, over := spot{-1, -1}, false
	if m, ok := p.chosenMap(); ok && p.mode == asTable {
		changed = p.zoom.look(in, q.table, a, m, p.last) || changed
		p.last = in.Cursor
	}
	if m, ok := p.chosenMap(); ok && in.Over {
		hover, over = p.under(at.large, a, m, in.Cursor)
	}
	changed = changed || tooled || hover != p.hover || over != p.over
	p.hover, p.over = hover, over
	return append(ask, wants...), redraw || changed
}

// text returns the text of the field while the user is not editing: the one that was read or was asked for last.
func (p *HeatMaps) text(a *watch.HeatMaps) string {
	if p.asked != "" {
		return p.asked
	}
	return a.Prompt.Text
}

// stale tells whether the view is of another text than the field shows.
func (p *HeatMaps) stale(a *watch.HeatMaps) bool {
	return !p.field.changed.IsZero() || p.text(a) != a.Prompt.Text
}
