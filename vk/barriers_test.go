package vk_test

import (
	"os"
	"strings"
	"testing"

	"genview/vk"
	"genview/vk/vktest"
)

// TestMissingBarriersAreFound: every device that tests open says where a barrier is missing, so that no test has to look for it.
func TestMissingBarriersAreFound(t *testing.T) {
	if os.Getenv("GENVIEW_NO_VALIDATION") != "" {
		t.Skip("SKIPPED: the validation layer is off")
	}
	var messages []string
	dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE"), Validation: true, OnMessage: func(s string) { messages = append(messages, s) }})
	if err != nil {
		t.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	defer dev.Close()
	x, y, z := vktest.Buffer(t, dev, make([]float32, 64)), vktest.Buffer(t, dev, make([]float32, 64)), vktest.Buffer(t, dev, make([]float32, 64))
	for _, missing := range []bool{false, true} {
		messages = nil
		rec := dev.NewRecorder()
		k := vktest.Kernel(t, dev, scale(false))
		rec.Dispatch(k, vk.Threads(16), x.View(), y.View())
		rec.Dispatch(k, vk.Threads(16), y.View(), z.View())
		if missing {
			rec.DropBarriers()
		}
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		vktest.Run(t, p)
		p.Close()
		if found := strings.Contains(strings.Join(messages, "\n"), "SYNC-HAZARD-READ-AFTER-WRITE"); found != missing {
			t.Errorf("barrier missing: %t, found: %t, messages %q", missing, found, messages)
		}
	}
}

// TestStrayStoresAreFound: the validation layer, where it is asked to as scripts/drivers asks it, says that a kernel writes past the end of a
// buffer, which lavapipe forgives. Debian 12's (1.3.239) does not mind how much of the buffer is bound.
func TestStrayStoresAreFound(t *testing.T) {
	if os.Getenv("GENVIEW_NO_VALIDATION") != "" {
		t.Skip("SKIPPED: the validation layer is off")
	}
	t.Setenv(vktest.Assisted, vktest.AssistedBy)
	var messages []string
	dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE"), Validation: true, OnMessage: func(s string) { messages = append(messages, s) }})
	if err != nil {
		t.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	defer dev.Close()
	for _, room := range []int{32, 4} { // numbers; a workgroup writes 32
		messages = nil
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Groups(1), group(t, dev).View(), vktest.Buffer(t, dev, make([]float32, room)).View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		vktest.Run(t, p)
		p.Close()
		if found := strings.Contains(strings.Join(messages, "\n"), "out of bounds"); found != (room < 32) {
			t.Errorf("32 numbers are written to a buffer of %d; found: %t, messages %q", room, found, messages)
		}
	}
}
