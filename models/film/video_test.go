package film

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// fakes is the variable that makes this test's program a false ffmpeg. Its value says what the program does.
const fakes = "GENVIEW_FAKE_FFMPEG"

func TestMain(m *testing.M) {
	if how := os.Getenv(fakes); how != "" {
		fake(how)
	}
	os.Exit(m.Run())
}

// fake writes its arguments, its process and what it reads into the file that it is to write, or dies or is slow.
func fake(how string) {
	path := strings.TrimPrefix(os.Args[len(os.Args)-1], "file:")
	var head [64]byte
	_, _ = io.ReadFull(os.Stdin, head[:]) // may be less
	if how == "dies" {
		fmt.Fprintf(os.Stderr, "[mp4] warning\n%s: No space left on device\n\n", path)
		os.Exit(1)
	}
	if how == "is killed" {
		_ = (&os.Process{Pid: os.Getpid()}).Kill()
		select {}
	}
	body := head[:]
	if how == "copies" {
		rest, _ := io.ReadAll(os.Stdin) // may be none
		body = append(body, rest...)
	}
	text := fmt.Appendf(nil, "%d\n%s\n%s", os.Getpid(), strings.ReplaceAll(strings.Join(os.Args[1:], " "), "\n", "|"), body)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		panic(err)
	}
	if how == "waits" {
		if err := os.WriteFile(os.Getenv("GENVIEW_FAKE_PID"), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(0)
}

// withFake puts the false ffmpeg in the place of the true one.
func withFake(t *testing.T, how string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED, a link is no program there")
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "ffmpeg")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv(fakes, how)
}

// TestVideoIsFedToFFmpeg: the program gets every pixel in order, padded to an even size by the last row and column, and the notes.
func TestVideoIsFedToFFmpeg(t *testing.T) {
	withFake(t, "copies")
	for _, size := range []image.Point{{4, 6}, {5, 3}, {1, 1}, {6, 3}, {7, 4}} {
		var pictures []*image.RGBA
		for k := range 3 {
			img := uniform(size.X, size.Y, color.RGBA{A: 255})
			for i := range size.X * size.Y {
				img.Pix[4*i], img.Pix[4*i+1] = uint8(i), uint8(k)
			}
			pictures = append(pictures, img)
		}
		f := filmOf(30, pictures...)
		f.About = []Note{{"Run", "letters"}, {"Step", "7"}}
		f.Source = Trained
		for ending, codec := range map[string]string{".mp4": "libx264", ".webm": "libvpx-vp9"} {
			parts := bytes.SplitN(written(t, ending, f), []byte("\n"), 3)
			even := image.Pt((size.X+1)/2*2, (size.Y+1)/2*2)
			args := string(parts[1])
			for _, want := range []string{fmt.Sprintf("-video_size %dx%d -framerate 30", even.X, even.Y), codec, "yuv420p", "comment=Run: letters|Step: 7|DigitalSourceType: " + sourceTypes + "trainedAlgorithmicMedia", "+bitexact"} {
				if !strings.Contains(args, want) {
					t.Errorf("%v: the arguments lack %q: %s", size, want, args)
				}
			}
			var want []byte
			for _, img := range pictures {
				for y := range even.Y {
					for x := range even.X {
						c := img.RGBAAt(min(x, size.X-1), min(y, size.Y-1))
						want = append(want, c.R, c.G, c.B, c.A)
					}
				}
			}
			if got := parts[2]; !bytes.HasPrefix(got, want) {
				t.Errorf("%v: the pixels differ: %d bytes, want %d", size, len(got), len(want))
			}
		}
	}
}

// TestVideoThatFails: one line says what is wrong, whoever fails, and nothing is left, of files or processes.
func TestVideoThatFails(t *testing.T) {
	broken, pid := errors.New("broken"), filepath.Join(t.TempDir(), "pid")
	t.Setenv("GENVIEW_FAKE_PID", pid)
	large := func(fails bool) Film {
		return Film{Frames: 30, FPS: 25, Pictures: func(yield func(*image.RGBA, error) bool) {
			for i := range 30 {
				for fails && i == 3 { // not before the program has begun
					if _, err := os.Stat(pid); err == nil {
						yield(nil, broken)
						return
					}
				}
				if !yield(uniform(256, 256, color.RGBA{A: 255}), nil) {
					return
				}
			}
		}}
	}
	for _, c := range []struct {
		how, want string
		film      Film
	}{
		{"dies", "film: ffmpeg has ended before the film: its file: No space left on device", large(false)},
		{"is killed", "film: ffmpeg has ended before the film: signal: killed", large(false)},
		{"ends", "film: ffmpeg has ended before the film: it does not say why", large(false)},
		{"waits", "broken", filmThatWaits(large(true))},
	} {
		t.Run(c.how, func(t *testing.T) {
			withFake(t, c.how)
			dir := t.TempDir()
			err := Write(filepath.Join(dir, "x.mp4"), c.film)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	p, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/bin/sh", "-c", "kill -0 "+string(p)).CombinedOutput(); err == nil {
		t.Errorf("process %s is still there: %s", p, out)
	}
}

// filmThatWaits has small pictures, which a pipe holds though nobody reads them.
func filmThatWaits(f Film) Film {
	pictures := f.Pictures
	f.Pictures = func(yield func(*image.RGBA, error) bool) {
		for _, err := range pictures {
			if !yield(uniform(8, 8, color.RGBA{A: 255}), err) {
				return
			}
		}
	}
	return f
}

// TestVideoWithoutFFmpeg says before anything is drawn what to install.
func TestVideoWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	drawn := false
	f := Film{Frames: 1, FPS: 1, Pictures: func(func(*image.RGBA, error) bool) { drawn = true }}
	for _, path := range []string{"x.mp4", "x.webm"} {
		for _, err := range []error{CheckName(path), Write(path, f)} {
			if err == nil || !strings.Contains(err.Error(), path+": videos are made by the program ffmpeg, which is not there: install it") {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if drawn {
		t.Error("a picture was drawn")
	}
}

// TestVideoByFFmpeg makes videos by the true program, where there is one, twice to the same bytes, and reads them back.
func TestVideoByFFmpeg(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("SKIPPED, the program ffmpeg is not there")
	}
	f := waves(33, 12, 0.2)
	f.About = []Note{{"Run", "letters"}}
	var want []byte
	for img := range f.Pictures {
		want = append(want, img.Pix...)
	}
	for _, ending := range []string{".mp4", ".webm"} {
		a, b := written(t, ending, f), written(t, ending, f)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two times differ", ending)
		}
		path := filepath.Join(t.TempDir(), "x"+ending)
		if err := os.WriteFile(path, a, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command("ffmpeg", "-loglevel", "error", "-i", path, "-vf", "crop=33:33:0:0:exact=1,format=rgba", "-f", "rawvideo", "pipe:1").Output()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d bytes, want %d, %v", ending, len(got), len(want), err)
		}
		mean, _ := distance(&image.RGBA{Pix: got}, &image.RGBA{Pix: want})
		t.Logf("%s: mean error %.2f, %d bytes", ending, mean, len(a))
		if !(mean < 4) {
			t.Errorf("%s: the mean error is %.2f", ending, mean)
		}
		if !bytes.Contains(a, []byte("Run: letters")) {
			t.Errorf("%s: has no notes", ending)
		}
		if moov, mdat := bytes.Index(a, []byte("moov")), bytes.Index(a, []byte("mdat")); ending == ".mp4" && !(moov >= 0 && moov < mdat) {
			t.Errorf("the index is at %d, the pictures are at %d", moov, mdat)
		}
	}
}
