package tensor_test

import (
	"context"
	"os"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
)

// BenchmarkOps times the ops of optest.Benches forward and backward, without the validation layer. x-yardstick is the ratio of each time
// to that of matrix products of the same sizes, or of a pass over as many bytes.
func BenchmarkOps(b *testing.B) {
	dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE")})
	if err != nil {
		b.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	defer dev.Close()
	for _, c := range optest.Benches {
		for _, w := range c.Works() {
			b.Run(w.Name, func(b *testing.B) {
				r := optest.Reading{}
				for b.Loop() {
					if r, err = optest.Measure(context.Background(), dev, tensor.Options{}, w); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(r.Median), "ns/op")
				b.ReportMetric(r.GFLOPs(), "GFLOP/s")
				b.ReportMetric(r.GBs(), "GB/s")
				b.ReportMetric(r.Slowdown(), "x-yardstick")
			})
		}
	}
}
