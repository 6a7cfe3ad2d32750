package walk

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"genview/models/film"
)

func points(values ...float32) []Stop {
	var out []Stop
	for _, v := range values {
		out = append(out, Stop{Z: []float32{v}})
	}
	return out
}

// TestWalkThroughStops: where frames are, for kinds of walks along a line.
func TestWalkThroughStops(t *testing.T) {
	for _, c := range []struct {
		o     Options
		stops []Stop
		want  []float32
	}{
		{Options{Frames: 5, Kind: "lerp"}, points(0, 1, 3), []float32{0, 0.5, 1, 2, 3}},
		{Options{Frames: 4, Kind: "lerp", Closed: true}, points(0, 2), []float32{0, 1, 2, 1}},
		{Options{Frames: 3, Kind: "lerp"}, points(7), []float32{7, 7, 7}},
		{Options{Frames: 1, Kind: "lerp"}, points(7, 9), []float32{7}},
		{Options{Frames: 3, Kind: "lerp", Ease: "in"}, points(0, 1), []float32{0, 0.25, 1}},
		{Options{Frames: 3, Kind: "lerp", Ease: "out"}, points(0, 1), []float32{0, 0.75, 1}},
		{Options{Frames: 5, Kind: "lerp", Ease: "in-out"}, points(0, 1), []float32{0, 0.15625, 0.5, 0.84375, 1}},
		{Options{Frames: 3, Kind: "lerp", Sweep: &Sweep{From: 0, To: 1}}, points(4, 4), []float32{0, 2, 4}},
		{Options{Frames: 5, Kind: "lerp", Sweep: &Sweep{From: 0, To: 1, Pulses: 1}}, points(4, 4), []float32{0, 2, 4, 2, 0}},
		{Options{Frames: 3, Kind: "lerp", Columns: 2}, points(0, 10, 4, 20), []float32{0, 10, 2, 15, 4, 20}},
	} {
		w, err := New(c.o, c.stops...)
		if err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		var got []float32
		for i := range w.Frames {
			got = append(got, slices.Concat(w.At(w.Time(i))...)...)
		}
		for i := range got {
			if len(got) != len(c.want) || math.Abs(float64(got[i]-c.want[i])) > 1e-6 {
				t.Errorf("%+v: got %v, want %v", c.o, got, c.want)
				break
			}
		}
	}
}

// TestWalksAreSmooth: every kind of walk passes through its stops, loops close, and cubic ones and those of noise bend without a corner.
func TestWalksAreSmooth(t *testing.T) {
	const z, h = 16, 1e-4
	var stops [][]float32
	for i := range 5 {
		stops = append(stops, Seed(uint64(i+1), z))
	}
	far := func(a, b []float32) float64 { return norm(combine(1, a, -1, b)) }
	for name, kind := range Kinds {
		for _, closed := range []bool{false, true} {
			p := kind(stops, closed, Eases["linear"])
			if name != "circle" {
				n := len(stops) - 1
				if closed {
					n++
				}
				for i, s := range stops {
					if d := far(p(float64(i)/float64(n)), s); d > 1e-5 {
						t.Errorf("%s, closed %v: %v off stop %d", name, closed, d, i)
					}
				}
			}
			if d := far(p(0), p(1)); (closed || name == "circle") && d > 1e-5 {
				t.Errorf("%s: the loop is open by %v", name, d)
			}
			for i := range 100 { // no jump
				if d := far(p(float64(i)/100), p(float64(i)/100+h)); d > 200*h {
					t.Errorf("%s, closed %v: it jumps by %v at %v", name, closed, d, float64(i)/100)
				}
			}
		}
	}
	corner := func(p Path, at float64) float64 {
		before, after := combine(1/h, p(at), -1/h, p(at-h)), combine(1/h, p(at+h), -1/h, p(at))
		return far(before, after) / norm(after)
	}
	if c := corner(Kinds["cubic"](stops, false, Eases["linear"]), 0.5); c > 0.1 {
		t.Errorf("a cubic walk has a corner of %v", c)
	}
	if c := corner(Kinds["slerp"](stops, false, Eases["linear"]), 0.5); c < 0.3 {
		t.Errorf("a walk along great circles has a corner of %v: the test finds none", c)
	}
	circle := Kinds["circle"](stops, false, Eases["linear"])
	if d := far(circle(0), stops[0]); d > 1e-5 {
		t.Errorf("a circle begins %v off its first stop", d)
	}
}

