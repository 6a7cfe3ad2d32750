package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"genview/models/family"
	"genview/models/optim"
	"genview/models/run"
	"genview/models/watch"
	"genview/tensor"
	"genview/tensor/optest"

	"github.com/spf13/cobra"
)

// spread holds times in milliseconds.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// benchLine is the result of bench for an op or a training step.
type benchLine struct {
	Name   string  `json:"name"`
	Device string  `json:"device"`
	MS     spread  `json:"ms"`
	GFLOPs float64 `json:"gflops"`        // a second
	GBs    float64 `json:"gbs"`           // a second
	Share  float64 `json:"share_of_peak"` // what it would take at the measured peak, of the median
	Bound  string  `json:"yardstick"`     // product or pass; of many kernels, each against its own: both
	Kernel string  `json:"kernel"`        // those that ran, and how often
}

// stepLine is the result of bench for a training step.
type stepLine struct {
	benchLine
	Batch      int     `json:"batch"`
	Steps      int     `json:"steps"`
	Dispatches int     `json:"dispatches"`
	PeakBytes  int     `json:"peak_bytes"`      // inputs, results and what lies between kernels
	Allocs     float64 `json:"allocs_per_step"` // objects on the host

	Profile []watch.Kernel `json:"profile,omitempty"`
}

type benchFlags struct {
	steps, batch int
	precision    string
	set          []string
	profile      profileFlags
}

func (a *app) bench() *cobra.Command {
	f := benchFlags{}
	c := &cobra.Command{
		Use:         "bench " + strings.Join(presetNames(), "|") + " | ops [PART OF A NAME]",
		Annotations: doing("timing"),
		Short:       "Time training steps of what train makes, or single ops",
		Long: `bench times training steps of anything that train makes: vae is the MLP 784-400-20, batch 128, Adam; text, which is
also called gpt, nanoGPT's for a CPU. bench ops times ops, and what gives their gradients, at sizes that models have.

Times are held against two yardsticks, measured beside it: matrix products of the same sizes, for what multiplies, and a pass
y = x + 1 over as many bytes, for what does not. "×" says how many times as long something takes; share_of_peak is what it would
take at the rate of a product 512×512×512, or of the pass, of what it takes.`,
		Args:      args(cobra.RangeArgs(1, 2)),
		ValidArgs: append([]string{"ops"}, presetNames()...),
		RunE: func(c *cobra.Command, names []string) error {
			if names[0] == "ops" {
				for _, name := range []string{"steps", "batch", "precision", "set", "profile", "trace"} {
					if c.Flags().Changed(name) {
						return usageError{fmt.Errorf("--%s is for training steps, not for ops", name)}
					}
				}
				return a.benchOps(c.Context(), strings.Join(names[1:], ""))
			}
			if !isPreset(names[0]) || len(names) > 1 || f.steps < 1 {
				return usageError{fmt.Errorf("genview bench %s|ops, with --steps 1 or more%s", strings.Join(presetNames(), "|"), meant(names[0], append([]string{"ops"}, presetNames()...)))}
			}
			return a.benchSteps(c.Context(), names[0], f)
		},
	}
	c.Flags().IntVar(&f.batch, "batch", 0, "examples a step (default as in training)")
	c.Flags().IntVar(&f.steps, "steps", 100, "steps to time")
	c.Flags().StringVar(&f.precision, "precision", "f32", "type of the operands of products: f32, bf16 or f16")
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting, as in training: model.hidden=64")
	f.profile.add(c)
	c.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	return c
}

// benchConfig returns a preset's configuration with some settings changed, for steps on made-up data.
func benchConfig(name string, batch int, set []string) (*run.Config, error) {
	c, err := run.New(name)
	if err != nil {
		return nil, usageError{err}
	}
	if r, ok := c.Settings.(family.Rehearser); ok {
		r.Rehearse()
	}
	if batch != 0 {
		c.Batch = batch
	}
	if err := setAll(c, set); err != nil {
		return nil, err
	}
	return c, typed(c.Validate())
}

func (a *app) benchSteps(ctx context.Context, name string, f benchFlags) (err error) {
	cfg, err := benchConfig(name, f.batch, f.set)
	if err != nil {
		return err
	}
	if f.precision != tensor.F32.String() {
		cfg.Precision = f.precision
		if known := []string{"bf16", "f16"}; !slices.Contains(known, f.precision) { // f16 is only timed
			return usageError{fmt.Errorf("--precision is %q and must be f32, bf16 or f16%s", f.precision, meant(f.precision, known))}
		}
	}
	if err := f.profile.check(); err != nil {
		return err
	}
	h := a.host()
	h.Profile, h.Effort = f.profile.on(), tensor.AutomaticEffort
	s, err := h.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := newProfile(f.profile)
	line, err := a.benchSession(ctx, s, name, f.steps, p)
	if err != nil {
		return err
	}
	if a.json {
		if p.table {
			p.table, line.Profile = false, p.Kernels()
		}
		return errors.Join(json.NewEncoder(a.out).Encode(line), p.report(a.out))
	}
	fmt.Fprintf(a.out, "%s on %s: a step takes %.2f ms (median; %.2f to %.2f over %d), %.1f GFLOP/s, %.1f GB/s, × %.2f, %d dispatches, %.1f host allocations\n",
		line.Name, line.Device, line.MS.Median, line.MS.Min, line.MS.Max, f.steps, line.GFLOPs, line.GBs, 1/line.Share, line.Dispatches, line.Allocs)
	return p.report(a.out)
}

