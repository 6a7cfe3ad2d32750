package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// badInput is a folder with what commands must refuse, and a run that they can use.
type badInput struct {
	dir, run               string
	broken, other, odd     string // runs: with a truncated checkpoint, with that of another model, with an unknown setting
	pictures, album        string // folders: empty, and with more than a tenth of its pictures cut off
	torn                   string // one of these
	digits, packed         string // data sets that are cut off
	out, lost, plain, gone string // files: to be written, in a folder that is missing; an empty one; a folder that is missing
}

func newBadInput(t *testing.T) badInput {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	b := badInput{
		dir: dir, run: in("run"), broken: in("broken"), other: in("other"), odd: in("odd"),
		pictures: in("pictures"), album: in("album"), torn: in("album/torn.png"), digits: in("digits"), packed: in("packed"),
		out: in("never.gif"), lost: in("none/never.gif"), plain: in("file"), gone: in("nowhere"),
	}
	must(t, tiny("--out", b.run, "--steps", "5")...)
	must(t, tiny("--out", b.broken, "--steps", "5")...)
	p := newest(t, b.broken)
	write(t, filepath.Join(b.broken, "checkpoints", "step-00000006.safetensors"), p[:len(p)/2])
	must(t, tiny("--out", b.other, "--steps", "5", "--set", "model.z=5")...)
	write(t, filepath.Join(b.other, "checkpoints", "step-00000006.safetensors"), newest(t, b.run))
	must(t, tiny("--out", b.odd, "--steps", "5")...)
	config, _ := os.ReadFile(filepath.Join(b.odd, "config.yaml"))
	write(t, filepath.Join(b.odd, "config.yaml"), append(config, "colour: red\n"...))
	for _, folder := range []string{b.pictures, b.album, b.digits, b.packed} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.writePictures(t)
	b.writeDigits(t)
	write(t, b.plain, nil)
	return b
}

func (b badInput) writePictures(t *testing.T) {
	t.Helper()
	must(t, "sample", b.run, "-n", "1", "-o", filepath.Join(b.dir, "one.png"))
	picture, err := os.ReadFile(filepath.Join(b.dir, "one.png"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		write(t, filepath.Join(b.album, fmt.Sprintf("%d.png", i)), picture)
	}
	for i := range 6 {
		write(t, filepath.Join(b.album, fmt.Sprintf("worn%d.png", i)), picture[:len(picture)/2])
	}
	write(t, b.torn, picture[:len(picture)/2])
}

func (b badInput) writeDigits(t *testing.T) {
	t.Helper()
	idx := append([]byte{0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28}, make([]byte, 9*28*28)...)
	write(t, filepath.Join(b.digits, "train-images-idx3-ubyte"), idx[:len(idx)-1])
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	if _, err := z.Write(idx); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.packed, "train-images-idx3-ubyte.gz"), gz.Bytes()[:gz.Len()/2])
}

