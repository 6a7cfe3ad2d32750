package film

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// filmOf is a film of pictures that are there.
func filmOf(fps int, pictures ...*image.RGBA) Film {
	return Film{Frames: len(pictures), FPS: fps, Pictures: func(yield func(*image.RGBA, error) bool) {
		for _, p := range pictures {
			if !yield(p, nil) {
				return
			}
		}
	}}
}

func uniform(w, h int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

// written writes a film and returns the bytes of the file.
func written(t testing.TB, ending string, f Film) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film"+ending)
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apngPictures returns an APNG's pictures: each is decoded as a PNG of its own.
func apngPictures(t testing.TB, p []byte) []*image.RGBA {
	t.Helper()
	var all []*image.RGBA
	var head []byte
	for rest := p[8:]; len(rest) >= 12; {
		n := int(binary.BigEndian.Uint32(rest))
		kind, body := string(rest[4:8]), rest[8:8+n]
		rest = rest[12+n:]
		switch kind {
		case "IHDR":
			head = body
		case "fdAT":
			body = body[4:]
			fallthrough
		case "IDAT":
			var one bytes.Buffer
			c := &chunkWriter{w: &one}
			c.write([]byte("\x89PNG\r\n\x1a\n"))
			c.chunk("IHDR", head)
			c.chunk("IDAT", body)
			c.chunk("IEND", nil)
			img, err := png.Decode(&one)
			if err != nil {
				t.Fatal(err)
			}
			rgba := image.NewRGBA(img.Bounds())
			draw.Draw(rgba, rgba.Rect, img, image.Point{}, draw.Src)
			all = append(all, rgba)
		}
	}
	return all
}

// waves is a film of colour waves whose heights move on a circle, like a network's pictures.
func waves(side, frames int, gain float64) Film {
	const dims = 8
	rng := rand.New(rand.NewPCG(7, 1))
	n := side * side
	fields := make([][]float64, 2*dims)
	for k := range fields {
		fields[k] = make([]float64, 3*n)
		for c := range 3 {
			angle, phase, f := 7*rng.Float64(), 7*rng.Float64(), 0.5+1.5*rng.Float64()
			for i := range n {
				x, y := float64(i%side)/float64(side), float64(i/side)/float64(side)
				fields[k][3*i+c] = gain * rng.NormFloat64() * 0.02
				fields[k][3*i+c] += gain * math.Sin(2*math.Pi*f*(x*math.Cos(angle)+y*math.Sin(angle))+phase)
			}
		}
	}
	return Film{Frames: frames, FPS: 25, Scale: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
		for t := range frames {
			u := math.Pi / 2 * float64(t) / float64(max(frames-1, 1))
			img := uniform(side, side, color.RGBA{A: 255})
			for i := range n {
				for c := range 3 {
					v := 0.0
					for k := range dims {
						v += math.Cos(u)*fields[2*k][3*i+c] + math.Sin(u)*fields[2*k+1][3*i+c]
					}
					img.Pix[4*i+c] = uint8(255 / (1 + math.Exp(-v)))
				}
			}
			if !yield(img, nil) {
				return
			}
		}
	}}
}

// distance returns the mean absolute and the root-mean-square difference of two pictures' channels.
func distance(a, b *image.RGBA) (mean, rms float64) {
	n := 0.0
	for i := range a.Pix {
		if i%4 != 3 {
			d := float64(a.Pix[i]) - float64(b.Pix[i])
			mean, rms, n = mean+math.Abs(d), rms+d*d, n+1
		}
	}
	return mean / n, math.Sqrt(rms / n)
}

func make6() (out []*image.RGBA) {
	for i := range 6 {
		out = append(out, uniform(2, 2, color.RGBA{uint8(i), 0, 0, 255}))
	}
	return out
}

// TestSheetHoldsAllPictures writes sheets whose last row is not full.
func TestSheetHoldsAllPictures(t *testing.T) {
	var film []*image.RGBA
	for i := range 7 {
		film = append(film, uniform(100, 10, color.RGBA{uint8(30 * i), 7, 9, 255}))
	}
	f := filmOf(1, film...)
	f.Scale = 3
	img, err := png.Decode(bytes.NewReader(written(t, ".png", f)))
	if err != nil || img.Bounds().Size() != image.Pt(900, 90) {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	for i := range 9 {
		r, _, _, _ := img.At(i%3*300+299, i/3*30+29).RGBA()
		if want := uint32(30*i) * 0x101; i < 7 && r != want || i >= 7 && r != 0 {
			t.Errorf("picture %d has red %#x", i, r)
		}
	}
}

// TestFilmsAreStreamed writes films that would take 30 MB, and looks how much is kept on the way.
func TestFilmsAreStreamed(t *testing.T) {
	const side, frames = 160, 300
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		most, i := uint64(0), 0
		var began runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&began)
		f := Film{Frames: frames, FPS: 25, Scale: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
			for ; i < frames; i++ {
				if i%100 == 99 {
					kept := uint64(math.MaxUint64)
					for range 3 { // encoders go on between the collection and the look at what it left
						var m runtime.MemStats
						runtime.GC()
						runtime.ReadMemStats(&m)
						kept = min(kept, m.HeapAlloc)
					}
					most = max(most, kept)
				}
				if !yield(uniform(side, side, color.RGBA{uint8(i), 1, 2, 255}), nil) {
					return
				}
			}
		}}
		written(t, ending, f)
		if most > began.HeapAlloc+12<<20 {
			t.Errorf("%s: %d MB are kept", ending, (most-began.HeapAlloc)>>20)
		}
	}
}

