package ticks_test

import (
	"fmt"
	"testing"

	"genview/models/ticks"
)

func Example() {
	for _, v := range ticks.Linear(0, 12400, 5) {
		fmt.Print(ticks.Format(v), " ")
	}
	for _, v := range ticks.Log(0.02, 0.9, 3) {
		fmt.Print(ticks.Format(v), " ")
	}
	// Output: 0 5k 10k 0.03 0.1 0.3
}

func TestFormat(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 800: "800", 1500: "1.5k", 2e6: "2M", -0.25: "−0.25", 2e-5: "2e−05"} {
		if got := ticks.Format(v); got != want {
			t.Errorf("Format(%v): got %q, want %q", v, got, want)
		}
	}
}
