package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"genview/models/train"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

// conformance is doctor's report on a device.
type conformance struct {
	Time    time.Time `json:"time"`
	Device  vk.Info   `json:"device"`
	Passed  int       `json:"passed"`
	Skipped int       `json:"skipped"`
	Failed  int       `json:"failed"`
	Seconds float64   `json:"seconds"`
	Checks  []check   `json:"checks"`
}

// check is the result of one op on inputs of some shapes. Without Skipped and Error its values are right.
type check struct {
	Op      string  `json:"op"`
	Kernels string  `json:"kernels"` // the family that computed it
	Shapes  [][]int `json:"shapes"`
	Skipped string  `json:"skipped,omitempty"` // what the device lacks
	Error   string  `json:"error,omitempty"`
}

// shapesEach is how many rows of an op's shapes doctor tests: enough to use each kernel, in less than a minute.
const shapesEach = 2

// together opens the device; if it is the CPU, once for each core: lavapipe compiles the kernels of one device one after another, which
// takes most of doctor's time. On an error it closes all.
func (a *app) together(dev *vk.Device) ([]*vk.Device, error) {
	devs := []*vk.Device{dev}
	for dev.Info().Class == vk.CPU && len(devs) < min(runtime.GOMAXPROCS(0), 8) {
		more, err := a.openDevice()
		if err != nil {
			return nil, errors.Join(err, closeAll(devs))
		}
		devs = append(devs, more)
	}
	return devs, nil
}

func closeAll(devs []*vk.Device) (err error) {
	for _, d := range devs {
		err = errors.Join(err, d.Close())
	}
	return err
}

// families are all families of kernels.
var families = []kernels{{"GPU", tensor.ForGPU}, {"lavapipe", tensor.ForLavapipe}}

type kernels struct {
	name   string
	family tensor.Family
}

// used returns the family that programs use on the device.
func used(dev *vk.Device) ([]kernels, error) {
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	f, err := rt.Family()
	return slices.DeleteFunc(slices.Clone(families), func(k kernels) bool { return k.family != f }), err
}

func (a *app) doctor() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:         "doctor",
		Annotations: doing("checking"),
		Short:       "Check that every op computes right on the device",
		Long: `doctor looks at what genview needs from the machine, and says what to do about what is missing. It then computes every op on
the device, with the set of kernels that programs use there, and holds the values against float64 arithmetic on the CPU. It takes less
than a minute. Its report is kept, and runs trained on the device from then on have it in their folder.`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			found := environment()
			if !a.json {
				for _, f := range found {
					fmt.Fprintln(a.out, f)
				}
			}
			dev, err := a.openDevice()
			if err != nil {
				if a.json {
					_ = json.NewEncoder(a.out).Encode(map[string]any{"environment": found}) // a.out remembers errors
				}
				return err
			}
			devs, err := a.together(dev)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeAll(devs)) }()
			checked := families
			if !all {
				if checked, err = used(dev); err != nil {
					return err
				}
			}
			task := a.console.begin("checking")
			defer task.end()
			r := examine(c.Context(), devs, checked, a.console.counter("ops"), func(bad check) {
				if !a.json {
					fmt.Fprintf(a.out, "FAILED  %s of %v, kernels for %s, on %s, driver %s: %s\n", bad.Op, bad.Shapes, bad.Kernels, dev.Info().Name, dev.Info().Driver, bad.Error)
				}
			})
			task.end()
			if err := c.Context().Err(); err != nil { // half a report must not be kept
				return err
			}
			report, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(cacheDir(), 0o755); err == nil { // without a cache folder, runs have no report
				_ = files.WriteBytes(reportPath(r.Device), report)
			}
			if a.json {
				_ = json.NewEncoder(a.out).Encode(struct {
					Environment []finding `json:"environment"`
					conformance
				}{found, r})
			} else {
				fmt.Fprint(a.out, r)
			}
			if r.Failed > 0 {
				return fmt.Errorf("%d checks failed: report the lines above", r.Failed)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print the report as JSON")
	c.Flags().BoolVar(&all, "all", false, "check every set of kernels that the device runs: lavapipe also runs those for GPUs")
	return c
}

