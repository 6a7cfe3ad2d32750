// Package report writes a page about a run that needs nothing else: its curves, what it showed over time, its settings and its data.
//
//	err := report.Write(ctx, w, "runs/letters", report.Options{})
//
// The one idea: a page holds what the run's folder holds, as JSON and pictures in one file, so that it can be sent and kept. It is made
// without a device; looks come from the run's recording.
package report

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"genview/models/heads"
	"genview/models/run"
	"genview/models/runs"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/webpage"
)

// Options say how a page is written. Zero values mean defaults.
type Options struct {
	Moments  int                  // of the recording at most; default 40. The first and the newest are always there.
	Values   int                  // of maps, which the page shows under the cursor, at most; default 6 Mi of 2.7 bytes each. Maps beyond them are pictures.
	CacheDir string               // for the index of the system's fonts, which pictures of maps need; "": they are not used
	By       string               // what wrote the page, such as "genview v0.1.0"; "": it is not said
	Count    func(done, of int)   // receives the number of moments that are drawn; may be nil
	Lost     func(problem string) // receives what of the recording cannot be read; may be nil
}

// The parts of a page.
var (
	//go:embed page/page.css
	style string
	//go:embed page/page.js
	program string
	//go:embed page/page.html
	body string
)

// A document is what the page's program reads.
type document struct {
	Name     string          `json:"name"`
	Facts    [][2]string     `json:"facts"`
	Groups   []group         `json:"groups"`
	Clock    [2][]float64    `json:"clock"` // steps, and the seconds trained at each
	Events   []event         `json:"events"`
	Moments  []moment        `json:"moments"`
	Evals    [][]string      `json:"evals"` // a table, whose first row has the names of the columns
	Settings []watch.Setting `json:"settings"`
	By       string          `json:"by"`
}

type group struct {
	Name   string   `json:"name"`
	Unit   string   `json:"unit"`
	Series []series `json:"series"`
}

type series struct {
	Name   string   `json:"name"`
	Steps  []int    `json:"steps"`
	Values []number `json:"values"`
	Low    []number `json:"low"`
	High   []number `json:"high"`
}

// A number is null in JSON if it is not finite.
type number float64

// MarshalJSON writes six digits, which are more than a picture shows.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(nil, v, 'g', 6, 64), nil
	}
	return []byte("null"), nil
}

type event struct {
	Step int       `json:"step"`
	Time time.Time `json:"time"`
	Text string    `json:"text"`
}

// A moment is what a run showed at a step.
type moment struct {
	Step  int    `json:"step"`
	Views []view `json:"views"`
}

// A view has one of the last four.
type view struct {
	Name    string       `json:"name"`
	Picture string       `json:"picture,omitempty"` // PNG in base64
	Sharp   bool         `json:"sharp,omitempty"`   // its pixels are shown as squares
	Texts   []string     `json:"texts,omitempty"`
	Table   [][]string   `json:"table,omitempty"` // the first row has the names of the columns
	Maps    *heads.Shown `json:"maps,omitempty"`
}

// Write writes the page of a run folder.
func Write(ctx context.Context, w io.Writer, dir string, o Options) error {
	if o.Moments == 0 {
		o.Moments = 40
	}
	if o.Values == 0 {
		o.Values = 6 << 20
	}
	c, folder, err := run.Read(dir, run.Place{})
	if err != nil {
		return err
	}
	defer folder.Close()
	about := runs.Read(dir)
	history, err := folder.History()
	if err != nil {
		return err
	}
	curves := history.Curves()
	d := &document{Name: about.Name, Settings: c.Shown(), By: o.By}
	d.Facts = facts(about, curves.Events)
	d.curves(curves)
	d.Evals = evals(about.Evals)
	if err := d.moments(ctx, folder, o); err != nil {
		return err
	}
	return webpage.Write(w, webpage.Page{Title: about.Name, Style: heads.Style + style, Body: body, Program: heads.Program + program, Data: d})
}

// facts returns what is known of a run, in the order of importance.
func facts(r *runs.Run, events watch.Events) (all [][2]string) {
	add := func(name, value string) {
		if value != "" {
			all = append(all, [2]string{name, value})
		}
	}
	add("Model", r.Model)
	add("Data", r.Data)
	add("State", string(r.State))
	add("Step", fmt.Sprintf("%d of %d", r.Step, r.Steps))
	if r.Trained > 0 {
		add("Trained", r.Trained.Round(time.Second/10).String())
	}
	for _, m := range append(r.Losses(), r.HeldOut()...) {
		add(m.Name, strconv.FormatFloat(m.Value, 'g', 5, 64))
	}
	device := ""
	for _, e := range events {
		if e.Device != "" && e.Device != device {
			device = e.Device
			add("Device", device)
		}
	}
	return all
}

// evals returns a table of what was evaluated, the newest first; nil if nothing was.
func evals(all []*train.Eval) [][]string {
	if len(all) == 0 {
		return nil
	}
	var names []string
	for _, e := range slices.Backward(all) {
		for _, m := range e.Metrics() {
			if !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	rows := [][]string{slices.Concat([]string{"step"}, names, []string{"examples", "split", "data", "importance samples", "weights", "device", "time"})}
	for _, e := range slices.Backward(all) {
		row := []string{strconv.Itoa(e.Step)}
		for _, name := range names {
			value := ""
			if v, ok := e.Measures[name]; ok {
				value = strconv.FormatFloat(v, 'g', 5, 64)
			}
			row = append(row, value)
		}
		samples := ""
		if e.Samples > 0 {
			samples = strconv.Itoa(e.Samples)
		}
		rows = append(rows, append(row, strconv.Itoa(e.Examples), e.Split, e.Data, samples, e.Weights, e.Device, e.Time.Format("2006-01-02 15:04 UTC")))
	}
	return rows
}

// curves fills in the metrics and the events.
func (d *document) curves(v *watch.Curves) {
	numbers := func(values []float64) []number {
		out := make([]number, len(values))
		for i, x := range values {
			out[i] = number(x)
		}
		return out
	}
	d.Clock = [2][]float64{v.Clock.Steps, v.Clock.Seconds}
	for _, g := range v.Groups {
		out := group{Name: g.Name, Unit: g.Unit}
		for _, s := range g.Series {
			out.Series = append(out.Series, series{s.Name, s.Steps, numbers(s.Values), numbers(s.Low), numbers(s.High)})
		}
		d.Groups = append(d.Groups, out)
	}
	for _, e := range v.Events {
		d.Events = append(d.Events, event{e.Step, e.Time, e.String()})
	}
}
