package ticks_test

import (
	"fmt"
	"math"
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

// FuzzTicks: any two numbers have few ticks, which lie between them in order.
func FuzzTicks(f *testing.F) {
	next := math.Nextafter(0.001, 1)
	for _, c := range [][2]float64{
		{0.001, next},
		{next, 0.001},
		{math.Nextafter(0.001, 0), next},
		{0.001, math.Nextafter(next, 1)},
		{0, 0},
		{-5, -5},
		{1e300, math.MaxFloat64},
		{-math.MaxFloat64, math.MaxFloat64},
		{5e-324, 1},
		{math.Inf(-1), 3},
		{3, math.Inf(1)},
		{math.NaN(), 3},
		{0, 5e-324},
		{-1, 0},
		{1e15, 1e15 + 1},
		{86400, 1e9},
	} {
		f.Add(c[0], c[1], uint8(5))
	}
	f.Fuzz(func(t *testing.T, low, high float64, count uint8) {
		n := int(count%40) + 1
		for name, of := range map[string]func(low, high float64, n int) []float64{"linear": ticks.Linear, "log": ticks.Log, "times": ticks.Times} {
			got := of(low, high, n)
			if len(got) > 5*n+20 {
				t.Fatalf("%s from %v to %v has %d ticks for %d", name, low, high, len(got), n)
			}
			room := 1e-6*(high-low) + 1e-6*math.Abs(low)
			for i, v := range got {
				if !(v >= low-room && v <= high+room) || i > 0 && !(v > got[i-1]) {
					t.Fatalf("%s from %v to %v has %v", name, low, high, got)
				}
			}
		}
	})
}
