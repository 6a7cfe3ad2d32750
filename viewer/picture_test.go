package viewer

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"genview/models/lettering"
	"genview/models/watch"

	"github.com/hajimehoshi/ebiten/v2"
)

var update = flag.Bool("update", false, "write the pictures that the tests want")

// stage is a window in which tests draw; Ebitengine wants the main goroutine, so the tests run in another.
type stage struct {
	jobs chan func()
	done chan int
	code int
}

func (s *stage) Layout(int, int) (int, int) { return 320, 240 }
func (s *stage) Draw(*ebiten.Image)         {}

func (s *stage) Update() error {
	select {
	case job := <-s.jobs:
		job()
	case s.code = <-s.done:
		return ebiten.Termination
	default:
	}
	return nil
}

var theStage *stage // nil without a display

func TestMain(m *testing.M) {
	flag.Parse()
	if CheckDisplay() != nil {
		os.Exit(m.Run())
	}
	theStage = &stage{jobs: make(chan func()), done: make(chan int, 1)}
	go func() { theStage.done <- m.Run() }()
	if err := ebiten.RunGame(theStage); err != nil && !errors.Is(err, ebiten.Termination) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(theStage.code)
}

// draw draws a window of that size and scale.
func draw(t *testing.T, st *State, scale float64) *image.RGBA {
	t.Helper()
	return drawn(t, st.events.Size, scale, st.Draw)
}

// drawn returns the picture of a canvas of that size and scale.
func drawn(t *testing.T, size Point, scale float64, do func(c *Canvas)) *image.RGBA {
	t.Helper()
	if theStage == nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have a display: xvfb-run go test")
		}
		t.Skip("SKIPPED, no display: xvfb-run go test")
	}
	img := image.NewRGBA(image.Rect(0, 0, int(size.X*scale), int(size.Y*scale)))
	ended := make(chan error)
	theStage.jobs <- func() {
		b, err := newBrush(lettering.Options{})
		if err == nil {
			dst := ebiten.NewImage(img.Rect.Dx(), img.Rect.Dy())
			do(b.canvas(dst, scale))
			dst.ReadPixels(img.Pix)
			dst.Deallocate()
		}
		ended <- err
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return img
}

// differ returns the share of pixels in which two pictures differ by more than what another rasteriser would do.
func differ(a, b *image.RGBA) (share float64, diff *image.RGBA) {
	diff = image.NewRGBA(a.Rect)
	n := 0
	for i := range a.Pix {
		if d := int(a.Pix[i]) - int(b.Pix[i]); d > 24 || d < -24 {
			n++
			diff.SetRGBA(i/4%a.Rect.Dx(), i/4/a.Rect.Dx(), color.RGBA{255, 0, 0, 255})
		}
	}
	return float64(n) / float64(len(a.Pix)), diff
}

func TestPictures(t *testing.T) {
	for _, w := range drawings {
		t.Run(w.name, func(t *testing.T) {
			d := w.open(t)
			first := draw(t, d.State, w.scale)
			compare(t, w.name, first)
			if share, _ := differ(first, draw(t, d.State, w.scale)); share > 0.0005 {
				t.Errorf("drawn twice: %v of the pixels differ", share)
			}
		})
	}
}

// compare compares got with the picture that is wanted, and leaves both and where they differ.
func compare(t *testing.T, name string, got *image.RGBA) {
	t.Helper()
	path := filepath.Join("testdata", name+".png")
	if *update {
		write(t, path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v: make it with: xvfb-run go test ./viewer -update", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	want := image.NewRGBA(img.Bounds())
	for i := range want.Pix {
		x, y := i/4%want.Rect.Dx(), i/4/want.Rect.Dx()
		want.Set(x, y, img.At(x, y))
	}
	if got.Rect != want.Rect {
		t.Fatalf("%s is %v, got %v", path, want.Rect, got.Rect)
	}
	if share, diff := differ(got, want); share > 0.004 {
		dir := t.ArtifactDir()
		write(t, filepath.Join(dir, "got.png"), got)
		write(t, filepath.Join(dir, "want.png"), want)
		write(t, filepath.Join(dir, "diff.png"), diff)
		t.Errorf("%.2f%% of %s differ, see %s; if it is meant so: xvfb-run go test ./viewer -update, and look at it", 100*share, path, dir)
	}
}

func write(t *testing.T, path string, img *image.RGBA) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkDraw(b *testing.B) {
	st := NewState(nil)
	st.Update(Events{Size: Point{1280, 800}}, snapshot(), func(watch.Request) bool { return true })
	benchmarkDraw(b, st, func() {})
}

// benchmarkDraw measures the drawing of a window of 1280 by 800 after each change.
func benchmarkDraw(b *testing.B, st *State, change func()) {
	if theStage == nil {
		b.Skip("SKIPPED, no display: xvfb-run go test")
	}
	done := make(chan error)
	theStage.jobs <- func() {
		brush, err := newBrush(lettering.Options{})
		if err == nil {
			dst, pixel := ebiten.NewImage(1280, 800), make([]byte, 4)
			for b.Loop() {
				change()
				st.Draw(brush.canvas(dst, 1))
				brush.sweep()
				dst.SubImage(image.Rect(0, 0, 1, 1)).(*ebiten.Image).ReadPixels(pixel) // waits until it is drawn
			}
		}
		done <- err
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// TestLinesHaveNoGaps: a line that goes up and down is whole, however many points it has. Ebitengine counts what overlaps in a stroke
// with few bits.
func TestLinesHaveNoGaps(t *testing.T) {
	const points, apart = 512, 6
	img := drawn(t, Point{points * apart, 100}, 1, func(c *Canvas) {
		line := make([]Point, points)
		for i := range line {
			line[i] = Point{float64(i * apart), 50 + float64(i%2*2-1)*float64(20+i%23)}
		}
		c.Line(line, 2, Color{{255, 255, 255, 255}, {255, 255, 255, 255}})
	})
	for i := range points - 1 {
		for _, y := range []int{35, 50, 65} {
			lit := false
			for x := i * apart; x <= (i+1)*apart; x++ {
				lit = lit || img.RGBAAt(x, y).R > 60
			}
			if !lit {
				t.Fatalf("between the points %d and %d nothing is drawn at a height of %d", i, i+1, y)
			}
		}
	}
}
