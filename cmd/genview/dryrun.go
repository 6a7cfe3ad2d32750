package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"genview/models/family"
	"genview/models/run"
	"genview/vk"

	"github.com/spf13/cobra"
)

// needs is what a run takes: memory, parameters, work.
type needs struct {
	Model          string  `json:"model"`
	Device         string  `json:"device"`
	Batch          int     `json:"batch"`
	Steps          int     `json:"steps"`
	Parameters     int     `json:"parameters"`
	ParameterBytes int     `json:"parameter_bytes"`
	StateBytes     int     `json:"state_bytes"`    // what else a checkpoint holds: the optimizer's state, averages
	ValueBytes     int     `json:"value_bytes"`    // of a step: inputs, results, and what lies between its kernels
	DeviceBytes    int64   `json:"device_bytes"`   // all of these, as taken from the driver
	Dispatches     int     `json:"dispatches"`     // of a step
	FLOPs          float64 `json:"flops_per_step"` // and the bytes that its kernels read and write
	Bytes          int     `json:"bytes_per_step"`

	Kernels []compiledKernel `json:"kernels,omitempty"` // with --profile
}

// dryRun compiles a run's programs, prints what the run will take, and writes nothing.
func (a *app) dryRun(c *cobra.Command, f *trainFlags, kinds []string) (err error) {
	p, err := a.configure(c, f, kinds)
	if err != nil {
		return err
	}
	h := a.host()
	h.Profile = f.profile.table
	s, err := h.Start(c.Context(), p.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	a.announce(p.told)
	n := needsOf(s)
	if f.profile.table {
		n.Kernels = compiled(s)
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(n)
	}
	size := func(bytes int) string { return vk.Bytes(int64(bytes)) }
	fmt.Fprintf(a.out, `%s on %s, %s of %s
  %s, %s
  the state of the optimizer and the like: %s
  inputs, results and values between kernels: %s
  device memory in all: %s
  a step: %s, %.3g GFLOPs, %s read and written
`, n.Model, n.Device, family.CountOf(n.Steps, "step"), family.CountOf(n.Batch, "example"), family.CountOf(n.Parameters, "parameter"), size(n.ParameterBytes), size(n.StateBytes), size(n.ValueBytes),
		vk.Bytes(n.DeviceBytes), family.CountOf(n.Dispatches, "kernel"), n.FLOPs/1e9, size(n.Bytes))
	return tellCompiled(a.out, s, n.Kernels)
}

// needsOf adds up what a training needs: memory, parameters, and the work of the kernels of one step.
func needsOf(s *run.Session) needs {
	n := needs{
		Model: s.Title(), Device: s.Device.Info().Name, Batch: s.Config.Batch, Steps: s.Config.Steps,
		Parameters: s.Model.Parameters(), ValueBytes: valueBytes(s), DeviceBytes: s.Device.Memory().Held,
	}
	n.ParameterBytes = 4 * n.Parameters
	n.StateBytes = stateBytes(s) - n.ParameterBytes
	for _, p := range s.Model.Programs() {
		n.Dispatches += p.Dispatches()
		for _, k := range p.Kernels() {
			n.FLOPs += k.FLOPs
			n.Bytes += k.Bytes
		}
	}
	return n
}

// stateBytes returns the size of the checkpoint's tensors.
func stateBytes(s *run.Session) int {
	n := 0
	for _, v := range s.Model.State() {
		n += 4 * v.Tensor.Len()
	}
	return n
}

// valueBytes returns the size of all other buffers.
func valueBytes(s *run.Session) int { return int(s.Device.Memory().Used) - stateBytes(s) }
