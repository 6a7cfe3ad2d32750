package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"genview/models/inspect"
	"genview/tensor"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

// profileFlags say what to report about the kernels of training steps.
type profileFlags struct {
	table bool
	trace string // path of the file
}

func (f *profileFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.table, "profile", false, "print what each kernel takes")
	c.Flags().StringVar(&f.trace, "trace", "", "write the newest steps to this file, as JSON for chrome://tracing or ui.perfetto.dev")
}

// on tells whether a report is asked for.
func (f *profileFlags) on() bool { return f.table || f.trace != "" }

// check returns an error, before the first step, if the trace could not be written.
func (f *profileFlags) check() error {
	if i, err := os.Stat(filepath.Dir(f.trace)); f.trace != "" && (err != nil || !i.IsDir()) {
		return fmt.Errorf("--trace %s: there is no such folder", f.trace)
	}
	return nil
}

// profile adds up the times of kernels in training steps. It leaves out the first step, which includes compilation, if others follow.
type profile struct {
	profileFlags
	inspect.Profile
	steps  int
	newest [][]tensor.Timing // the newest steps, as many as a trace shows
	failed error             // why no further steps of a training are added; nil: they are
}

const tracedSteps = 16

func newProfile(f profileFlags) *profile { return &profile{profileFlags: f} }

// more returns how many steps to profile after n timed ones.
func (p *profile) more(steps int) int {
	if !p.on() {
		return 0
	}
	return min(steps, tracedSteps) + 1
}

// add adds the newest step.
func (p *profile) add(programs []*tensor.Program) error {
	if p.steps == 1 {
		p.Profile, p.newest = inspect.Profile{}, nil
	}
	step, err := inspect.Timings(programs)
	if err != nil {
		return err
	}
	p.Add(step)
	p.steps++
	p.newest = append(p.newest, step)
	p.newest = p.newest[max(len(p.newest)-tracedSteps, 0):]
	return nil
}

// follow adds the newest step of a training, and waits for it. A step that has no times ends no training: report returns that. If the device is
// lost, the training says so.
func (p *profile) follow(programs []*tensor.Program) {
	if !p.on() || p.failed != nil {
		return
	}
	if err := p.add(programs); !errors.Is(err, tensor.ErrDeviceLost) {
		p.failed = err
	}
}

// report prints the table and writes the trace, if they are asked for, of the steps that were added. It returns why others were not.
func (p *profile) report(w io.Writer) error { return errors.Join(p.write(w), p.failed) }

func (p *profile) write(w io.Writer) error {
	if p.table {
		out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "ms a step\tshare\tcalls\tGFLOP/s\tGB/s\tkernel\tops")
		for _, r := range p.Kernels() {
			fmt.Fprintf(out, "%.3f\t%.1f %%\t%.4g\t%.1f\t%.1f\t%s\t%s %s\n", r.MS, 100*r.Share, r.Calls, r.GFLOPs, r.GBs, r.Kernel, r.Ops, r.Shapes)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	if p.trace == "" {
		return nil
	}
	return files.Write(p.trace, func(w io.Writer) error { return json.NewEncoder(w).Encode(p.events()) })
}

// traceEvents is a trace in the Trace Event Format.
type traceEvents struct {
	Events []traceEvent `json:"traceEvents"`
}

type traceEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"` // X: an event with a beginning and a duration
	Start float64        `json:"ts"` // microseconds
	Took  float64        `json:"dur"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"` // 1: steps, 2: their kernels
	Args  map[string]any `json:"args"`
}

// events returns the newest steps and their kernels, with times since the first one began.
func (p *profile) events() traceEvents {
	out := traceEvents{Events: []traceEvent{}}
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	var began time.Duration
	for i, step := range p.newest {
		if len(step) == 0 {
			continue
		}
		first, last := step[0], step[len(step)-1]
		if i == 0 {
			began = first.Start
		}
		out.Events = append(out.Events, traceEvent{
			Name: "step", Phase: "X", Start: us(first.Start - began), Took: us(last.Start + last.Duration - first.Start), PID: 1, TID: 1,
			Args: map[string]any{"kernels": len(step)},
		})
		for _, t := range step {
			k := t.Kernel
			out.Events = append(out.Events, traceEvent{
				Name: k.Ops, Phase: "X", Start: us(t.Start - began), Took: us(t.Duration), PID: 1, TID: 2,
				Args: map[string]any{"kernel": k.Form, "shapes": k.Shapes, "flops": k.FLOPs, "bytes": k.Bytes},
			})
		}
	}
	return out
}
