package tensor_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"genview/vk/vktest"
)

// TestLanes runs the ops with narrower and wider vectors of lavapipe than the machine's, each in a process of its own, because the driver
// reads the width once. With 128 bits, four lanes, it runs the kernels for GPUs.
func TestLanes(t *testing.T) {
	info := vktest.Open(t).Info()
	if testing.Short() || !info.Lavapipe {
		t.Skip("not in -short, and on lavapipe only")
	}
	for _, bits := range []int{128, 256, 512} {
		if bits == 32*info.SubgroupSize {
			continue
		}
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			t.Parallel()
			c := exec.Command(os.Args[0], "-test.short", "-test.run=^TestOps$/^device$")
			c.Env = append(os.Environ(), fmt.Sprint("LP_NATIVE_VECTOR_WIDTH=", bits))
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