func TestBadInput(t *testing.T) {
	b := newBadInput(t)
	fresh := func(args ...string) []string { return tiny(append(args, "--out", filepath.Join(b.dir, "fresh"))...) }
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "no device \"nothing\"", []string{"sample", b.run, "--device", "nothing"}},
		{1, "no pictures", fresh("--data", b.pictures)},
		{1, "no folder " + b.gone, fresh("--data", b.gone)},
		{1, "7 of 47 pictures in " + b.album + " cannot be read: " + b.torn + ": ", fresh("--data", b.album)},
		{1, "torn.png cannot be read", []string{"reconstruct", b.run, b.torn, "-o", b.out}},
		{1, "is truncated or damaged: it has 7055 of 7056 bytes; replace it", fresh("--data", "mnist", "--data-dir", b.digits)},
		{1, "is truncated or damaged: unexpected EOF; replace it", fresh("--data", "mnist", "--data-dir", b.packed)},
		{1, "step-00000006.safetensors is truncated", []string{"walk", b.broken, "-o", b.out}},
		{1, "replace it by a whole copy", []string{"train", "--resume", b.broken, "--steps", "9"}},
		{1, "another model", []string{"walk", b.other, "-o", b.out}},
		{1, "colour", []string{"walk", b.odd, "-o", b.out}},
		{1, "no run", []string{"walk", b.pictures, "-o", b.out}},
		{1, "there already", tiny("--out", b.run)},
		{1, "cannot be written", tiny("--out", filepath.Join(b.plain, "run"))},
		{1, "never.gif cannot be written: no such file or directory", []string{"walk", b.run, "--frames", "2", "-o", b.lost}},
		{1, "ending", []string{"walk", b.run, "--frames", "2", "-o", filepath.Join(b.dir, "w.avi")}},
		{2, "no such set of pictures; did you mean mnist?", tiny("--data", "minst")},
		{1, "has no train-images", tiny("--data", "mnist", "--data-dir", b.pictures)},
		{2, "model.arch is \"rnn\" and must be mlp or conv", tiny("--set", "model.arch=rnn")},
		{2, "--frames 0", []string{"walk", b.run, "--frames", "0", "-o", b.out}},
		{2, "1000000000 pictures of this size are too many for one sheet: give 18496 or fewer", []string{"sample", b.run, "-n", "1000000000", "-o", b.out}},
		{2, "--seed -1", []string{"sample", b.run, "--seed", "-1", "-o", b.out}},
		{1, "the ending must be", []string{"sample", b.run, "-o", filepath.Join(b.dir, "s.jpg")}},
		{1, "is no file", []string{"walk", b.run, "--from", "file:/dev/zero", "-o", b.out}},
		{1, "3 stops cannot be shared out among 2 walks", []string{"walk", b.run, "seeds:1-3", "--grid", "2x1", "-o", b.out}},
		{1, "--first 7, --last 8: the walk has frames 0 to 5", []string{"walk", b.run, "--frames", "6", "--first", "7", "--last", "8", "-o", b.out}},
		{1, "give seed:N, not mean", []string{"walk", b.run, "mean", "--interp", "noise", "-o", b.out}},
		{2, "-n 0", []string{"sample", b.run, "-n", "0", "-o", b.out}},
		{2, "model.z", tiny("--set", "model.depth=3")},
		{2, "--steps", tiny("--steps", "0")},
		{2, "unknown flag", []string{"walk", b.run, "--nonsense"}},
		{2, "no command", []string{"nonsense"}},
		{2, "--fps 0", []string{"walk", b.run, "--fps", "0"}},
		{2, "say what to train", []string{"train", "dragon"}},
		{2, "genview sample needs arguments: write genview sample RUN; see", []string{"sample"}},
	} {
		refused(t, c.code, c.want, c.args...)
	}
	for _, never := range []string{"*.gif*", ".*", "fresh"} {
		if left, _ := filepath.Glob(filepath.Join(b.dir, never)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	must(t, "sample", b.run, "-n", "1", "-o", filepath.Join(b.dir, "still.png"))
}

// TestNoDriver tells the Vulkan loader of a driver that is not there, in its new way and its old one.
func TestNoDriver(t *testing.T) {
	t.Setenv("VK_DRIVER_FILES", "/nonexistent.json")
	t.Setenv("VK_ICD_FILENAMES", "/nonexistent.json")
	run := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{{"devices"}, {"bench", "vae"}, tiny("--out", run)} {
		refused(t, 1, "no Vulkan driver found: /nonexistent.json: the file does not exist: correct or unset VK_DRIVER_FILES", args...)
	}
	if _, err := os.Stat(run); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run folder was made without a device: %v", err)
	}
}