// TestWalksDoNotJump: in few dimensions, where random points are often near to opposite ones, walks go on in small steps, and so does a plane
// between corners that walk.
func TestWalksDoNotJump(t *testing.T) {
	const n = 2000
	for seed := range uint64(24) {
		z := []int{1, 2, 3, 8}[seed%4]
		var stops []Stop
		for i := range uint64(20) {
			stops = append(stops, Stop{Z: Seed(20*seed+i, z)})
		}
		stops[3].Z = make([]float32, z) // the mean
		for kind := range Kinds {
			for _, o := range []Options{{Closed: true}, {Closed: true, Columns: 3, Rows: 3, Corners: true}} {
				o.Kind, o.Frames = kind, n
				some := stops
				if kind == "circle" {
					some = stops[:2*o.withDefaults().walks()]
				}
				w, err := New(o, some...)
				if err != nil {
					t.Fatal(err)
				}
				// The walks of the grid take 20 legs in 2000 frames; a jump is as long as a leg.
				before := slices.Concat(w.At(0)...)
				for i := 1; i <= n; i++ {
					at := slices.Concat(w.At(float64(i) / n)...)
					if d := norm(combine(1, at, -1, before)); d > 0.25 {
						t.Fatalf("seed %d, %s in %d dimensions, corners %v: it jumps by %v at %v", seed, kind, z, o.Corners, d, float64(i)/n)
					}
					before = at
				}
			}
		}
	}
}

// TestNoiseIsNormal: points of walks of noise are distributed as the model's latent vectors, and the walk closes.
func TestNoiseIsNormal(t *testing.T) {
	sum, squares, n := 0.0, 0.0, 0.0
	for seed := range uint64(40) {
		p := Noise(seed, 50, 3)
		for i := range 10 {
			for _, v := range p(float64(i) / 10) {
				sum, squares, n = sum+float64(v), squares+float64(v)*float64(v), n+1
			}
		}
		if d := norm(combine(1, p(0), -1, p(1))); d > 1e-4 {
			t.Errorf("the loop is open by %v", d)
		}
	}
	if mean, variance := sum/n, squares/n; math.Abs(mean) > 0.05 || math.Abs(variance-1) > 0.05 {
		t.Errorf("mean %v and variance %v", mean, variance)
	}
}

func TestSlerpKeepsLengthAndAngle(t *testing.T) {
	a, b := []float32{2, 0, 0}, []float32{0, 2, 0}
	for _, x := range []float64{0, 0.25, 0.5, 1} {
		got := Slerp(a, b, x)
		angle := math.Atan2(float64(got[1]), float64(got[0]))
		if math.Abs(angle-x*math.Pi/2) > 1e-6 || math.Abs(norm(got)-2) > 1e-6 {
			t.Errorf("at %v: got %v, of length %v at %v", x, got, norm(got), angle)
		}
	}
	for _, c := range []struct {
		name string
		a, b []float32
		want float64 // length in the middle
	}{
		{"equal", []float32{1, 2, 2}, []float32{1, 2, 2}, 3},
		{"opposite", []float32{1, 2, 2}, []float32{-1, -2, -2}, 3},
		{"nearly opposite", []float32{1, 2, 2}, []float32{-1, -2, -2.00001}, 3},
		{"of different lengths", []float32{1, 0}, []float32{-3, 0}, 2},
		{"from zero", []float32{0, 0}, []float32{0, 2}, 1},
		{"between zeros", []float32{0, 0}, []float32{0, 0}, 0},
		{"of one dimension", []float32{1}, []float32{-1}, 0},
	} {
		if got := Slerp(c.a, c.b, 0.5); math.Abs(norm(got)-c.want) > 1e-4 {
			t.Errorf("%s: the middle is %v of length %v, want %v", c.name, got, norm(got), c.want)
		}
		for x, end := range [][]float32{c.a, c.b} {
			if d := norm(combine(1, Slerp(c.a, c.b, float64(x)), -1, end)); d > 1e-3 {
				t.Errorf("%s: %v off the end at %d", c.name, d, x)
			}
		}
	}
}

