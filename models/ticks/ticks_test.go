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

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 7, "0s 1s 2s 3s 4s 5s 6s 7s "},
		{3, 200, "30s 1m 1m30s 2m 2m30s 3m "},
		{0, 9000, "0s 30m 1h 1h30m 2h 2h30m "},
		{0, 5e5, "0s 24h 48h 72h 96h 120h "},
		{0.2, 0.9, ""},
	} {
		got := ""
		for _, v := range ticks.Times(c.low, c.high, 8) {
			got += ticks.Time(v) + " "
		}
		if got != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
	if n := len(ticks.Times(0, 1e12, 8)); n > 9 {
		t.Errorf("%d ticks", n)
	}
}
