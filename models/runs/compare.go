package runs

import (
	"fmt"
	"slices"
	"strconv"

	"genview/models/run"
	"genview/models/train"
	"genview/vk"
)

// A Comparison says in what runs differ.
type Comparison struct {
	Runs     []*Run
	Settings []Row // those that differ, with all that a run finds out about its data
	Measures []Row // how far each run is, the newest value of each metric, and its newest evaluation
}

// A Row is a setting or a measure, with its value in each run; "": the run has none.
type Row struct {
	Name   string
	Values []string
}

// Compare compares runs. A run that cannot be read is an error.
func Compare(dirs ...string) (*Comparison, error) {
	c := &Comparison{}
	settings := make([]map[string]string, len(dirs))
	var keys []string
	for i, dir := range dirs {
		folder, err := train.OpenRun(dir)
		if err != nil {
			return nil, err
		}
		cfg, err := run.Parse(folder.Config())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder.ConfigPath(), err)
		}
		settings[i] = map[string]string{}
		for _, s := range cfg.List() {
			settings[i][s.Key] = s.Value
			if !slices.Contains(keys, s.Key) {
				keys = append(keys, s.Key)
			}
		}
		c.Runs = append(c.Runs, Read(dir))
	}
	for _, key := range keys {
		row := Row{Name: key}
		for _, of := range settings {
			row.Values = append(row.Values, of[key])
		}
		if slices.ContainsFunc(row.Values, func(v string) bool { return v != row.Values[0] }) {
			c.Settings = append(c.Settings, row)
		}
	}
	c.measure()
	return c, nil
}

// measure fills in the measures.
func (c *Comparison) measure() {
	add := func(name string, of func(r *Run) string) {
		row := Row{Name: name}
		for _, r := range c.Runs {
			row.Values = append(row.Values, of(r))
		}
		c.Measures = append(c.Measures, row)
	}
	add("state", func(r *Run) string { return string(r.State) })
	add("step", func(r *Run) string { return strconv.Itoa(r.Step) })
	add("trained", func(r *Run) string { return r.Trained.Round(1e8).String() })
	add("size", func(r *Run) string { return vk.Bytes(r.Size) })
	var names []string
	for _, r := range c.Runs {
		for _, m := range r.Metrics {
			if !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	for _, name := range names {
		add(name, func(r *Run) string {
			v, ok := r.Metrics.Value(name)
			if !ok {
				return ""
			}
			return strconv.FormatFloat(v, 'g', 5, 64)
		})
	}
	c.evals(add)
}

// evals adds the newest evaluation of each run to the measures.
func (c *Comparison) evals(add func(name string, of func(r *Run) string)) {
	const prefix = "eval_"
	var names []string
	for _, r := range c.Runs {
		if e, _ := r.Eval(); e != nil {
			for _, m := range e.Metrics() {
				if !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
			}
		}
	}
	of := func(say func(e *train.Eval) string) func(r *Run) string {
		return func(r *Run) string {
			if e, _ := r.Eval(); e != nil {
				return say(e)
			}
			return ""
		}
	}
	for _, name := range names {
		add(prefix+name, of(func(e *train.Eval) string {
			v, ok := e.Measures[name]
			if !ok {
				return ""
			}
			return strconv.FormatFloat(v, 'g', 5, 64)
		}))
	}
	if len(names) > 0 {
		add(prefix+"step", of(func(e *train.Eval) string { return strconv.Itoa(e.Step) }))
		add(prefix+"examples", of(func(e *train.Eval) string { return strconv.Itoa(e.Examples) }))
	}
}
