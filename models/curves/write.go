package curves

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"genview/vk/files"
)

// Options say what of the metrics is drawn, and how.
type Options struct {
	Time     bool     // the horizontal axis is the time trained instead of the step
	Epochs   bool     // it is how often the data were seen
	Log      bool     // the axes of values are logarithmic; values that are not positive are left out
	Smooth   float64  // weight of the moving average, from 0 to below 1; 0: there is none
	Only     []string // names of metrics; nil: all
	From, To int      // steps; To 0: to the end
	Width    int      // of the picture in pixels; 0: 960
}

// The limits of a picture's width in pixels.
const (
	LeastWidth = 320
	MostWidth  = 8192
)

// forms are the forms that a file can have, by the ending of its name.
var forms = map[string]func(w io.Writer, runs []*Run, o Options) error{
	".csv": table, ".png": drawing(png), ".svg": drawing(svg), ".pdf": drawing(pdf),
}

// CheckName returns an error if a file cannot be written under a name.
func CheckName(path string) error {
	if forms[strings.ToLower(filepath.Ext(path))] == nil {
		return fmt.Errorf("curves: %s ends in %q; the forms are .png, .svg, .pdf, .csv", path, filepath.Ext(path))
	}
	return nil
}

// Write writes the metrics of one or several runs to a file, whole or not at all. The name's ending chooses the form.
func Write(path string, runs []*Run, o Options) error {
	if err := CheckName(path); err != nil {
		return err
	}
	if err := o.check(runs); err != nil {
		return err
	}
	return files.Write(path, func(w io.Writer) error { return forms[strings.ToLower(filepath.Ext(path))](w, runs, o) })
}

// Table writes the metrics as comma-separated values: a line for each logged step of each run.
func Table(w io.Writer, runs []*Run, o Options) error {
	if err := o.check(runs); err != nil {
		return err
	}
	return table(w, runs, o)
}

// check returns an error if the options do not fit the runs.
func (o Options) check(runs []*Run) error {
	if i := slices.IndexFunc(runs, func(r *Run) bool { return len(r.Records) == 0 }); i >= 0 {
		return fmt.Errorf("curves: %s has no metrics", runs[i].Name)
	}
	names, timeless := metrics(runs), slices.IndexFunc(runs, func(r *Run) bool { return r.Records[len(r.Records)-1].Elapsed == 0 })
	epochless := slices.IndexFunc(runs, func(r *Run) bool { return r.Epoch == 0 })
	for _, name := range o.Only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("curves: there is no metric %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case len(runs) == 0:
		return fmt.Errorf("curves: there are no runs")
	case o.Time && timeless >= 0:
		return fmt.Errorf("curves: %s has no times in its metrics: draw its steps", runs[timeless].Name)
	case o.Epochs && o.Time:
		return fmt.Errorf("curves: the horizontal axis is either time or epochs")
	case o.Epochs && epochless >= 0:
		return fmt.Errorf("curves: it is not known how many steps an epoch of %s has: draw its steps", runs[epochless].Name)
	case !(o.Smooth >= 0 && o.Smooth < 1):
		return fmt.Errorf("curves: the weight of the moving average must be from 0 to below 1, not %v", o.Smooth)
	case o.From < 0 || o.To < 0 || o.To > 0 && o.To < o.From:
		return fmt.Errorf("curves: steps from %d to %d are none", o.From, o.To)
	case o.Width != 0 && (o.Width < LeastWidth || o.Width > MostWidth):
		return fmt.Errorf("curves: the width must be from %d to %d pixels, not %d", LeastWidth, MostWidth, o.Width)
	case !slices.ContainsFunc(runs, func(r *Run) bool { return len(r.within(o.From, o.To)) > 0 }):
		last := runs[0].Records[len(runs[0].Records)-1].Step
		return fmt.Errorf("curves: nothing was logged from step %d to %d; the last logged step of %s is %d", o.From, o.To, runs[0].Name, last)
	}
	return nil
}

// table writes comma-separated values (RFC 4180). A metric that a step has not, or that was not finite, is empty, and so is the time of a
// step that an earlier version logged.
func table(to io.Writer, runs []*Run, o Options) error {
	names := metrics(runs)
	if len(o.Only) > 0 {
		names = o.Only
	}
	w := csv.NewWriter(to)
	head := []string{"run", "step", "time", "elapsed_s", "examples_per_s"}
	if o.Epochs {
		head = append(head, "epoch")
	}
	_ = w.Write(slices.Concat(head, names)) // w.Error has the error
	for _, r := range runs {
		for _, rec := range r.within(o.From, o.To) {
			logged := ""
			if !rec.Time.IsZero() {
				logged = rec.Time.Format(time.RFC3339Nano)
			}
			line := []string{r.Name, strconv.Itoa(rec.Step), logged, number(rec.Elapsed.Seconds()), number(rec.ExamplesPerS)}
			if o.Epochs {
				line = append(line, number(float64(rec.Step)/float64(r.Epoch)))
			}
			for _, name := range names {
				v := math.NaN()
				for _, m := range rec.Metrics {
					if m.Name == name {
						v = m.Value
					}
				}
				line = append(line, number(v))
			}
			_ = w.Write(line)
		}
	}
	w.Flush()
	return w.Error()
}

func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
