package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"genview/models/train"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"
)

// conformance is what doctor found out about a device.
type conformance struct {
	Time    time.Time `json:"time"`
	Device  vk.Info   `json:"device"`
	Passed  int       `json:"passed"`
	Failed  int       `json:"failed"`
	Seconds float64   `json:"seconds"`
	Checks  []check   `json:"checks"`
}

// check is one op on inputs of some shapes.
type check struct {
	Op     string  `json:"op"`
	Shapes [][]int `json:"shapes"`
	Error  string  `json:"error,omitempty"` // empty: its values are right
}

// shapesEach is how many of an op's rows of shapes doctor goes through: enough to meet each kernel, in under a minute.
const shapesEach = 2

func (a *app) doctor() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that every op computes right on the device",
		Long: `doctor computes every op on the device and holds the values against float64 arithmetic on the CPU. It takes under a
minute. Its report is kept, and runs trained on the device from then on have it in their folder.`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			dev, err := a.open(false)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, dev.Close()) }()
			r := examine(c.Context(), dev, func(bad check) {
				if !a.json {
					fmt.Printf("FAILED  %s of %v: %s\n", bad.Op, bad.Shapes, bad.Error)
				}
			})
			if c.Context().Err() != nil {
				return errors.New("doctor was interrupted: nothing is reported")
			}
			report, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(cacheDir(), 0o755); err == nil { // without a cache folder runs go without a report
				_ = maybe.WriteFile(reportPath(r.Device), report, 0o644)
			}
			if a.json {
				fmt.Println(string(report))
			} else {
				fmt.Printf("%s\n  Vulkan %s, driver %s\n  %d of %d checks passed, in %.0f s\n", r.Device.Name, r.Device.API, r.Device.Driver,
					r.Passed, len(r.Checks), r.Seconds)
			}
			if r.Failed > 0 {
				return fmt.Errorf("%d checks failed: report the lines above, with the device and the driver", r.Failed)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print the report as JSON")
	return c
}

// examine holds every op of the table against its reference and tells of failures as they come.
func examine(ctx context.Context, dev *vk.Device, failed func(check)) conformance {
	began := time.Now()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	r := conformance{Time: began.UTC().Truncate(time.Second), Device: dev.Info()}
	note := func(op string, shapes [][]int, err error) {
		k := check{Op: op, Shapes: shapes}
		if err != nil {
			k.Error = err.Error()
			r.Failed++
			failed(k)
		} else {
			r.Passed++
		}
		r.Checks = append(r.Checks, k)
	}
	for _, c := range optest.Cases {
		if ctx.Err() != nil {
			break
		}
		for i, shapes := range c.Dims[:min(shapesEach, len(c.Dims))] {
			in := c.Draw(rand.New(rand.NewPCG(1, uint64(i))), shapes)
			note(c.Name, shapes, c.Value(rt, in))
		}
		for _, in := range c.Points() {
			var shapes [][]int
			for _, a := range in {
				shapes = append(shapes, a.Shape)
			}
			note(c.Name+", special points", shapes, c.Point(rt, in))
		}
	}
	r.Seconds = time.Since(began).Seconds()
	return r
}

// reportPath is where the report of a device with this driver is kept.
func reportPath(i vk.Info) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s|%s|%s", i.Name, i.Driver, i.API)
	return filepath.Join(cacheDir(), "doctor-"+hex.EncodeToString(h.Sum(nil))+".json")
}

// certify puts the device's report into a run's folder, where there is one.
func certify(run *train.Run, i vk.Info) error {
	p, err := os.ReadFile(reportPath(i))
	if err != nil {
		return nil // doctor was not asked
	}
	if err := maybe.WriteFile(filepath.Join(run.Dir, "doctor.json"), p, 0o644); err != nil {
		return fmt.Errorf("%s: %w", run.Dir, err)
	}
	return nil
}
