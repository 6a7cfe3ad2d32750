package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"genview/vk"

	"github.com/spf13/cobra"
)

// needs is what a run will take.
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

// dryRun compiles what a run is made of, says what it will take, and writes nothing.
func (a *app) dryRun(c *cobra.Command, f *trainFlags, kinds []string) (err error) {
	cfg, _, err := f.configure(c, kinds)
	if err != nil {
		return err
	}
	s, err := a.start(cfg, how{profile: f.profile.table})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	s.config.announce(a.console)
	n := s.needs()
	if f.profile.table {
		n.Kernels = s.compiled()
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
`, n.Model, n.Device, countOf(n.Steps, "step"), countOf(n.Batch, "example"), countOf(n.Parameters, "parameter"), size(n.ParameterBytes), size(n.StateBytes), size(n.ValueBytes),
		vk.Bytes(n.DeviceBytes), countOf(n.Dispatches, "kernel"), n.FLOPs/1e9, size(n.Bytes))
	return s.tellCompiled(a.out, n.Kernels)
}

func (s *session) needs() needs {
	n := needs{
		Model: s.config.title(), Device: s.dev.Info().Name, Batch: s.config.Batch, Steps: s.config.Steps,
		Parameters: s.model.Parameters(), ValueBytes: s.valueBytes(), DeviceBytes: s.dev.Memory().Held,
	}
	n.ParameterBytes = 4 * n.Parameters
	n.StateBytes = s.stateBytes() - n.ParameterBytes
	for _, p := range s.model.Programs() {
		n.Dispatches += p.Dispatches()
		for _, k := range p.Kernels() {
			n.FLOPs += k.FLOPs
			n.Bytes += k.Bytes
		}
	}
	return n
}

// stateBytes is the memory of what a checkpoint holds.
func (s *session) stateBytes() int {
	n := 0
	for _, v := range s.model.State() {
		n += 4 * v.Tensor.Len()
	}
	return n
}

// valueBytes is the memory of all else.
func (s *session) valueBytes() int { return int(s.dev.Memory().Used) - s.stateBytes() }
