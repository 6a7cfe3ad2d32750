package walk

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestNoiseThatIsNone: what makes no walk of noise is refused before it takes memory.
func TestNoiseThatIsNone(t *testing.T) {
	for want, o := range map[string]struct {
		Options
		bends float64
	}{
		"NaN bends":             {Options{}, math.NaN()},
		"0 bends":               {Options{}, 0},
		"take too much memory":  {Options{Columns: 100, Rows: 100}, MostBends},
		"a grid of 1000 × 1000": {Options{Columns: 1000, Rows: 1000}, 1},
		"2 and ends with 1":     {Options{Sweep: &Sweep{From: 2, To: 1}}, 1},
	} {
		if _, err := NewNoise(o.Options, 64, 1, o.bends, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v, want %q", o, err, want)
		}
	}
}

// TestLabels: what walks are called on their way.
func TestLabels(t *testing.T) {
	var stops []Stop
	for i := range uint64(8) {
		stops = append(stops, Stop{Z: Seed(i, 2), Name: fmt.Sprint(i)})
	}
	for _, c := range []struct {
		o     Options
		t     float64
		label string
		cells []string
	}{
		{Options{}, 0, "0", []string{"0"}},
		{Options{}, 0.5 / 7, "0 → 1", []string{"0 → 1"}},
		{Options{Closed: true}, 15.0 / 16, "7 → 0", []string{"7 → 0"}},
		{Options{Columns: 2, Rows: 2}, 0.5, "", []string{"0 → 4", "1 → 5", "2 → 6", "3 → 7"}},
		{Options{Columns: 3, Rows: 2, Corners: true}, 1, "", []string{"4", "", "5", "6", "", "7"}},
		{Options{Columns: 4, Kind: "circle"}, 0.25, "", []string{"0, 4", "1, 5", "2, 6", "3, 7"}},
	} {
		w, err := New(c.o, stops...)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Label(c.t); got != c.label {
			t.Errorf("%+v at %v is called %q, want %q", c.o, c.t, got, c.label)
		}
		if got := w.CellLabels(c.t); !slices.Equal(got, c.cells) {
			t.Errorf("the cells of %+v at %v are called %q, want %q", c.o, c.t, got, c.cells)
		}
	}
	noise, err := NewNoise(Options{Columns: 2}, 2, 5, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := noise.CellLabels(0.3); !slices.Equal(got, []string{"noise of seed:5", "noise of seed:6"}) {
		t.Errorf("walks of noise are called %q", got)
	}
}
