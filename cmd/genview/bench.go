package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"genview/tensor"
	"genview/vk"

	"github.com/spf13/cobra"
)

type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

type benchLine struct {
	Name       string  `json:"name"`
	Device     string  `json:"device"`
	Batch      int     `json:"batch"`
	Steps      int     `json:"steps"`
	StepMS     spread  `json:"step_ms"`
	Dispatches int     `json:"dispatches"`
	PeakBytes  int     `json:"peak_bytes"`
	Allocs     float64 `json:"allocs_per_step"` // objects on the host
}

func (a *app) bench() *cobra.Command {
	var steps, batch int
	var profile bool
	c := &cobra.Command{
		Use:       "bench " + strings.Join(presetNames, "|"),
		Short:     "Time training steps of what train makes; vae is the MLP 784-400-20, batch 128, Adam",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: presetNames,
		RunE: func(c *cobra.Command, names []string) (err error) {
			if presets[names[0]] == nil || steps < 1 {
				return usageError{fmt.Errorf("genview bench %s, with --steps 1 or more", strings.Join(presetNames, "|"))}
			}
			cfg := presets[names[0]]()
			if cfg.Kind == "text" { // as many characters as tinyshakespeare has
				for r := range 65 {
					cfg.Data.Characters += quoted(rune('!' + r))
				}
			}
			if batch > 0 {
				cfg.Batch = batch
			}
			s, err := a.start(cfg, profile)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			line, err := s.bench(c.Context(), names[0], steps)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(os.Stdout).Encode(line)
			}
			fmt.Printf("%s on %s: a step takes %.2f ms (median; %.2f to %.2f over %d), %d dispatches, %.1f host allocations\n",
				line.Name, line.Device, line.StepMS.Median, line.StepMS.Min, line.StepMS.Max, steps, line.Dispatches, line.Allocs)
			if profile {
				return printProfile(s.model.Programs())
			}
			return nil
		},
	}
	c.Flags().IntVar(&batch, "batch", 0, "examples a step (default as in training)")
	c.Flags().IntVar(&steps, "steps", 100, "steps to time")
	c.Flags().BoolVar(&profile, "profile", false, "print the time of every dispatch of the last step")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// bench times steps on what looks like data; what is slow at first, as compiling kernels, is done before.
func (s *session) bench(ctx context.Context, name string, steps int) (benchLine, error) {
	const warm = 10
	start := s.model.dummy()
	times := make([]float64, 0, steps)
	var before, after runtime.MemStats
	for i := range steps + warm {
		if i == warm {
			runtime.ReadMemStats(&before)
		}
		began := time.Now()
		if err := start(ctx); err != nil {
			return benchLine{}, err
		}
		if _, err := s.model.Metrics(); err != nil {
			return benchLine{}, err
		}
		if i >= warm {
			times = append(times, float64(time.Since(began).Microseconds())/1000)
		}
	}
	runtime.ReadMemStats(&after)
	slices.Sort(times)
	line := benchLine{
		Name: name, Device: s.dev.Info().Name, Batch: s.config.Batch, Steps: steps,
		StepMS: spread{times[0], times[len(times)/2], times[len(times)-1]},
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(steps),
	}
	for _, p := range s.model.Programs() {
		line.Dispatches += p.Dispatches()
		line.PeakBytes += p.Peak()
	}
	return line, nil
}

func printProfile(programs []*tensor.Program) error {
	var timings []vk.Timing
	for _, p := range programs {
		t, err := p.Timings()
		if err != nil {
			return err
		}
		timings = append(timings, t...)
	}
	total := time.Duration(0)
	for _, t := range timings {
		total += t.Duration
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "time\tshare\twhat\tkernel")
	for _, t := range timings {
		fmt.Fprintf(w, "%v\t%.1f %%\t%s\t%s\n", t.Duration, 100*float64(t.Duration)/float64(total), t.Label, t.Kernel)
	}
	return w.Flush()
}
