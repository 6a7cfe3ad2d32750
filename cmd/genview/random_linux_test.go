package main

import (
	"flag"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

var (
	randomFor  = flag.Duration("random", 5*time.Second, "how long TestRandomInput gives input to the window")
	windowsFor = flag.Duration("windows", 10*time.Second, "how long TestWindowsComeAndGo opens and closes windows")
	randomSeed = flag.Uint64("random.seed", 1, "the seed of that input")
)

// TestRandomInput clicks, drags, turns the wheel, types and resizes at random while a model is trained. Nothing may fail: with the race
// detector on, that is a data race, too. With -random 30m it also holds the memory and the pace.
func TestRandomInput(t *testing.T) {
	keepMachineCode(t)
	t.Setenv(watched, "1")
	display, _ := xServer(t, "-screen", "0", "1280x800x24")
	d := newDesktop(t, t.TempDir(), display, append([]string{"view"}, tiny("--steps", "1000000000", "--out", "run")[1:]...)...)
	d.sees("Training  ·  step")
	random := rand.New(rand.NewPCG(*randomSeed, 0))
	began, inputs := time.Now(), 0
	var early int64
	for ; time.Since(began) < *randomFor; inputs++ {
		if early == 0 && time.Since(began) > *randomFor/3 {
			early = resident(t, d.cmd.Process.Pid)
		}
		d.acts(random)
	}
	late := resident(t, d.cmd.Process.Pid)
	d.mu.Lock()
	slices.Sort(d.slow)
	at := func(share float64) time.Duration { return d.slow[int(share*float64(len(d.slow)-1))] }
	t.Logf("%d inputs in %v; %d frames: half of them within %v, 99 %% within %v, all within %v; %d MiB of memory, %d MiB after a third of the time",
		inputs, time.Since(began).Round(time.Second), len(d.slow), at(0.5), at(0.99), at(1), late>>20, early>>20)
	tooSlow := at(0.99) > 150*time.Millisecond
	d.mu.Unlock()
	if *randomFor >= 10*time.Minute {
		if tooSlow {
			t.Error("a hundredth of the frames takes longer than 150 ms")
		}
		if late > early+early/4 {
			t.Error("memory grows by more than a quarter")
		}
	}
	d.resize(1280, 800)
	d.hit(keyEscape)
	code := d.leave()
	said := string(read(t, d.said))
	if code != 0 && !strings.Contains(said, diverged) {
		t.Errorf("exit code %d: %s", code, said)
	}
	for at := range strings.SplitSeq(said, noFrame) {
		if strings.Contains(at, "goroutine ") {
			t.Logf("%s%s", noFrame, at[:min(len(at), 20_000)])
		}
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "DATA RACE") || strings.Contains(said, "the window was lost") {
		t.Errorf("it has said %s", said)
	}
}

// diverged says that a training has ended since somebody has made its learning rate too large.
const diverged = "loss became NaN"

// TestWindowsComeAndGo trains a GAN in processes whose windows are opened and closed at random moments. Each process goes on with the run; at
// times the one that trains has no window, and others look at what it does. With the race detector on, it is on in all of them.
func TestWindowsComeAndGo(t *testing.T) {
	keepMachineCode(t)
	display, _ := xServer(t, "-screen", "0", "1280x800x24")
	random, dir := rand.New(rand.NewPCG(*randomSeed, 1)), t.TempDir()
	small := []string{"gan", "--batch", "8", "--set", "model.hidden=16", "--set", "model.z=4", "--steps", "1000000000"}
	run, windows, runs := "", 0, 0
	for began := time.Now(); time.Since(began) < *windowsFor; windows++ {
		args := []string{"view", "--resume", run}
		if run == "" {
			run = "run" + strconv.Itoa(runs)
			args, runs = append(append([]string{"view"}, small...), "--out", run), runs+1
		} else if random.IntN(4) == 0 {
			looks(t, display, dir, run, random)
		}
		d := newDesktop(t, dir, display, args...)
		for until := time.Now().Add(time.Duration(random.IntN(8000)) * time.Millisecond); time.Now().Before(until); {
			d.acts(random)
		}
		code := d.leave()
		said := string(read(t, d.said))
		if ended := strings.Contains(said, diverged); code != 0 && !ended || strings.Contains(said, "panic") || strings.Contains(said, "DATA RACE") {
			t.Fatalf("window %d, exit code %d: %s", windows, code, said)
		} else if ended {
			run = ""
		}
	}
	t.Logf("%d windows, %d runs", windows, runs)
	for i := range runs {
		must(t, "runs", "check", filepath.Join(dir, "run"+strconv.Itoa(i)))
	}
}

// looks trains a run without a window, and opens and closes one that shows it meanwhile.
func looks(t *testing.T, display, dir, run string, random *rand.Rand) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "train", "--resume", run)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), observed+"=1", "DISPLAY=")
	stderr, finish := started(t, cmd)
	d := newDesktop(t, dir, display, "view", run)
	for until := time.Now().Add(time.Duration(random.IntN(5000)) * time.Millisecond); time.Now().Before(until); {
		d.acts(random)
	}
	d.close()
	begun(t, cmd.Process.Pid)
	_ = cmd.Process.Signal(os.Interrupt) // it may have ended
	if code := finish(); code != 0 && !strings.Contains(stderr.String(), diverged) || strings.Contains(stderr.String(), "DATA RACE") {
		t.Errorf("without a window: exit code %d: %s", code, stderr)
	}
	if said := string(read(t, d.said)); strings.Contains(said, "panic") || strings.Contains(said, "DATA RACE") {
		t.Errorf("the window that looks has said %s", said)
	}
}

// acts does one thing at random.
func (d *desktop) acts(random *rand.Rand) {
	d.mu.Lock()
	labels := d.labels
	d.mu.Unlock()
	size := image.Pt(1280, 800)
	if g, err := xproto.GetGeometry(d.conn, xproto.Drawable(d.window)).Reply(); err == nil {
		size = image.Pt(int(g.Width), int(g.Height))
	}
	anywhere := func() image.Point { return image.Pt(random.IntN(size.X), random.IntN(size.Y)) }
	switch k := random.IntN(20); {
	case k < 7 && len(labels) > 0: // on a text
		if l := labels[random.IntN(len(labels))]; l.Text != "Start page" && l.Text != "H" { // large models wait there
			d.clickAt(center(l.Area))
		}
	case k < 10:
		d.clickAt(anywhere())
	case k < 13:
		d.drag(anywhere(), anywhere())
	case k < 15:
		d.move(anywhere())
		wheel := byte(4 + random.IntN(2))
		d.send(xproto.ButtonPress, wheel, 0, 0)
		d.send(xproto.ButtonRelease, wheel, 0, 0)
	case k < 18:
		const keys = " opsfgit.,lzevmnakcwxrdu[]12?"
		d.types(string(keys[random.IntN(len(keys))]))
	case k < 19:
		special := []xproto.Keysym{keyEnter, keyEscape, keyHome, keyLeft, keyRight, keyEnd, keyF2, keyF3}
		d.hit(special[random.IntN(len(special))])
	case random.IntN(4) == 0:
		d.resize(640+random.IntN(641), 480+random.IntN(321))
	}
}

// resident returns how much memory a process has.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	p, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(p))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
