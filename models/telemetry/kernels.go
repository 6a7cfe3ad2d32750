package telemetry

import (
	"sync/atomic"
	"time"

	"genview/models/train"
	"genview/models/watch"

	"github.com/prometheus/client_golang/prometheus"
)

// patience is the least time from one step whose kernels are timed to the next, because such a step is waited for.
const patience = 15 * time.Second

// kernelSeconds has a series for each kernel of a step. Kernels of the same code may write several shapes.
var kernelSeconds = prometheus.NewDesc("genview_training_kernel_seconds",
	"Time on the device of one training step in each kernel, all its dispatches together. The sum is the step's time on the device.",
	[]string{"kernel", "ops", "shapes"}, nil)

// kernels is the collector of what kernels take. A collection asks training to time another step.
type kernels struct {
	wanted atomic.Bool
	newest atomic.Pointer[[]watch.Kernel] // of the newest timed step; nil: none was
}

// watch begins a training, whose options it changes.
func (k *kernels) watch(o *train.Options) {
	k.newest.Store(nil)
	var timed time.Time
	o.WantKernels = func() bool {
		if !k.wanted.Load() || time.Since(timed) < patience {
			return false
		}
		k.wanted.Store(false)
		timed = time.Now()
		return true
	}
	o.OnKernels = func(newest []watch.Kernel) { k.newest.Store(&newest) }
}

// Describe implements [prometheus.Collector].
func (k *kernels) Describe(descs chan<- *prometheus.Desc) { descs <- kernelSeconds }

// Collect implements [prometheus.Collector].
func (k *kernels) Collect(metrics chan<- prometheus.Metric) {
	k.wanted.Store(true)
	newest := k.newest.Load()
	if newest == nil {
		return
	}
	for _, kernel := range *newest {
		metrics <- prometheus.MustNewConstMetric(kernelSeconds, prometheus.GaugeValue, kernel.MS/1e3, kernel.Kernel, kernel.Ops, kernel.Shapes)
	}
}
