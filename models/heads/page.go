package heads

import (
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"

	"genview/models/watch"
	"genview/models/webpage"
)

// mostOnPage is the most weights on a page.
const mostOnPage = 16 << 20

// Style and Program show maps in a page of package webpage: the class Maps of the program has an element, and shows views in it that [Page]
// returns. Program comes before that of the page.
var (
	//go:embed page/maps.css
	Style string
	//go:embed page/maps.js
	Program string
)

// The parts of a page of maps alone.
var (
	//go:embed page/page.css
	style string
	//go:embed page/page.js
	program string
	//go:embed page/page.html
	body string
)

// A Shown is a view of maps as a page has it, encoded as JSON.
type Shown struct {
	document
	Maps  []*drawn  `json:"maps"`
	Words [2]string `json:"words"`
}

// drawn is the maps of a layer on a page: of its heads, and one for each reduction.
type drawn struct {
	Name    string             `json:"name"`
	Heads   int                `json:"heads"`
	Rows    []string           `json:"rows"`
	Columns []string           `json:"columns"`
	Scores  map[string][]Score `json:"scores"`
	Weights string             `json:"weights"` // [heads + reduced, rows, columns] u16, little-endian, in base64: shares of the scale, see levels
	Scale   float64            `json:"scale"`   // the largest finite weight
	Reduced []Reduction        `json:"reduced"`
}

// levels is the weight 1 × scale as a page has it; notFinite stands for a weight that is not finite.
const (
	levels    = math.MaxUint16 - 1
	notFinite = math.MaxUint16
)

// Page returns maps, at least one, as a page shows them, with a map of each layer for each of the reductions. A weight takes 2.7 bytes.
func Page(v *watch.HeatMaps, reductions ...Reduction) *Shown {
	s := &Shown{Words: v.Words}
	full := documentOf(v, nil)
	s.document, s.document.Maps = full, nil
	of, weights := map[string]*drawn{}, map[string][]float32{}
	for i, m := range v.Maps {
		l := &drawn{Name: m.Name, Heads: m.Heads, Rows: m.Rows, Columns: m.Cols, Scores: full.Maps[i].Scores, Reduced: []Reduction{}}
		of[m.Name] = l
		s.Maps = append(s.Maps, l)
		weights[m.Name] = append(weights[m.Name], m.Values...)
	}
	for _, r := range reductions {
		for _, m := range Reduce(v.Maps, r) {
			weights[m.Name] = append(weights[m.Name], m.Values...)
			of[m.Name].Reduced = append(of[m.Name].Reduced, r)
		}
	}
	for _, l := range s.Maps {
		l.Weights, l.Scale = packed(weights[l.Name])
	}
	return s
}

// packed returns weights, none negative, as a page has them, and their scale.
func packed(weights []float32) (text string, scale float64) {
	for _, w := range weights {
		if w := float64(w); w > scale && !math.IsInf(w, 1) {
			scale = w
		}
	}
	p := make([]byte, 0, 2*len(weights))
	for _, w := range weights {
		share := uint16(notFinite)
		if w := float64(w); w >= 0 && w <= scale {
			share = uint16(math.Round(w / max(scale, math.SmallestNonzeroFloat32) * levels))
		}
		p = binary.LittleEndian.AppendUint16(p, share)
	}
	return base64.StdEncoding.EncodeToString(p), scale
}

// writePage writes a page that shows the maps of a text and needs nothing else.
func writePage(w io.Writer, v *watch.HeatMaps, about map[string]string) error {
	s := Page(v, Reductions...)
	s.About = about
	return webpage.Write(w, webpage.Page{Title: about["Title"], Style: Style + style, Body: body, Program: Program + program, Data: s})
}