// TestNoDevice gives the loader a driver whose hardware is not there, and asks for a device of another name.
func TestNoDevice(t *testing.T) {
	if strings.Contains(must(t, "devices"), "llvmpipe") {
		refused(t, 1, "; did you mean llvmpipe?", "--device", "lavapipe", "bench", "vae")
	}
	const radeon = "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json"
	if _, err := os.Stat(radeon); err != nil {
		t.Skip("SKIPPED: without AMD's driver")
	}
	if cards, _ := filepath.Glob("/dev/dri/renderD*"); len(cards) > 0 {
		t.Skip("SKIPPED: there may be such a card")
	}
	t.Setenv("VK_DRIVER_FILES", radeon)
	t.Setenv("VK_ICD_FILENAMES", radeon)
	refused(t, 1, "there is no Vulkan device, none of the drivers finds one that is theirs: install", "devices")
}

// TestFullAndReadOnlyFolder keeps a run on a disk that gets full, then read-only: the run must open all the same.
func TestFullAndReadOnlyFolder(t *testing.T) {
	dir, disk := t.TempDir(), t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "genview", disk).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a full disk needs root, to mount a small tmpfs: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", disk, err, out)
		}
	})
	t.Setenv("XDG_CACHE_HOME", dir) // where no doctor has left a report, which would be a file more
	run, filler := filepath.Join(disk, "run"), filepath.Join(disk, "filler")
	fill := func(leave int64) {
		t.Helper()
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		info, err := os.Stat(filler)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filler, info.Size()-leave); err != nil {
			t.Fatal(err)
		}
	}
	must(t, tiny("--out", run, "--steps", "5", "--set", "record.budget=0")...) // whose files depend on the time
	must(t, "eval", run, "--examples", "9", "--samples", "1")
	files := []string{
		"filler", "run/.genview-audit-lock", "run/.genview-lock", "run/audit.jsonl", "run/checkpoints/step-00000005.safetensors", "run/config.yaml", "run/evals.jsonl", "run/events.jsonl", "run/metrics.jsonl",
		"run/samples/step-00000005.png",
	}
	opens := func() {
		t.Helper()
		holds(t, disk, files...)
		must(t, "sample", run, "-n", "1", "-o", filepath.Join(dir, "still.png"))
	}
	animation := filepath.Join(disk, "walk.gif")

	fill(0)
	refused(t, 1, "walk.gif cannot be written: no space left on device", "walk", run, "--frames", "2", "-o", animation)
	refused(t, 1, "no space left on device", "train", "--resume", run, "--steps", "9")
	refused(t, 1, "cannot be written", tiny("--out", filepath.Join(disk, "other"))...)
	opens()

	fill(32 << 10) // holds a line of metrics and a configuration, but no checkpoint
	_, stderr, code := genview(t, "train", "--resume", run, "--steps", "9")
	if want := "the checkpoint of step 9 was not saved"; code != 1 || strings.Count(stderr, "genview:") != 2 ||
		!strings.Contains(stderr, "it is tried again\n") || !strings.Contains(stderr, want) || !strings.Contains(stderr, "no space left on device") || strings.Contains(stderr, "goroutine") {
		t.Errorf("got exit code %d and %q, want 1 and an error with %q and what to do", code, stderr, want)
	}
	opens()

	if out, err := exec.Command("mount", "-o", "remount,ro", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	refused(t, 1, "walk.gif cannot be written: read-only file system", "walk", run, "--frames", "2", "-o", animation)
	refused(t, 1, "read-only file system", "train", "--resume", run, "--steps", "9")
	refused(t, 1, "cannot be written", tiny("--out", filepath.Join(disk, "another"))...)
	opens()
	measured, said, code := genview(t, "eval", run, "--examples", "9", "--samples", "1")
	if code != 0 || !strings.HasPrefix(measured, "step 5: ELBO ") || strings.Count(said, "\n") != 1 || !strings.Contains(said, "evals.jsonl: read-only file system") {
		t.Errorf("eval in a read-only folder has exit code %d, prints %q and says %q", code, measured, said)
	}

	if out, err := exec.Command("mount", "-o", "remount,rw,size=4m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	must(t, "train", "--resume", run, "--steps", "9")
}
