package viewer

import (
	"strings"

	"genview/models/watch"
)

// A helper is a panel that says what can be done with it.
type helper interface{ help() []hint }

// A hint says what a key does, or a move of the mouse.
type hint struct{ keys, does string }

func (p *Status) help() []hint {
	return []hint{
		{"Space", "pause, resume"},
		{"O", "one step while paused"},
		{"1 2", "one step of a GAN's half"},
		{"G", "a sample now"},
		{"I", "inside the model"},
		{", .", "half, twice the learning rate"},
		{"S", "save"},
		{"B", "train more steps"},
		{"H", "to the start page"},
	}
}

func (p *Time) help() []hint {
	return []hint{{"← →", "a step back, a step on"}, {"Home", "the beginning"}, {"End", "what is now"}, {"P", "play"}, {"F", "film a part"}}
}

func (p *Curves) help() []hint {
	return []hint{
		{"wheel, drag", "zoom, move"},
		{"click a name", "hide a curve, show it"},
		{"drag the dot", "smoother, rougher"},
		{"L", "logarithms"},
		{"T", "steps, times, epochs"},
		{"Z", "all steps"},
		{"E", "into files"},
	}
}

func (p *Layers) help() []hint {
	return []hint{{"wheel", "other rows"}, {"cursor on a row", "its numbers"}, {"click a row", "what its layer makes"}}
}

func (p *Latent) help() []hint {
	return []hint{{"drag the dot", "go elsewhere"}, {"wheel", "closer, further apart"}, {"drop a picture", "find its point"}, {"A", "choose the point"}, {"K", "keep it as .npy"}, {"C", "copy its numbers"}, {"W", "walk"}, {"N", "other points"}, {"X", "find directions"}, {"Y", "the map by t-SNE, PCA"}}
}

func (p *Scatter) help() []hint {
	return []hint{{"R", "hide all but the first points"}, {"D", "hide the function"}, {"U", "where it rises"}}
}

func (p *HeatMaps) help() []hint {
	if single(p.shown) {
		return nil
	}
	return []hint{{"click the text", "write another"}, {"click a map", "see it large"}, {"wheel, drag", "zoom, move the large one"}}
}

// ofWindow is what can be done with the whole window.
var ofWindow = []hint{{"Ctrl + −", "larger, smaller"}, {"Ctrl 0", "the usual size"}, {"F2", "which panels"}, {"drag a gap", "larger, smaller panels"}, {"F3", "light, dark"}, {"F11", "the whole screen"}, {"?", "this list"}}

// titled is a part of the list.
type titled struct {
	title string
	hints []hint
}

// helps returns the list for the panels that there are now.
func (st *State) helps() []titled {
	var all []titled
	for _, p := range st.panels {
		h, ok := p.(helper)
		if !ok || p.Shape(st.snapshot) == Hidden {
			continue
		}
		title := p.Title()
		switch p.(type) {
		case *Status:
			title = "Training"
		case *Time:
			title = "Past"
		}
		if hints := h.help(); len(hints) > 0 {
			all = append(all, titled{title, hints})
		}
	}
	return append(all, titled{"Window", ofWindow})
}

// guide opens and closes the list, and tells whether it is open. What closes it does nothing else.
func (st *State) guide(e *Events, pressed bool) bool {
	asked := strings.Contains(e.Typed, "?") && st.writer() == nil
	switch {
	case st.help && (asked || pressed || e.Keys.Escape):
		st.help, e.Typed, e.Keys = false, "", Keys{}
	case asked:
		st.help, e.Typed = true, ""
	}
	return st.help
}

const (
	helpLine    = 20  // height of a hint
	helpTitle   = 26  // height of a title
	helpBetween = 12  // below a part
	helpKeys    = 104 // width of the keys
	helpColumn  = 300 // width of a column
)

// drawHelp draws the list above everything, in as many columns as there is room for.
func (st *State) drawHelp(c *Canvas) {
	size, parts := c.Size(), st.helps()
	height := func(p titled) float64 { return helpTitle + helpLine*float64(len(p.hints)) + helpBetween }
	total := 0.0
	for _, p := range parts {
		total += height(p)
	}
	columns := min(max(int((size.X-4*padding)/helpColumn), 1), 3, len(parts))
	room := total / float64(columns)
	at, tallest := make([]Point, len(parts)), 0.0
	column, y := 0, 0.0
	for i, p := range parts {
		if y > 0 && y+height(p)/2 > room && column < columns-1 {
			column, y = column+1, 0
		}
		at[i] = Point{float64(column) * helpColumn, y}
		y += height(p)
		tallest = max(tallest, y)
	}
	w, h := float64(column+1)*helpColumn+2*padding, tallest-helpBetween+2*padding
	box := Rect{(size.X - w) / 2, max(0, (size.Y-h)/2), w, h}
	c.cover()
	c.Fill(box, panelColor)
	c.Frame(box, 1, accentColor)
	for i, p := range parts {
		pen := Point{box.X + padding + at[i].X, box.Y + padding + at[i].Y + helpTitle/2}
		c.Text(p.title, pen, Text{Size: 14, Bold: true, Color: textColor})
		for k, h := range p.hints {
			line := Point{pen.X, pen.Y + helpTitle/2 + helpLine*(float64(k)+0.5)}
			c.Text(h.keys, line, Text{Size: 13, Color: accentColor})
			c.Text(c.Shorten(h.does, Text{Size: 13}, helpColumn-helpKeys-padding), Point{line.X + helpKeys, line.Y}, Text{Size: 13, Color: textColor})
		}
	}
}

// heading returns the title of the window: the run and its step, or which key lists the others.
func heading(s *watch.Snapshot, usual string) string {
	if s.Title == "" || s.State == watch.Choosing || s.State == watch.Showing || s.Step == 0 {
		return usual + " – ? shows the keys"
	}
	step := "step " + formatCount(s.Step)
	if s.Steps > 0 {
		step += " of " + formatCount(s.Steps)
	}
	return s.Title + ", " + step + " – " + usual
}
