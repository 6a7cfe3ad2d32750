package viewer

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis axis
		n    int
		want []float64
	}{
		{axis{low: 0, high: 1240}, 6, []float64{0, 500, 1000}},
		{axis{low: 0, high: 1}, 5, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{axis{low: 70, high: 90}, 4, []float64{70, 75, 80, 85, 90}},
		{axis{low: 1, high: 1000, log: true}, 3, []float64{1, 10, 100, 1000}},
		{axis{low: 60, high: 600, log: true}, 4, []float64{100, 200, 300, 500}},
	} {
		got := c.axis.ticks(c.n)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			t.Errorf("%+v.ticks(%d): got %v, want %v", c.axis, c.n, got, c.want)
		}
	}
}

func TestValueAxisPassesOverWildValues(t *testing.T) {
	curve := []float64{1e9, math.NaN(), math.Inf(1)}
	for i := range 100 {
		curve = append(curve, 70+float64(i%20))
	}
	a := valueAxis([][]float64{curve}, false)
	if a.high > 100 || a.low > 70 {
		t.Errorf("got %v to %v, want about 70 to 90", a.low, a.high)
	}
	for _, log := range []bool{false, true} {
		for _, curves := range [][][]float64{nil, {{}}, {{math.NaN()}}, {{5}}, {{0, 0}}, {{-1, -2}}} {
			a := valueAxis(curves, log)
			if !(a.high > a.low) || log && !(a.low > 0) {
				t.Errorf("valueAxis(%v, %v): got %v to %v", curves, log, a.low, a.high)
			}
			if n := len(a.ticks(5)); n > 40 {
				t.Errorf("valueAxis(%v, %v): %d ticks", curves, log, n)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 98.4: "98.40", 547.61: "547.6", 12345: "12,345", 0.00012: "1.20e−04", -1.5: "−1.500", 3e7: "3.00e+07",
	} {
		if got := formatValue(v); got != want {
			t.Errorf("formatValue(%v): got %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{7 * time.Second: "0:07", 754 * time.Second: "12:34", 3723 * time.Second: "1:02:03"} {
		if got := formatTime(d); got != want {
			t.Errorf("formatTime(%v): got %q, want %q", d, got, want)
		}
	}
}