// benchSession times steps on made-up data, after a first step that compiles kernels. It profiles further steps after the timed ones,
// because profiling slows them down.
func (a *app) benchSession(ctx context.Context, s *run.Session, name string, steps int, p *profile) (stepLine, error) {
	const warm = 10
	start := s.Model.Rehearse()
	step := func() error {
		if err := errors.Join(ctx.Err(), start(ctx)); err != nil { // a step itself is not interrupted
			return err
		}
		_, err := s.Model.Metrics()
		return err
	}
	times := make([]time.Duration, 0, steps)
	var before, after runtime.MemStats
	for i := range steps + warm {
		a.console.count("steps", i, steps+warm)
		if i == warm {
			runtime.ReadMemStats(&before)
		}
		began := time.Now()
		if err := step(); err != nil {
			return stepLine{}, err
		}
		if i >= warm {
			times = append(times, time.Since(began))
		}
	}
	runtime.ReadMemStats(&after)
	for range p.more(steps) {
		if err := errors.Join(step(), p.add(s.Model.Programs())); err != nil {
			return stepLine{}, err
		}
	}
	line := stepLine{Batch: s.Config.Batch, Steps: steps, PeakBytes: valueBytes(s), Allocs: float64(after.Mallocs-before.Mallocs) / float64(steps)}
	var kernels []tensor.Kernel
	for _, p := range s.Model.Programs() {
		kernels = append(kernels, p.Kernels()...)
		line.Dispatches += p.Dispatches()
	}
	r, err := optest.Read(ctx, s.Device, name, times, kernels)
	line.benchLine = lineOf(r, s.Device.Info().Name)
	return line, err
}

func lineOf(r optest.Reading, device string) benchLine {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return benchLine{
		Name: r.Name, Device: device, MS: spread{ms(r.Min), ms(r.Median), ms(r.Max)},
		GFLOPs: r.GFLOPs(), GBs: r.GBs(), Share: float64(r.Peak) / float64(r.Median), Bound: r.Bound, Kernel: optest.Forms(r.Kernels),
	}
}

// benchOps times the optimizer and the ops whose names contain a text.
func (a *app) benchOps(ctx context.Context, part string) (err error) {
	var works []optest.Work
	for _, b := range optest.Benches {
		works = append(works, b.Works()...)
	}
	works = slices.DeleteFunc(append(works, adamWork()), func(w optest.Work) bool {
		return !strings.Contains(strings.ToLower(w.Name), strings.ToLower(part))
	})
	if len(works) == 0 {
		return usageError{fmt.Errorf("no op of the table has %q in its name", part)}
	}
	dev, err := a.openDevice()
	if err != nil {
		return err
	}
	h := a.host()
	h.Effort = tensor.AutomaticEffort
	t := h.Tuning(dev.Info())
	defer func() {
		h.KeepTuning(dev.Info(), t)
		err = errors.Join(err, dev.Close())
	}()
	if !a.json {
		fmt.Fprintf(a.out, "on %s\n%-41s %9s %9s %9s %7s %7s  %s\n", dev.Info().Name, "op", "median ms", "min", "max", "GFLOP/s", "GB/s", "× yardstick, kernels")
	}
	for i, w := range works {
		a.console.count("ops", i, len(works))
		r, err := optest.Measure(ctx, dev, tensor.Options{Without: a.without(), Tuning: t}, w)
		if err != nil {
			return err
		}
		line := lineOf(r, dev.Info().Name)
		if a.json {
			if err := json.NewEncoder(a.out).Encode(line); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(a.out, "%-41s %9.3f %9.3f %9.3f %7.1f %7.1f  × %.2f %s: %s\n", line.Name, line.MS.Median, line.MS.Min, line.MS.Max,
			line.GFLOPs, line.GBs, r.Slowdown(), r.Bound, line.Kernel); err != nil {
			return err
		}
	}
	return nil
}

// adamWork returns a step of Adam with 800,000 parameters.
func adamWork() optest.Work {
	rng := tensor.NewRNG("rng", 1)
	var vars []*tensor.Tensor
	for range 8 {
		vars = append(vars, tensor.Var("x", rng.Normal(250, 400)))
	}
	adam := optim.NewAdam(optim.AdamDefaults(), vars)
	grads := tensor.Var("grads", rng.Normal(adam.Params()[0].Shape()...))
	return optest.Work{Name: "Adam/800k", Outputs: tensor.Outputs{Update: adam.UpdateFlat([]*tensor.Tensor{grads})}}
}
