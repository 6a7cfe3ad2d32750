package heads

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"genview/models/npy"
	"genview/models/watch"
)

// StageFormats are the endings of the files that [WriteStages] writes.
var StageFormats = []string{".json", ".npz"}

// WriteStages writes the stages of a head in one of StageFormats. A .npz has the arrays scores, masked (1 where a key must not be looked at),
// weights and values.
func WriteStages(w io.Writer, format string, s *watch.Stages) error {
	rows, cols := len(s.Rows), len(s.Cols)
	switch format {
	case ".json":
		return json.NewEncoder(w).Encode(s)
	case ".npz":
		masked := make([]float32, len(s.Masked))
		for i, m := range s.Masked {
			if m {
				masked[i] = 1
			}
		}
		z := zip.NewWriter(w)
		for _, a := range []struct {
			name   string
			values []float32
			width  int
		}{{"scores", s.Scores, cols}, {"masked", masked, cols}, {"weights", s.Weights, cols}, {"values", s.Values, s.Width}} {
			f, err := z.Create(a.name + ".npy")
			if err != nil {
				return err
			}
			if err := npy.Write(f, a.values, rows, a.width); err != nil {
				return err
			}
		}
		return z.Close()
	}
	return fmt.Errorf("heads: stages are written as %s, not %q", strings.Join(StageFormats, " or "), format)
}

// StageTable returns a line for each query: the key with the highest score that it may look at, with its score and weight, how many keys are
// masked, and the length of the weighted values.
func StageTable(s *watch.Stages) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "query\tlooks most at\tQ·K/√D\tweight\tmasked\t|value|")
	cols := len(s.Cols)
	for i, query := range s.Rows {
		best, masked, square := -1, 0, 0.0
		for j := range cols {
			switch k := i*cols + j; {
			case s.Masked[k]:
				masked++
			case best < 0 || s.Scores[k] > s.Scores[i*cols+best]:
				best = j
			}
		}
		for _, v := range s.Values[i*s.Width : (i+1)*s.Width] {
			square += float64(v) * float64(v)
		}
		if best < 0 { // all are masked, so that it looks at all alike
			fmt.Fprintf(w, "%q\t\t\t\t%d\t%.3f\n", query, masked, math.Sqrt(square))
			continue
		}
		k := i*cols + best
		fmt.Fprintf(w, "%q\t%q\t%.3f\t%.3f\t%d\t%.3f\n", query, s.Cols[best], s.Scores[k], s.Weights[k], masked, math.Sqrt(square))
	}
	w.Flush()
	return out.String()
}
