// Package ticks chooses the round values that stand at the axes of curves, and writes them.
package ticks

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// alike is the share of the larger of two values by which they differ at most to be one value that was rounded differently.
const alike = 1e-12

// Same tells whether an axis from low to high has no length, but for rounding.
func Same(low, high float64) bool {
	return !(high-low > alike*max(math.Abs(low), math.Abs(high)))
}

// drawable tells whether there is an axis from low to high. A short one has no ticks between its ends that numbers can tell apart.
func drawable(low, high float64) bool { return !math.IsInf(high-low, 0) && !Same(low, high) }

// multiples returns those of step from low to high, most at most.
func multiples(step, low, high float64, most int) (out []float64) {
	for first := math.Ceil(low/step - 1e-9); len(out) < most; {
		v := (first + float64(len(out))) * step
		if !(v-high <= 1e-9*step) {
			break
		}
		out = append(out, v)
	}
	return out
}

// Linear returns about n round values from low to high, fewer if they would be too close. Ends that are one value give that value.
func Linear(low, high float64, n int) []float64 {
	n = max(1, n)
	switch {
	case drawable(low, high):
		return multiples(niceStep((high-low)/float64(n)), low, high, 3*n+3)
	case math.Abs(high-low) <= alike*math.Abs(high):
		return []float64{low}
	}
	return nil
}

// Log returns about n round values from low to high, both above 0, for a logarithmic axis.
func Log(low, high float64, n int) []float64 {
	if !(low > 0) || math.IsInf(high, 0) || !(high >= low) {
		return nil
	}
	if t := logTicks(low, high, n); len(t) >= 2 {
		return t
	}
	return slices.DeleteFunc(Linear(low, high, n), func(v float64) bool { return !(v > 0) }) // where rounding gives 0
}

// Times returns at most about n round times in seconds from low to high.
func Times(low, high float64, n int) []float64 {
	if !drawable(low, high) {
		return nil
	}
	n = max(1, n)
	every := 1.0
	for _, d := range []float64{2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400} {
		if every*float64(n) < high-low {
			every = d
		}
	}
	for every*float64(n) < high-low {
		every *= 2
	}
	return multiples(every, low, high, n+2)
}

// Time writes a time in seconds, as 90 is 1m30s.
func Time(seconds float64) string {
	label := (time.Duration(seconds) * time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} { // 1h30m0s is 1h30m, and 1h0m0s is 1h
		if strings.HasSuffix(label, zero) {
			label = label[:len(label)-2]
		}
	}
	return label
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
				if v := m * math.Pow(10, p); v >= low*(1-1e-9) && v-high <= high*1e-9 {
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

// Format writes a value as short as possible.
func Format(v float64) string {
	a := math.Abs(v)
	if a < 1e-12 {
		return "0"
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if a >= u.size*0.99999 {
			return Minus(strconv.FormatFloat(math.Round(v/u.size*1e6)/1e6, 'g', -1, 64)) + u.name
		}
	}
	if a < 1e-3 {
		return Minus(strconv.FormatFloat(v, 'e', 0, 64))
	}
	return Minus(strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64))
}

// Minus replaces the hyphen of a negative number by a minus sign, which is as wide as a digit.
func Minus(s string) string { return strings.ReplaceAll(s, "-", "−") }
