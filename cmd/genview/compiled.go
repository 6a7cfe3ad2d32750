package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"genview/models/run"
	"genview/tensor"
	"genview/vk"
)

// compiledKernel is a kernel of a training step with the statistics of the driver's compiler.
type compiledKernel struct {
	Ops      string         `json:"ops"`
	Kernel   string         `json:"kernel"`
	Calls    int            `json:"calls"` // of a step
	FLOPs    float64        `json:"flops"` // of one, and the bytes that it reads and writes
	Bytes    int            `json:"bytes"`
	Compiled []vk.Statistic `json:"compiled,omitempty"`
}

// compiled lists the kernels of a step in their order, each only once.
func compiled(s *run.Session) (all []compiledKernel) {
	var met []tensor.Kernel
	for _, p := range s.Model.Programs() {
		for _, k := range p.Kernels() {
			i := 0
			for i < len(met) && !(met[i].Ops == k.Ops && met[i].Form == k.Form && met[i].Bytes == k.Bytes && reflect.DeepEqual(met[i].Compiled, k.Compiled)) {
				i++
			}
			if i == len(met) {
				met = append(met, k)
				all = append(all, compiledKernel{Ops: k.Ops, Kernel: k.Form, FLOPs: k.FLOPs, Bytes: k.Bytes, Compiled: k.Compiled})
			}
			all[i].Calls++
		}
	}
	return all
}

// tellCompiled prints a line for each kernel, with the statistics under the driver's own names.
func tellCompiled(w io.Writer, s *run.Session, all []compiledKernel) error {
	silent := len(all) > 0
	for _, k := range all {
		line := fmt.Sprintf("%s, %s: %d of a step, each %.3g GFLOPs, %s", k.Ops, k.Kernel, k.Calls, k.FLOPs/1e9, vk.Bytes(int64(k.Bytes)))
		var said []string
		for _, v := range k.Compiled {
			silent = false
			if strings.Contains(v.Name, "ash") { // of what was compiled, which is nothing to read
				continue
			}
			said = append(said, fmt.Sprintf("%s %g", v.Name, v.Value))
		}
		if len(said) > 0 {
			line += "; " + strings.Join(said, ", ")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if silent {
		_, err := fmt.Fprintf(w, "the driver of %s says nothing of what its compiler has made (VK_KHR_pipeline_executable_properties)\n", s.Device.Info().Name)
		return err
	}
	return nil
}
