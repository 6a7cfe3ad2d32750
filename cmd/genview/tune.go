package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/models/family"
	"genview/models/run"
	"genview/models/zoo"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"

	"github.com/spf13/cobra"
)

// tunedByDefault returns the presets that compile quickly.
func tunedByDefault() []string { return zoo.Names(func(p family.Preset) bool { return !p.Long }) }

// trialLine is the result of tune for a class of products.
type trialLine struct {
	In string `json:"in"` // a preset, or ops
	tensor.Trial
}

type tuneFlags struct {
	batch   int
	set     []string
	vectors bool
}

func (a *app) tune() *cobra.Command {
	f := tuneFlags{}
	c := &cobra.Command{
		Use:         "tune [" + strings.Join(presetNames(), "|") + " | ops]…",
		Annotations: doing("trying kernels"),
		Short:       "Find out which kernels are the fastest on the device",
		Long: `tune times, on the device, all ways to write the kernel of each matrix product in training steps of what train makes
(without a name: of all but paper), or in the ops of bench ops, and keeps the winners in the cache folder, from where every
command takes them. It says what each way takes, at the least; one that is not 5 % faster than the one that a rule takes does
not replace it. No number that is trained depends on it: ways that would give other bits are left out.

--vectors first finds out, in processes of their own, whether lavapipe's vectors should have 256 or 512 bits. Last bits of what is
trained do depend on that, so a run goes on with the vectors that it began with; LP_NATIVE_VECTOR_WIDTH overrules both.

Without tune, bench does the same before it begins, for the largest products, for two seconds at most and only for products that it
has not met; so do train and view, but not on lavapipe, where the rule nearly always takes the fastest kernel. --no-tune keeps them
from it, and lets the rule decide.`,
		Args:      args(cobra.ArbitraryArgs),
		ValidArgs: append([]string{"ops"}, presetNames()...),
		RunE: func(c *cobra.Command, names []string) error {
			outliveReaders()
			if len(names) == 0 {
				names = tunedByDefault()
			}
			for _, n := range names {
				if !isPreset(n) && n != "ops" {
					return usageError{fmt.Errorf("there is nothing named %s to tune; there are %s and ops%s", n, strings.Join(presetNames(), ", "), meant(n, append([]string{"ops"}, presetNames()...)))}
				}
			}
			if cacheDir() == "" {
				return errNoCache
			}
			if a.noTune {
				return usageError{errors.New("tune does what --no-tune forbids")}
			}
			if f.vectors {
				steps := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "ops" })
				if len(steps) == 0 {
					return usageError{errors.New("--vectors times training steps: name a preset")}
				}
				if err := a.tuneVectors(c.Context(), steps, f); err != nil {
					return err
				}
			}
			return a.runTune(c.Context(), names, f)
		},
	}
	c.Flags().IntVar(&f.batch, "batch", 0, "examples a step (default as in training)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting, as in training: model.hidden=64")
	c.Flags().BoolVar(&f.vectors, "vectors", false, "on lavapipe, first find out whether vectors of 256 or 512 bits are faster; takes minutes")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a class of products")
	return c
}

// runTune tries all kernels again, and keeps the results after each preset, also if it is interrupted.
func (a *app) runTune(ctx context.Context, names []string, f tuneFlags) error {
	configs := map[string]*run.Config{}
	for _, name := range names {
		if name == "ops" {
			continue
		}
		var err error
		if configs[name], err = benchConfig(name, f.batch, f.set); err != nil {
			return err
		}
	}
	h := a.host()
	var t *tensor.Tuning
	tried, gained := 0, 0
	for _, name := range names {
		dev, err := a.openDevice()
		if err != nil {
			return err
		}
		if t == nil {
			t = tensor.NewTuning(dev.Info())
			if !a.json {
				fmt.Fprintf(a.out, "on %s: batch×m×k×n, and what each kernel takes in ms\n", dev.Info().Name)
			}
		}
		t.Allow(tensor.Effort{Time: math.MaxInt64, Turns: 11, Heard: func(trial tensor.Trial) {
			tried++
			if trial.Gain > 0 {
				gained++
			}
			a.tell(trialLine{name, trial})
		}})
		info := dev.Info()
		stop := context.AfterFunc(ctx, func() { // the rest of the compilation may take too long to wait for
			t.Allow(tensor.Effort{})
			h.KeepTuning(info, t)
		})
		if name == "ops" {
			err = a.tuneOps(ctx, dev, t)
		} else {
			err = a.tuneSteps(ctx, dev, t, configs[name])
		}
		stop()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err() // the results so far are kept
		}
	}
	if !a.json {
		fmt.Fprintf(a.out, "%s tried, of which %d have a faster kernel than the rule's\n", family.CountOf(tried, "product"), gained)
	}
	return nil
}

// tell prints the line of a class.
func (a *app) tell(l trialLine) {
	if a.json {
		_ = json.NewEncoder(a.out).Encode(l) // an output error does not end the tuning, whose results are kept
		return
	}
	var ways []string
	for _, c := range l.Candidates {
		if c.Excluded != "" {
			ways = append(ways, c.Form+": "+c.Excluded)
		} else {
			ways = append(ways, fmt.Sprintf("%s %.3f", c.Form, c.MS))
		}
	}
	verdict := "as by rule"
	if l.Gain > 0 {
		verdict = fmt.Sprintf("%.0f %% faster than the rule's", 100*l.Gain)
	}
	fmt.Fprintf(a.out, "%-9s %d×%d×%d×%d: %s → %s, %s\n", l.In, l.Batch, l.M, l.K, l.N, strings.Join(ways, ", "), l.Winner, verdict)
}

func (a *app) tuneSteps(ctx context.Context, dev *vk.Device, t *tensor.Tuning, c *run.Config) error {
	s, err := a.host().StartOn(ctx, dev, t, c)
	if err != nil {
		return err
	}
	return s.Close()
}

// tuneOps compiles every op of the benchmarks once, so that the tuning times the kernels of their products.
func (a *app) tuneOps(ctx context.Context, dev *vk.Device, t *tensor.Tuning) (err error) {
	h := a.host()
	defer func() {
		h.KeepTuning(dev.Info(), t)
		err = errors.Join(err, dev.Close())
	}()
	for _, b := range optest.Benches {
		for _, w := range b.Works() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Without: a.without(), Tuning: t})
			if err != nil {
				return err
			}
			p, err := rt.Compile(w.Outputs)
			if err == nil {
				p.Close()
			}
			rt.Close()
			if err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return nil
}
