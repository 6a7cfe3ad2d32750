package viewer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
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
		if t := logTicks(a.low, a.high, n); len(t) >= 2 {
			return t
		}
	}
	step := niceStep((a.high - a.low) / float64(max(1, n)))
	var out []float64
	for i := math.Ceil(a.low/step - 1e-9); i*step <= a.high+1e-9*step; i++ {
		out = append(out, i*step)
	}
	return out
}

// niceStep returns the smallest of 1, 2, 5 times a power of ten that is at least v.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// logTicks returns about n round numbers from low to high for a logarithmic axis.
func logTicks(low, high float64, n int) []float64 {
	for _, ms := range [][]float64{{1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}} {
		var out []float64
		for p := math.Floor(math.Log10(low)); p <= math.Log10(high); p++ {
			for _, m := range ms {
				if v := m * math.Pow(10, p); v >= low*(1-1e-9) && v <= high*(1+1e-9) {
					out = append(out, v)
				}
			}
		}
		if len(out) <= n+1 || len(ms) == 1 {
			for k := 2; len(out) > n+1; k++ { // more decades than labels
				out = slices.DeleteFunc(out, func(v float64) bool { return int(math.Round(math.Log10(v)))%k != 0 })
			}
			return out
		}
	}
	return nil
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

// smooth returns the exponential moving average of values, corrected for its start. Values that are not finite do not count and stay as
// they are.
func smooth(values []float64, weight float64) []float64 {
	out := make([]float64, len(values))
	var sum, norm float64
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out[i] = v
			continue
		}
		sum = weight*sum + (1-weight)*v
		norm = weight*norm + (1 - weight)
		out[i] = sum / norm
	}
	return out
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
		return minus(strconv.FormatFloat(v, 'e', 2, 64))
	case a >= 1000:
		return formatCount(int(math.Round(v)))
	default:
		return minus(strconv.FormatFloat(v, 'f', min(4, 3-int(math.Floor(math.Log10(a)))), 64))
	}
}

// formatTick formats a tick's value as short as possible.
func formatTick(v float64) string {
	a := math.Abs(v)
	if a < 1e-12 {
		return "0"
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if a >= u.size*0.99999 {
			return minus(strconv.FormatFloat(math.Round(v/u.size*1e6)/1e6, 'g', -1, 64)) + u.name
		}
	}
	if a < 1e-3 {
		return minus(strconv.FormatFloat(v, 'e', 0, 64))
	}
	return minus(strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64))
}

// minus replaces the hyphen of a negative number by a minus sign, which is as wide as a digit.
func minus(s string) string { return strings.ReplaceAll(s, "-", "−") }

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
	return minus(s)
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
