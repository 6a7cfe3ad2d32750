package tensor_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// TestCandidates compiles the kernels that the tuner tries for the products of bench ops and of their gradients with the compiler of
// AMD's GPUs. None may spill registers, and each must be valid SPIR-V. scripts/drivers checks all kernels; other runs check the products
// of one size.
func TestCandidates(t *testing.T) {
	families, versions, size := vktest.Families[1:2], []string{"1.1"}, "768x128x512"
	if os.Getenv(vktest.DriversVariable) != "" {
		families, versions, size = vktest.Families, []string{"1.1", "1.2", "1.3"}, ""
	}
	var all []vktest.Shader
	t.Run("written", func(t *testing.T) {
		vktest.Pose(t, "radv")
		rt := tensor.NewRuntime(vktest.Open(t))
		defer rt.Close()
		for _, b := range optest.Benches {
			if b.FLOPs == 0 || !strings.Contains(b.Name, size) {
				continue
			}
			for _, w := range b.Works() {
				for _, y := range w.Outputs.Fetch {
					all = append(all, rt.Candidates(w.Name, y)...)
				}
			}
		}
	})
	if len(all) < 5 || !slices.ContainsFunc(all, func(s vktest.Shader) bool { return strings.HasPrefix(s.Form, "tiled 64×64") }) {
		t.Fatalf("there are %d candidates", len(all))
	}
	all = vktest.Distinct(all)
	for _, f := range families {
		vktest.Compile(t, f, all)
	}
	vktest.Check(t, all, versions...)
	vktest.Tell(t, "candidates", all)
}
