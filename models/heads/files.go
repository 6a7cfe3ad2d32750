package heads

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"genview/models/npy"
	"genview/models/watch"
)

// Formats are the endings of the files that [Write] writes: the maps with everything about them as JSON, or as a page for browsers; the
// weights alone for NumPy, as one array [layers, heads, to, from], or as an array for each layer.
var Formats = []string{".html", ".json", ".npy", ".npz"}

// Check returns an error if maps cannot be written in a format.
func Check(format string, v *watch.HeatMaps) error {
	size := func(m watch.Map) [3]int { return [3]int{m.Heads, len(m.Rows), len(m.Cols)} }
	differs := slices.ContainsFunc(v.Maps, func(m watch.Map) bool { return size(m) != size(v.Maps[0]) })
	switch n := values(v); {
	case format == ".npy" && differs:
		return fmt.Errorf("heads: the layers' maps differ in size, and a .npy holds one array: write .npz, which holds one for each layer")
	case format == ".html" && n > mostOnPage:
		return fmt.Errorf("heads: %d weights are more than the %d that a page shows: give a shorter text, or write .npz", n, mostOnPage)
	}
	return nil
}

func values(v *watch.HeatMaps) (n int) {
	for _, m := range v.Maps {
		n += len(m.Values)
	}
	return n
}

// Write writes the maps of a text in one of Formats. about says where they come from; it has a page's title under "Title".
func Write(w io.Writer, format string, v *watch.HeatMaps, about map[string]string) error {
	if err := Check(format, v); err != nil {
		return err
	}
	switch format {
	case ".html":
		return writePage(w, v, about)
	case ".json":
		return json.NewEncoder(w).Encode(documentOf(v, about))
	case ".npy":
		var all []float32
		for _, m := range v.Maps {
			all = append(all, m.Values...)
		}
		m := v.Maps[0]
		return npy.Write(w, all, len(v.Maps), m.Heads, len(m.Rows), len(m.Cols))
	case ".npz":
		z := zip.NewWriter(w)
		for _, m := range v.Maps {
			f, err := z.Create(m.Name + ".npy")
			if err != nil {
				return err
			}
			if err := npy.Write(f, m.Values, m.Heads, len(m.Rows), len(m.Cols)); err != nil {
				return err
			}
		}
		return z.Close()
	}
	return fmt.Errorf("heads: %q is none of the formats %s", format, strings.Join(Formats, ", "))
}

// document is the maps of a text as JSON.
type document struct {
	Text   string            `json:"text"`
	Unread int               `json:"unread,omitempty"` // characters at the beginning that are beyond the model's context
	Output string            `json:"output,omitempty"`
	Next   []watch.Likely    `json:"next,omitempty"`
	About  map[string]string `json:"about,omitempty"`
	Maps   []layer           `json:"maps"`
}

// layer is the maps of a layer's heads.
type layer struct {
	Name    string             `json:"name"`
	Rows    []string           `json:"rows"`
	Columns []string           `json:"columns"`
	Scores  map[string][]Score `json:"scores"` // of each head, in this text
	Heads   [][][]float32      `json:"heads"`  // [heads][rows][columns]
}

func documentOf(v *watch.HeatMaps, about map[string]string) document {
	d := document{About: about}
	if p := v.Prompt; p != nil {
		d.Text, d.Unread, d.Output, d.Next = p.Text, p.Unread, p.Output, p.Next
	}
	for _, m := range v.Maps {
		l := layer{Name: m.Name, Rows: m.Rows, Columns: m.Cols, Scores: map[string][]Score{}}
		if v.Prompt != nil { // else the maps are of no heads
			for _, s := range Scores(m) {
				for _, x := range s.Values {
					l.Scores[s.Name] = append(l.Scores[s.Name], Score(x))
				}
			}
		}
		for k := range m.Heads {
			l.Heads = append(l.Heads, slices.Collect(slices.Chunk(m.Head(k), len(m.Cols))))
		}
		d.Maps = append(d.Maps, l)
	}
	return d
}

// Table returns what each head does in a text: its scores, and the token that gets the most of it.
func Table(v *watch.HeatMaps) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "layer\thead\tentropy\tdistance\tprevious\treads most")
	for _, m := range v.Maps {
		scores := map[string][]float64{}
		for _, s := range Scores(m) {
			scores[s.Name] = s.Values
		}
		of := func(name string, k int) Score {
			if scores[name] == nil {
				return undefined
			}
			return Score(scores[name][k])
		}
		for k := range m.Heads {
			most, share := favourite(m, k)
			fmt.Fprintf(w, "%s\t%d\t%.3f\t%.2f\t%.3f\t%q %.0f %%\n", m.Name, k+1, of("entropy", k), of("distance", k), of("previous", k), most, 100*share)
		}
	}
	w.Flush()
	return out.String()
}

// favourite returns the column that gets the most from all rows of a head, or the row and the column of the patch that does, and its share.
func favourite(m watch.Map, k int) (name string, share float64) {
	sums := make([]float64, len(m.Cols))
	for i, v := range m.Head(k) {
		if row, col := i/len(m.Cols), i%len(m.Cols); m.Patches && float64(v) > share {
			name, share = m.Rows[row]+","+m.Cols[col], float64(v)
		}
		sums[i%len(m.Cols)] += float64(v) / float64(len(m.Rows))
	}
	if m.Patches {
		return name, share
	}
	name = m.Cols[0]
	for i, s := range sums {
		if s > share {
			name, share = m.Cols[i], s
		}
	}
	return name, share
}
