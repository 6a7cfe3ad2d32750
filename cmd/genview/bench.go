package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"genview/tensor"

	"github.com/spf13/cobra"
)

type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

type benchLine struct {
	Name       string `json:"name"`
	Device     string `json:"device"`
	Batch      int    `json:"batch"`
	Steps      int    `json:"steps"`
	StepMS     spread `json:"step_ms"`
	Dispatches int    `json:"dispatches"`
	PeakBytes  int    `json:"peak_bytes"`
}

func (a *app) bench() *cobra.Command {
	var steps int
	var profile bool
	c := &cobra.Command{
		Use:       "bench vae",
		Short:     "Time training steps: vae is the MLP 784-400-20 of a batch of 128 with Adam",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: []string{"vae"},
		RunE: func(c *cobra.Command, names []string) (err error) {
			if names[0] != "vae" || steps < 1 {
				return usageError{errors.New("genview bench vae, with --steps 1 or more")}
			}
			s, err := a.start(defaults(), profile)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			m, err := s.vae("bench")
			if err != nil {
				return err
			}
			x := make([]float32, s.config.Batch*28*28)
			for i := range x {
				x[i] = float32(i*2654435761>>8&0xff) / 255
			}
			times := make([]float64, 0, steps)
			for i := range steps + 10 {
				began := time.Now()
				if err := m.Step(c.Context(), x); err != nil {
					return err
				}
				if _, err := m.Metrics(); err != nil {
					return err
				}
				if i >= 10 { // the first warm the kernels up
					times = append(times, float64(time.Since(began).Microseconds())/1000)
				}
			}
			slices.Sort(times)
			p := m.Program()
			line := benchLine{"vae", s.dev.Info().Name, s.config.Batch, steps, spread{times[0], times[len(times)/2], times[len(times)-1]}, p.Dispatches(), p.Peak()}
			if a.json {
				return json.NewEncoder(os.Stdout).Encode(line)
			}
			fmt.Printf("%s on %s: a step takes %.2f ms (median; %.2f to %.2f over %d), %d dispatches\n",
				line.Name, line.Device, line.StepMS.Median, line.StepMS.Min, line.StepMS.Max, steps, line.Dispatches)
			if profile {
				return printProfile(p)
			}
			return nil
		},
	}
	c.Flags().IntVar(&steps, "steps", 100, "steps to time")
	c.Flags().BoolVar(&profile, "profile", false, "print the time of every dispatch of the last step")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func printProfile(p *tensor.Program) error {
	timings, err := p.Timings()
	if err != nil {
		return err
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