// TestWalkThatIsNone: what makes no walk is refused.
func TestWalkThatIsNone(t *testing.T) {
	for want, o := range map[string]Options{
		"-1 frames make no walk":          {Frames: -1},
		`no walks of the kind "straight"`: {Kind: "straight"},
		`no ease "slow"`:                  {Ease: "slow"},
		"a grid of -1 × 1":                {Columns: -1},
		"a grid of 1000 × 1000":           {Columns: 1000, Rows: 1000},
		"3 stops cannot be shared out":    {Columns: 2},
		"among 4 walks":                   {Columns: 9, Rows: 9, Corners: true},
		"truncation by NaN":               {Sweep: &Sweep{From: math.NaN()}},
		"-1 pulses":                       {Sweep: &Sweep{Pulses: -1}},
		"of 1 and ends with 0.3 jumps":    {Closed: true, Sweep: &Sweep{From: 1, To: 0.3}},
		"of 0.3 and ends with 1 jumps":    {Kind: "circle", Sweep: &Sweep{From: 0.3, To: 1}},
		"through two stops, and not":      {Kind: "circle"},
	} {
		if _, err := New(o, points(1, 2, 3)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v, want %q", o, err, want)
		}
	}
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "needs stops") {
		t.Errorf("no stops give %v", err)
	}
	steps := []Stop{{Z: []float32{0}, Step: 1}, {Z: []float32{0}, Step: 2}, {Z: []float32{0}, Step: 9}, {Z: []float32{0}, Step: 8}}
	if _, err := New(Options{Columns: 2}, steps...); err == nil || !strings.Contains(err.Error(), "one step of training") {
		t.Errorf("walks at different steps give %v", err)
	}
}

// greys draws a point as a grey picture, and counts what it is asked for.
type greys struct {
	drawn, calls int
	weights      int
	fail         error
}

func (g *greys) Z() int { return 1 }

func (g *greys) Draw(_ context.Context, z []float32) ([]*image.RGBA, error) {
	g.calls++
	var out []*image.RGBA
	for _, v := range z {
		img := image.NewRGBA(image.Rect(0, 0, 2, 2))
		for i := range 4 {
			img.SetRGBA(i%2, i/2, color.RGBA{uint8(v), uint8(g.weights), 0, 255})
		}
		out = append(out, img)
	}
	g.drawn += len(out)
	return out, g.fail
}

// filmed returns the reds and greens of a film's pictures.
func filmed(t *testing.T, f film.Film) (reds, greens []uint8) {
	t.Helper()
	for img, err := range f.Pictures {
		if err != nil {
			t.Fatal(err)
		}
		c := img.RGBAAt(img.Rect.Dx()/2, img.Rect.Dy()/2)
		reds, greens = append(reds, c.R), append(greens, c.G)
	}
	return reds, greens
}