// examine compares every op of the table with its reference, for some families of kernels. The devices are one device, opened several
// times, that work in parallel. It reports failures at once, and how many ops have begun.
func examine(ctx context.Context, devs []*vk.Device, checked []kernels, heard func(done, all int), failed func(check)) conformance {
	began, n := time.Now(), len(optest.Cases)
	r := conformance{Time: began.UTC().Truncate(time.Second), Device: devs[0].Info()}
	runs := slices.DeleteFunc(slices.Clone(checked), func(f kernels) bool {
		rt, err := tensor.NewRuntimeWith(devs[0], tensor.Options{Family: f.family})
		if err != nil {
			r.note(check{Op: "all", Kernels: f.name}, lacks{err}, failed)
			return true
		}
		rt.Close()
		return false
	})
	parts := make([]conformance, len(runs)*n)
	var mu sync.Mutex
	begun := 0
	next := func() int {
		mu.Lock()
		defer mu.Unlock()
		i := begun
		if i == len(parts) || ctx.Err() != nil {
			return -1
		}
		heard(i, len(parts))
		begun++
		return i
	}
	tell := func(k check) {
		mu.Lock()
		defer mu.Unlock()
		failed(k)
	}
	var workers sync.WaitGroup
	for _, dev := range devs {
		workers.Go(func() {
			for i := next(); i >= 0; i = next() {
				parts[i].op(dev, runs[i/n], optest.Cases[i%n], tell)
			}
		})
	}
	workers.Wait()
	for _, p := range parts {
		r.Passed, r.Skipped, r.Failed = r.Passed+p.Passed, r.Skipped+p.Skipped, r.Failed+p.Failed
		r.Checks = append(r.Checks, p.Checks...)
	}
	r.Seconds = time.Since(began).Seconds()
	return r
}

// op compares one op, computed by a family of kernels, with its reference.
func (r *conformance) op(dev *vk.Device, f kernels, c optest.Case, failed func(check)) {
	rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: f.family})
	if err != nil {
		r.note(check{Op: c.Name, Kernels: f.name}, err, failed)
		return
	}
	defer rt.Close()
	for i, shapes := range c.Dims[:min(shapesEach, len(c.Dims))] {
		in := c.Draw(rand.New(rand.NewPCG(1, uint64(i))), shapes)
		r.note(check{Op: c.Name, Kernels: f.name, Shapes: shapes}, c.Value(rt, in), failed)
	}
	for _, in := range c.Points() {
		var shapes [][]int
		for _, a := range in {
			shapes = append(shapes, a.Shape)
		}
		r.note(check{Op: c.Name + ", special points", Kernels: f.name, Shapes: shapes}, c.Point(rt, in), failed)
	}
}

// lacks returns an error for a missing feature.
type lacks struct{ error }

// note adds the result of a check; err is its error.
func (r *conformance) note(k check, err error, failed func(check)) {
	var limit *vk.LimitError
	var memory *vk.MemoryError
	var feature lacks
	switch {
	case err == nil:
		r.Passed++
	case errors.As(err, &limit), errors.As(err, &memory), errors.As(err, &feature):
		k.Skipped = err.Error()
		r.Skipped++
	default:
		k.Error = err.Error()
		r.Failed++
		failed(k)
	}
	r.Checks = append(r.Checks, k)
}

// String returns the report as text: the ops that passed, and those that were skipped, with the reason.
func (r conformance) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s\n  Vulkan %s, driver %s\n", r.Device.Name, r.Device.API, r.Device.Driver)
	bad := map[string]bool{} // names of ops, up to a comma or a slash
	name := func(k check) string {
		return strings.FieldsFunc(k.Op, func(c rune) bool { return c == ',' || c == '/' })[0]
	}
	var ops []string
	for _, k := range r.Checks {
		switch {
		case k.Skipped != "":
			fmt.Fprintf(&s, "  skipped: %s of %v, kernels for %s: %s\n", k.Op, k.Shapes, k.Kernels, k.Skipped)
		case k.Error != "":
			bad[name(k)] = true
		default:
			ops = append(ops, name(k))
		}
	}
	slices.Sort(ops)
	ops = slices.DeleteFunc(slices.Compact(ops), func(op string) bool { return bad[op] })
	line := "  right:"
	for _, op := range ops {
		if len(line)+1+len(op) > 100 {
			fmt.Fprintln(&s, line)
			line = "        "
		}
		line += " " + op
	}
	fmt.Fprintf(&s, "%s\n  %d of %d checks passed, %d were skipped, in %.0f s\n", line, r.Passed, len(r.Checks), r.Skipped, r.Seconds)
	return s.String()
}

// reportPath returns the file for the report of a device with its present driver.
func reportPath(i vk.Info) string { return cached("doctor-" + i.Key() + ".json") }

// certify copies the device's report, if there is one, into a run's folder.
func certify(run *train.Run, i vk.Info) error {
	p, err := os.ReadFile(reportPath(i))
	if err != nil {
		return nil // doctor has not run
	}
	return files.WriteBytes(filepath.Join(run.Dir, "doctor.json"), p)
}
