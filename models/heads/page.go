package heads

import (
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"io"

	"genview/models/watch"
	"genview/models/webpage"
)

// mostOnPage is the most weights on a page, of 6 bytes each.
const mostOnPage = 16 << 20

// The parts of a page. Each is in the page itself, which needs nothing else.
var (
	//go:embed page/page.css
	style string
	//go:embed page/page.js
	program string
	//go:embed page/page.html
	body string
)

// drawn is the maps of a layer on a page: of its heads, and one for each reduction.
type drawn struct {
	Name    string             `json:"name"`
	Heads   int                `json:"heads"`
	Rows    []string           `json:"rows"`
	Columns []string           `json:"columns"`
	Scores  map[string][]Score `json:"scores"`
	Weights string             `json:"weights"` // [heads + reduced, rows, columns] f32, little-endian, in base64
	Reduced []Reduction        `json:"reduced"`
}

// writePage writes a page that shows the maps of a text and needs nothing else.
func writePage(w io.Writer, v *watch.HeatMaps, about map[string]string) error {
	d := documentOf(&watch.HeatMaps{Prompt: v.Prompt}, about)
	full := documentOf(v, nil)
	reduced := map[string]*drawn{}
	var maps []*drawn
	for i, m := range v.Maps {
		l := &drawn{Name: m.Name, Heads: m.Heads, Rows: m.Rows, Columns: m.Cols, Scores: full.Maps[i].Scores, Weights: ""}
		reduced[m.Name] = l
		maps = append(maps, l)
	}
	weights := map[string][]byte{}
	add := func(m watch.Map) { weights[m.Name], _ = binary.Append(weights[m.Name], binary.LittleEndian, m.Values) }
	for _, m := range v.Maps {
		add(m)
	}
	for _, r := range Reductions {
		for _, m := range Reduce(v.Maps, r) {
			add(m)
			reduced[m.Name].Reduced = append(reduced[m.Name].Reduced, r)
		}
	}
	for _, l := range maps {
		l.Weights = base64.StdEncoding.EncodeToString(weights[l.Name])
	}
	return webpage.Write(w, webpage.Page{Title: about["Title"], Style: style, Body: body, Program: program, Data: struct {
		document
		Maps  []*drawn  `json:"maps"`
		Words [2]string `json:"words"`
	}{d, maps, v.Words}})
}
