package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"genview/models/runs"
	"genview/models/settings"
	"genview/models/train"
	"genview/models/watch"
	"genview/vk"

	"github.com/spf13/cobra"
)

// runs is the command for what one does with the folders of runs. Without a command below it lists them.
func (a *app) runs() *cobra.Command {
	c := &cobra.Command{
		Use:   "runs [FOLDER...]",
		Short: "List runs: how far each is, its losses, its size; and what one does with their folders",
		Long: `Lists the runs in folders, or in runs/ if none is named: what each trains, how far it is, whether it trains now, its newest
losses, what was measured on held-out data while it trained and by genview eval, and its size on the disk. A FOLDER is a run, or holds runs.`,
		Example: `  genview runs
  genview runs list experiments --json`,
		Args:        cobra.ArbitraryArgs,
		Annotations: doing("listing"),
		RunE:        func(c *cobra.Command, folders []string) error { return a.listRuns(c, folders) },
	}
	list := &cobra.Command{Use: "list [FOLDER...]", Short: "List runs, as genview runs does", Args: cobra.ArbitraryArgs, Annotations: doing("listing"), RunE: c.RunE}
	for _, each := range []*cobra.Command{c, list} {
		each.Flags().BoolVar(&a.json, "json", false, "print JSON: an array with an object for each run")
	}
	for _, below := range []*cobra.Command{list, a.exportRuns(), a.compareRuns(), a.checkRun(), a.pruneRuns()} {
		below.RunE = a.promptly(below.RunE)
		c.AddCommand(below)
	}
	return c
}

// listRuns prints what is known of the runs in folders.
func (a *app) listRuns(c *cobra.Command, folders []string) error {
	if len(folders) == 0 {
		folders = []string{runsDir}
	}
	for _, dir := range folders {
		if err := isThere(c, dir); err != nil {
			return err
		}
	}
	all, err := runs.Find(c.Context(), folders...)
	if err != nil {
		return err
	}
	if a.json {
		lines := []runLine{}
		for _, r := range all {
			lines = append(lines, runLineOf(r))
		}
		return json.NewEncoder(a.out).Encode(lines)
	}
	if len(all) == 0 {
		fmt.Fprintf(a.out, "there are no runs in %s: genview train makes one\n", strings.Join(folders, ", "))
		return nil
	}
	return printRuns(a.out, all, time.Now())
}

// isThere returns an error if there is no folder of runs under a name, which may have been meant as a command.
func isThere(c *cobra.Command, dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil // whatever else is wrong is said when it is read
	}
	var names []string
	for _, below := range c.Commands() {
		names = append(names, below.Name())
	}
	switch near := settings.Nearest(dir, names); {
	case near != "":
		return fmt.Errorf("there is no folder %s; did you mean %s %s?", dir, c.CommandPath(), near)
	case dir == runsDir:
		return fmt.Errorf("there is no folder %s here: genview train makes one, or name the folder that holds your runs", dir)
	}
	return fmt.Errorf("there is no folder %s: name a run, or a folder that holds runs", dir)
}

// runLine is a run in the output of runs --json.
type runLine struct {
	Run     string             `json:"run"`
	Family  string             `json:"family,omitempty"`
	Model   string             `json:"model,omitempty"`
	Data    string             `json:"data,omitempty"`
	State   runs.State         `json:"state"`
	Step    int                `json:"step"`
	Steps   int                `json:"steps"`
	Trained float64            `json:"trained_s"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Eval    *train.Eval        `json:"eval,omitempty"`      // the newest
	Best    *train.Eval        `json:"best_eval,omitempty"` // if it is another
	Bytes   int64              `json:"bytes"`
	Changed time.Time          `json:"changed"`
	Problem string             `json:"problem,omitempty"`
}

func runLineOf(r *runs.Run) runLine {
	l := runLine{
		Run: r.Dir, Family: r.Family, Model: r.Model, Data: r.Data, State: r.State, Step: r.Step, Steps: r.Steps, Trained: r.Trained.Seconds(),
		Bytes: r.Size, Changed: r.Changed.UTC(), Problem: r.Problem,
	}
	for _, m := range r.Metrics {
		if l.Metrics == nil {
			l.Metrics = map[string]float64{}
		}
		l.Metrics[m.Name] = m.Value
	}
	l.Eval, l.Best = r.Eval()
	return l
}

// printRuns prints a line for each run, and the problems of those that have one below.
func printRuns(out io.Writer, all []*runs.Run, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tMODEL\tDATA\tSTATE\tSTEP\tLOSS\tHELD OUT\tEVALUATED\tSIZE\tLAST LOGGED")
	for _, r := range all {
		step := "–"
		if r.Steps > 0 {
			step = strconv.Itoa(r.Step) + " of " + strconv.Itoa(r.Steps)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Dir, orDash(r.Model), orDash(r.Data), r.State, step,
			values(r.Losses(), "loss"), values(r.HeldOut(), "held_out_"), evaluated(r), vk.Bytes(r.Size), whenOf(r.Changed, now))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range all {
		if r.Problem != "" {
			fmt.Fprintf(out, "%s: %s\n", r.Dir, r.Problem)
		}
	}
	return nil
}

// values prints metrics in one cell: their values, with their names without what the column says already.
func values(all watch.Metrics, said string) string {
	var words []string
	for _, m := range all {
		name := strings.Trim(strings.Replace(m.Name, said, "", 1), "_")
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %.4g", name, m.Value)))
	}
	return orDash(strings.Join(words, ", "))
}

// evaluated prints what the newest evaluation of a run says most of, and the best one if that is another.
func evaluated(r *runs.Run) string {
	newest, better := r.Eval()
	if newest == nil {
		return "–"
	}
	text := newest.Metric + " not finite"
	if m, ok := newest.Mark(); ok {
		text = fmt.Sprintf("%s %.4g", m.Metric, m.Value)
	}
	if better != nil {
		text += fmt.Sprintf(", best %.4g at step %d", better.Measures[better.Metric], better.Step)
	}
	return text
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// whenOf says when something was: the time if it was today, else the day, too.
func whenOf(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case t.Local().Format(time.DateOnly) == now.Local().Format(time.DateOnly):
		return t.Local().Format("15:04")
	}
	return t.Local().Format("2006-01-02 15:04")
}
