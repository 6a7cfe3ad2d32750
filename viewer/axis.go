package viewer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"genview/models/ticks"
)

// An axis maps values to the range 0 to 1.
type axis struct {
	low, high float64
	log       bool
}

// at returns the position of v, or NaN if it has none.
func (a axis) at(v float64) float64 {
	if !a.log {
		return (v - a.low) / (a.high - a.low)
	}
	if !(v > 0) {
		return math.NaN()
	}
	return math.Log(v/a.low) / math.Log(a.high/a.low)
}

// ticks returns about n round values on the axis, fewer if they would be too close.
func (a axis) ticks(n int) []float64 {
	if a.log {
		return ticks.Log(a.low, a.high, n)
	}
	return ticks.Linear(a.low, a.high, n)
}

// valueAxis returns an axis that fits the curves. It leaves out a few extreme values, such as those of a run's first steps.
func valueAxis(curves [][]float64, log bool) axis {
	var all []float64
	for _, c := range curves {
		for _, v := range c {
			if !math.IsNaN(v) && !math.IsInf(v, 0) && (!log || v > 0) {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		return axis{low: 0.1, high: 1, log: log}
	}
	slices.Sort(all)
	low, high := all[len(all)/400], all[len(all)-1-len(all)/32]
	if log {
		k := math.Pow(max(high/low, 1.5), 0.06)
		return axis{low: low / k, high: high * k, log: true}
	}
	d := high - low
	if d <= 1e-12*math.Abs(high) {
		d = max(math.Abs(high), 1e-3)
	}
	bottom := low - 0.06*d
	if low >= 0 && bottom < 0.12*d { // zero is close: start there
		bottom = 0
	}
	return axis{low: bottom, high: high + 0.06*d}
}

// formatValue formats v with about four significant digits.
func formatValue(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return "∞"
	case a == 0:
		return "0"
	case a >= 1e6 || a < 1e-3:
		return ticks.Minus(strconv.FormatFloat(v, 'e', 2, 64))
	case a >= 1000:
		return formatCount(int(math.Round(v)))
	default:
		return ticks.Minus(strconv.FormatFloat(v, 'f', min(4, 3-int(math.Floor(math.Log10(a)))), 64))
	}
}

// formatCount formats n with thousands separators.
func formatCount(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return ticks.Minus(s)
}

// formatTime formats d as 0:07, 12:34 or 1:02:03.
func formatTime(d time.Duration) string {
	t := int(d.Round(time.Second) / time.Second)
	if t < 3600 {
		return fmt.Sprintf("%d:%02d", t/60, t%60)
	}
	if t < 100*3600 {
		return fmt.Sprintf("%d:%02d:%02d", t/3600, t/60%60, t%60)
	}
	return fmt.Sprintf("%d d %d h", t/86400, t/3600%24)
}