// TestFilmThatFails leaves the file that was there, whatever the format.
func TestFilmThatFails(t *testing.T) {
	broken := errors.New("broken")
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		for _, after := range []int{0, 1, 5} {
			path := filepath.Join(t.TempDir(), "film"+ending)
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := Write(path, Film{Frames: 2000, FPS: 25, Scale: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
				for i := range 2000 {
					if i == after {
						yield(nil, broken)
						return
					}
					if !yield(uniform(700, 10, color.RGBA{uint8(i), 0, 0, 255}), nil) {
						return
					}
				}
			}})
			if p, _ := os.ReadFile(path); !errors.Is(err, broken) || string(p) != "old" {
				t.Errorf("%s, after %d: %v, and the file has %d bytes", ending, after, err, len(p))
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
				t.Errorf("%s: left behind: %v", ending, left)
			}
		}
	}
}

// TestFilmThatPanics: a panic comes to the caller, whichever goroutine it is in, and leaves the file that was there and no goroutine.
func TestFilmThatPanics(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.webp")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for name, change := range map[string]func(f *Film){
		"a picture": func(f *Film) {
			good := f.Pictures
			f.Pictures = func(yield func(*image.RGBA, error) bool) {
				good(func(img *image.RGBA, err error) bool { return yield(img, err) })
				panic("broken")
			}
		},
		"the first picture": func(f *Film) { f.Pictures = func(func(*image.RGBA, error) bool) { panic("broken") } },
		"a caption":         func(f *Film) { f.Captions = func(int) string { panic("broken") } },
	} {
		func() {
			defer func() {
				if c, ok := recover().(error); !ok || !strings.HasPrefix(c.Error(), "broken\n") {
					t.Errorf("%s that panics gives %v", name, c)
				}
			}()
			f := filmOf(9, make6()...)
			change(&f)
			t.Errorf("%s that panics is written, %v", name, Write(path, f))
		}()
	}
	if p, _ := os.ReadFile(path); string(p) != "old" {
		t.Errorf("the file has %d bytes", len(p))
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	for late := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(late); { // one that has told its panic ends soon
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left", n-before)
	}
}

// TestFullDisk: one line, whatever the format, and nothing is left.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED, the system has no /dev/full")
	}
	dir := t.TempDir()
	for ending, want := range map[string]string{
		".gif": "no space left", ".apng": "no space left", ".png": "no space left", ".webp": "it is a device or a pipe",
	} {
		path := filepath.Join(dir, "x"+ending)
		if err := os.Symlink("/dev/full", path); err != nil {
			t.Fatal(err)
		}
		for _, frames := range []int{1, 6} {
			err := Write(path, filmOf(9, make6()[:frames]...))
			if err == nil || !strings.HasPrefix(err.Error(), path+" cannot be written: "+want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s of %d: %v", ending, frames, err)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 4 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhatIsNoFilmIsRefused(t *testing.T) {
	dir := t.TempDir()
	good := make6()
	short := filmOf(20, good...)
	short.Frames = 9
	missing := filepath.Join(dir, "none", "x.gif")
	for _, c := range []struct {
		path string
		film Film
		want string
	}{
		{filepath.Join(dir, "w.jpg"), filmOf(20, good...), "w.jpg: the ending must be .gif, "},
		{filepath.Join(dir, "w.gif"), filmOf(20), "1 or more"},
		{filepath.Join(dir, "w.gif"), filmOf(0, good...), "1 or more"},
		{filepath.Join(dir, "w.gif"), Film{Frames: 1, FPS: 1, Scale: 2, Size: 9, Pictures: filmOf(1, good[0]).Pictures}, "give one of both"},
		{filepath.Join(dir, "w.gif"), Film{Frames: 1, FPS: 1, Numbers: []int{1, 2}, Pictures: filmOf(1, good[0]).Pictures}, "2 numbers for 1 pictures"},
		{filepath.Join(dir, "w.apng"), filmOf(70_000, good...), "70000 pictures a second are too many for .apng: give 65535 or fewer"},
		{filepath.Join(dir, "w.gif"), Film{Frames: 5, FPS: 20, Pictures: filmOf(1, good...).Pictures}, "a film of 5 pictures has more"},
		{filepath.Join(dir, "w.gif"), short, "a film of 9 pictures has 6"},
		{filepath.Join(dir, "w.png"), short, "a film of 9 pictures has 6"},
		{filepath.Join(dir, "w.gif"), filmOf(20, good[0], uniform(3, 2, color.RGBA{A: 255})), "picture 1 is (3,2) large"},
		{filepath.Join(dir, "w.gif"), Film{Frames: 1, FPS: 1, Scale: 40000, Pictures: filmOf(1, good[0]).Pictures}, "too large for the format"},
		{filepath.Join(dir, "w.png"), Film{Frames: 1 << 40, FPS: 1, Scale: 1, Pictures: filmOf(1, good...).Pictures}, "too large for the format"},
		{filepath.Join(dir, "w.png"), Film{Frames: 1 << 20, FPS: 1, Scale: 1000, Columns: 1 << 20, Pictures: filmOf(1, good...).Pictures}, "too large for the format"},
		{missing, filmOf(20, good...), missing + " cannot be written: no such file or directory"},
	} {
		if err := Write(c.path, c.film); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", filepath.Base(c.path), err, c.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestLockedThread: a goroutine that is locked to a thread, as that of windows, can write films.
func TestLockedThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	still := Still(image.NewRGBA(image.Rect(0, 0, 3, 2)), Trained)
	if err := Write(filepath.Join(t.TempDir(), "a.png"), still); err != nil {
		t.Error(err)
	}
	still = Still(image.NewRGBA(image.Rect(0, 0, 3, 2)), Trained)
	if err := WriteTo(io.Discard, ".gif", still); err != nil {
		t.Error(err)
	}
}
