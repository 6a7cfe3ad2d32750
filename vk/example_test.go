package vk_test

import (
	"fmt"
	"log"

	"genview/vk"
)

// Devices lists the Vulkan devices.
func ExampleDevices() {
	devices, err := vk.Devices()
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range devices {
		fmt.Printf("%s: %s, %s of memory\n", d.Name, d.Class, vk.Bytes(d.HeapBytes))
	}
}
