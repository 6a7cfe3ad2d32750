package film

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// gifPictures returns a GIF's pictures as a viewer shows them, and how long each is shown in hundredths of a second.
func gifPictures(t testing.TB, p []byte) ([]*image.RGBA, []int) {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	var all []*image.RGBA
	canvas := image.NewRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	for i, f := range g.Image {
		if g.Disposal[i] != gif.DisposalNone {
			t.Fatalf("frame %d is disposed of by method %d", i, g.Disposal[i])
		}
		draw.Draw(canvas, f.Rect, f, f.Rect.Min, draw.Over)
		shown := image.NewRGBA(canvas.Rect)
		copy(shown.Pix, canvas.Pix)
		all = append(all, shown)
	}
	return all, g.Delay
}

// TestGIFHasAFilmsColours compares GIFs of colour walks with the APNGs of the same: neither may they differ much, nor may what moves
// slowly flicker.
func TestGIFHasAFilmsColours(t *testing.T) {
	for _, c := range []struct {
		name         string
		side, frames int
		gain         float64
	}{{"a photograph's colours", 48, 40, 0.2}, {"slow", 32, 200, 0.2}, {"all colours", 28, 30, 0.6}} {
		film := waves(c.side, c.frames, c.gain)
		got, _ := gifPictures(t, written(t, ".gif", film))
		want := apngPictures(t, written(t, ".apng", film))
		if len(got) != c.frames || len(want) != c.frames {
			t.Fatalf("%s: %d and %d frames of %d", c.name, len(got), len(want), c.frames)
		}
		squares, change, truth := 0.0, 0.0, 0.0
		for i := range want {
			_, rms := distance(got[i], want[i])
			squares += rms * rms
			if i > 0 {
				m, _ := distance(got[i], got[i-1])
				change += m
				m, _ = distance(want[i], want[i-1])
				truth += m
			}
		}
		rms, ratio := math.Sqrt(squares/float64(len(want))), change/truth
		t.Logf("%s: root-mean-square error %.2f, mean change × %.2f", c.name, rms, ratio)
		if !(rms < 4) || !(ratio > 1/1.5 && ratio < 1.5) {
			t.Errorf("%s: the root-mean-square error is %.2f, want below 4; the mean change between frames is × %.2f, want within 1.5", c.name, rms, ratio)
		}
	}
}

// TestGIFIsExactWithFewColours has pictures of up to 256 colours and of greys, which lose nothing, magnified ones too.
func TestGIFIsExactWithFewColours(t *testing.T) {
	var film []*image.RGBA
	for k := range 4 {
		img := uniform(20, 16, color.RGBA{A: 255})
		for i := range 320 {
			c := color.RGBA{uint8(i), uint8(3 * i), uint8(40 * k), 255}
			if k%2 == 1 {
				c = color.RGBA{uint8(i), uint8(i), uint8(i), 255}
			}
			img.SetRGBA(i%20, i/20, c)
		}
		film = append(film, img)
	}
	for _, scale := range []int{1, 3} {
		f := filmOf(10, film...)
		f.Scale = scale
		got, _ := gifPictures(t, written(t, ".gif", f))
		for i, img := range film {
			if want := magnify(img, scale); !bytes.Equal(got[i].Pix, want.Pix) {
				t.Errorf("frame %d × %d differs", i, scale)
			}
		}
	}
}

// TestWhatRestsIsNotSetAgain: in a film at rest only the first frame has colours.
func TestWhatRestsIsNotSetAgain(t *testing.T) {
	for img := range waves(48, 1, 0.5).Pictures {
		got, _ := gifPictures(t, written(t, ".gif", filmOf(25, img, img, img, img)))
		for i := 2; i < len(got); i++ {
			if m, _ := distance(got[i], got[i-1]); m > 0.05 {
				t.Errorf("frame %d changes by %.3f", i, m)
			}
		}
	}
}

// TestGIFTimes: at every rate a film lasts as long as it should, within a hundredth of a second, or Slowed says that it does not.
func TestGIFTimes(t *testing.T) {
	for fps := 1; fps <= 100; fps++ {
		for _, frames := range []int{1, 2, 7, 120, 999} {
			total, least := 0, math.MaxInt
			for i := range frames {
				d := gifDelay(i, fps)
				total, least = total+d, min(least, d)
			}
			said := Slowed("x.gif", Film{Frames: frames, FPS: fps})
			if late := math.Abs(float64(total)/100 - float64(frames)/float64(fps)); (late > 0.01) && said == "" || least < 2 {
				t.Errorf("%d frames at %d a second take %d hundredths, none fewer than %d; said is %q", frames, fps, total, least, said)
			}
			if (said != "") != (fps > 50) {
				t.Errorf("%d frames a second: said is %q", fps, said)
			}
		}
	}
	_, delays := gifPictures(t, written(t, ".gif", filmOf(15, make6()...)))
	if got := fmt.Sprint(delays); got != "[7 6 7 7 6 7]" {
		t.Errorf("at 15 frames a second the times are %s", got)
	}
	if said := Slowed("x.gif", Film{Frames: 100, FPS: 100}); !strings.Contains(said, "2.00 s") || !strings.Contains(said, "1.00 s") {
		t.Errorf("said %q", said)
	}
	if said := Slowed("x.apng", Film{Frames: 100, FPS: 100}); said != "" {
		t.Errorf("of an APNG %q is said", said)
	}
}

// TestGIFIsAsFastAsAPNG: on one core several times as fast, so that a busy machine does not turn it around.
func TestGIFIsAsFastAsAPNG(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var film []*image.RGBA
	for img := range waves(56, 30, 0.4).Pictures {
		film = append(film, img)
	}
	f := filmOf(25, film...)
	f.Scale = 3
	best := map[string]time.Duration{}
	for range 3 {
		for _, ending := range []string{".gif", ".apng"} {
			began := time.Now()
			written(t, ending, f)
			if took := time.Since(began); best[ending] == 0 || took < best[ending] {
				best[ending] = took
			}
		}
	}
	t.Log(best)
	if best[".gif"] > best[".apng"] {
		t.Errorf("a GIF takes %v, an APNG %v", best[".gif"], best[".apng"])
	}
}

func FuzzQuantize(f *testing.F) {
	f.Add([]byte("some colours, more or less"), 4)
	f.Fuzz(func(t *testing.T, p []byte, most int) {
		var colours []rgb
		for ; len(p) >= 3; p = p[3:] {
			colours = append(colours, rgb(p[:3]))
		}
		most = min(max(most, 1), 256)
		palette, number := quantize(colours, most)
		if len(palette) > most || len(number) != len(colours) {
			t.Fatalf("%d colours and %d numbers for %d of at most %d", len(palette), len(number), len(colours), most)
		}
		distinct := map[rgb]bool{}
		for _, c := range colours {
			distinct[c] = true
		}
		for i, k := range number {
			if len(distinct) <= most && palette[k] != colours[i] {
				t.Fatalf("%d colours of %d are not exact: %v became %v", len(distinct), most, colours[i], palette[k])
			}
		}
	})
}