// TestFilmOfAWalk: a film has the walk's pictures, drawn many at a time; a part of it has the same pictures as the whole.
func TestFilmOfAWalk(t *testing.T) {
	w, err := New(Options{Frames: 200, Kind: "lerp"}, points(0, 199)...)
	if err != nil {
		t.Fatal(err)
	}
	g := &greys{}
	visited := 0
	f, err := w.Film(t.Context(), g, film.Film{}, Shot{Visit: func([][]float32) { visited++ }})
	if err != nil || f.Frames != 200 {
		t.Fatal(f.Frames, err)
	}
	all, _ := filmed(t, f)
	if len(all) != 200 || all[199] != 199 || visited != 200 || g.calls != 4 {
		t.Errorf("%d pictures, the last one %d, %d points and %d calls", len(all), all[len(all)-1], visited, g.calls)
	}
	f, err = w.Film(t.Context(), g, film.Film{}, Shot{Frames: []int{50, 51, 199}})
	if err != nil {
		t.Fatal(err)
	}
	if part, _ := filmed(t, f); !slices.Equal(part, []uint8{50, 51, 199}) || !slices.Equal(f.Numbers, []int{50, 51, 199}) {
		t.Errorf("frames 50, 51 and 199 are %v", part)
	}
	for _, s := range []Shot{{Frames: []int{-1}}, {Frames: []int{5, 200}}} {
		if _, err := w.Film(t.Context(), g, film.Film{}, s); err == nil || !strings.Contains(err.Error(), "frames 0 to 199") {
			t.Errorf("%+v gives %v", s, err)
		}
	}
	f, err = w.Film(t.Context(), &greys{fail: errors.New("lost")}, film.Film{}, Shot{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range f.Pictures {
		if err == nil || err.Error() != "lost" {
			t.Errorf("a device that is lost gives %v", err)
		}
	}
}

// TestFilmThroughTraining: each frame is drawn with the newest weights up to its step, and weights are loaded once each.
func TestFilmThroughTraining(t *testing.T) {
	w, err := New(Options{Frames: 11, Kind: "lerp"}, Stop{Z: []float32{0}, Step: 0, Name: "a"}, Stop{Z: []float32{10}, Step: 100, Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if !w.Trains() {
		t.Error("the walk says that it does not lead through training")
	}
	if got := w.Label(0.25); got != "a → b, step 25" {
		t.Errorf("a quarter of the way is %q", got)
	}
	if got := w.Label(1); got != "b, step 100" {
		t.Errorf("the end is %q", got)
	}
	g := &greys{}
	var loaded []int
	f, err := w.Film(t.Context(), g, film.Film{}, Shot{Keys: []int{10, 35, 100}, Rewind: func(step int) error {
		g.weights = step
		loaded = append(loaded, step)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	reds, greens := filmed(t, f)
	if got, want := fmt.Sprint(reds, greens, loaded), "[0 1 2 3 4 5 6 7 8 9 10] [10 10 10 10 35 35 35 35 35 35 100] [10 35 100]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestGrid: a grid's corners lie where their stops are, and the others between them.
func TestGrid(t *testing.T) {
	w, err := New(Options{Frames: 1, Columns: 3, Rows: 3, Corners: true}, points(10, 30, 50, 70)...)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(w.At(0)), "[[10] [20] [30] [30] [40] [50] [50] [60] [70]]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for between, ground := range map[uint8]color.Color{24: nil, 255: color.White} {
		f, err := w.Film(t.Context(), &greys{}, film.Film{Background: ground}, Shot{})
		if err != nil || f.Cells != image.Pt(3, 3) || f.Pad != 1 {
			t.Fatal(f.Cells, f.Pad, err)
		}
		for img, err := range f.Pictures {
			if err != nil || img.Rect.Size() != image.Pt(10, 10) || img.RGBAAt(8, 8).R != 70 || img.RGBAAt(1, 1).R != 10 || img.RGBAAt(3, 3).G != between {
				t.Errorf("a grid of %v with %v in its last corner and %v between, %v", img.Rect, img.RGBAAt(8, 8), img.RGBAAt(3, 3), err)
			}
		}
	}
}
