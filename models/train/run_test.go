package train

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// tree lists the files and folders below a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			all = append(all, strings.TrimPrefix(path, dir+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedStartRemovesNothing: where a run cannot be created, all that was there stays as it was, and nothing is added.
func TestRefusedStartRemovesNothing(t *testing.T) {
	for name, prepare := range map[string]func(dir string) string{
		"a file": func(dir string) string {
			put(t, filepath.Join(dir, "text.txt"), "to be or not")
			return filepath.Join(dir, "text.txt")
		},
		"an empty file": func(dir string) string { put(t, filepath.Join(dir, "empty"), ""); return filepath.Join(dir, "empty") },
		"a link to a file": func(dir string) string {
			put(t, filepath.Join(dir, "text.txt"), "to be or not")
			if err := os.Symlink("text.txt", filepath.Join(dir, "link")); err != nil {
				t.Skip(err)
			}
			return filepath.Join(dir, "link")
		},
		"a link to nothing": func(dir string) string {
			if err := os.Symlink("nothing", filepath.Join(dir, "link")); err != nil {
				t.Skip(err)
			}
			return filepath.Join(dir, "link")
		},
		"below a file": func(dir string) string {
			put(t, filepath.Join(dir, "text.txt"), "to be or not")
			return filepath.Join(dir, "text.txt", "run")
		},
		"another run's configuration": func(dir string) string {
			put(t, filepath.Join(dir, "config.yaml"), "kind: vae")
			return filepath.Join(dir, "config.yaml")
		},
		"a folder of other things": func(dir string) string {
			put(t, filepath.Join(dir, "photos", "a.png"), "x")
			return filepath.Join(dir, "photos")
		},
		"a folder with empty folders": func(dir string) string {
			if err := os.MkdirAll(filepath.Join(dir, "work", "empty"), 0o755); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(dir, "work")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out := prepare(dir)
			before := tree(t, dir)
			if _, err := CreateRun(out, []byte("name: b\n")); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line", err)
			}
			if after := tree(t, dir); !slices.Equal(after, before) {
				t.Errorf("the folder held %q and holds %q", before, after)
			}
		})
	}
	// A failed start removes the folders that it made, those above too; an empty folder that existed before stays.
	dir := t.TempDir()
	if _, err := CreateRun(filepath.Join(dir, "runs", "a"), nil); err == nil {
		t.Fatal("a run without a configuration was made")
	}
	if err := os.Mkdir(filepath.Join(dir, "mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateRun(filepath.Join(dir, "mine"), nil); err == nil {
		t.Fatal("a run without a configuration was made")
	}
	if got := tree(t, dir); !slices.Equal(got, []string{"mine"}) {
		t.Errorf("left %q", got)
	}
}

// TestKilledStartIsNoDeadEnd: whatever part of a new folder a killed start has made, the same command begins again.
func TestKilledStartIsNoDeadEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	put(t, filepath.Join(dir, lockName), "1")
	put(t, filepath.Join(dir, ".config.yaml.ABCDEFGH.genview-partial"), "kin")
	for _, sub := range []string{checkpoints, samples} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenRun(dir); err == nil || !strings.Contains(err.Error(), "begin one in it") {
		t.Errorf("going on: %v; want to be told to begin", err)
	}
	r, err := CreateRun(dir, []byte("name: a\n"))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if got := tree(t, dir); !slices.Equal(got, []string{lockName, checkpoints, configName, samples}) {
		t.Errorf("the run holds %q", got)
	}
}

// TestOneWriter: a second process cannot write to a run, and can once the first has ended.
func TestOneWriter(t *testing.T) {
	if dir := os.Getenv("GENVIEW_TEST_LOCKS"); dir != "" {
		r, err := OpenRun(dir)
		if err == nil {
			err = r.Lock()
		}
		if err != nil {
			os.Stdout.WriteString(err.Error())
			os.Exit(0)
		}
		os.Stdout.WriteString("locked\n")
		time.Sleep(time.Minute) // until it is killed
	}
	r := create(t)
	other := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=TestOneWriter$")
		c.Env = append(os.Environ(), "GENVIEW_TEST_LOCKS="+r.Dir)
		return c
	}
	out, err := other().Output()
	if err != nil || !strings.Contains(string(out), "is in use, another genview trains in it (process ") {
		t.Errorf("a second process says %q, %v", out, err)
	}
	again, err := OpenRun(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Lock(); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer in this process: %v", err)
	}
	r.Close()
	c := other()
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 7)
	if _, err := pipe.Read(line); err != nil || string(line) != "locked\n" {
		t.Errorf("after the first writer closed, a second process says %q, %v", line, err)
	}
	if err := again.Lock(); !errors.Is(err, ErrLocked) {
		t.Errorf("while another process writes: %v", err)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if err := again.Lock(); err != nil {
		t.Errorf("after the other process was killed: %v", err)
	}
	again.Close()
}

// TestLockClearsWhatAKilledWriterLeft: half-written files of a run go, and only those.
func TestLockClearsWhatAKilledWriterLeft(t *testing.T) {
	r := create(t)
	r.Close()
	put(t, filepath.Join(r.Dir, checkpoints, ".step-00000007.safetensors.ABCDEFGH.genview-partial"), "x")
	put(t, filepath.Join(r.Dir, samples, ".step-00000007.png.ABCDEFGH.genview-partial"), "x")
	put(t, filepath.Join(r.Dir, ".metrics.jsonl.ABCDEFGH.genview-partial"), "x")
	put(t, filepath.Join(r.Dir, samples, ".notes.swp"), "x")
	if err := r.Lock(); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := tree(t, r.Dir); !slices.Equal(got, []string{lockName, checkpoints, configName, samples, samples + "/.notes.swp"}) {
		t.Errorf("the run holds %q", got)
	}
}

// TestSaveRefusesWhatIsNotFinite: no path writes NaN or infinity as a checkpoint.
func TestSaveRefusesWhatIsNotFinite(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	if err := r.Save(rt, m.State(), 1); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := rt.Write(m.weight, []float32{1, float32(bad), 2}); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(rt, m.State(), 2); !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "weight") {
			t.Errorf("a state with %v: %v", bad, err)
		}
	}
	if steps, err := r.steps(); err != nil || !slices.Equal(steps, []int{1}) {
		t.Errorf("the run has checkpoints of %v", steps)
	}
}

// TestDeletedFilesOfARunAreMended: what somebody deletes while a run is written to is put back by the next save, and said.
func TestDeletedFilesOfARunAreMended(t *testing.T) {
	rt := runtimeOf(t)
	m := newCounter(t, rt)
	for name, path := range map[string]string{"the configuration": configName, "the checkpoints": checkpoints, "all": ""} {
		t.Run(name, func(t *testing.T) {
			r := create(t)
			said := ""
			r.Notice = func(text string) { said += text }
			if err := os.RemoveAll(filepath.Join(r.Dir, path)); err != nil {
				t.Fatal(err)
			}
			if err := r.Save(rt, m.State(), 3); err != nil {
				t.Fatal(err)
			}
			if path != checkpoints && !strings.Contains(said, "deleted") {
				t.Errorf("nothing was said: %q", said)
			}
			again, err := OpenRun(r.Dir)
			if err != nil || string(again.Config()) != "name: a\n" {
				t.Fatalf("opened as %+v, %v", again, err)
			}
			if step, err := again.Load(rt, m.State()); err != nil || step != 3 {
				t.Errorf("loaded step %d, %v", step, err)
			}
			if err := again.Lock(); !errors.Is(err, ErrLocked) {
				t.Errorf("the run made anew is not locked: %v", err)
			}
		})
	}
	// A folder in which another process has begun its own run meanwhile is left alone.
	r := create(t)
	if err := os.RemoveAll(r.Dir); err != nil {
		t.Fatal(err)
	}
	other, err := CreateRun(r.Dir, []byte("name: other\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := r.Save(rt, m.State(), 3); !errors.Is(err, ErrLocked) {
		t.Errorf("saved into another's run: %v", err)
	}
	other.Close()
	if err := r.Save(rt, m.State(), 3); err == nil || !strings.Contains(err.Error(), "replaced by another run") {
		t.Errorf("saved into another's run that has ended: %v", err)
	}
}

// TestGoingBack: files newer than the step that a run resumes from are renamed, not lost.
func TestGoingBack(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	for range 2 { // the second time the names are taken
		for step := 1; step <= 3; step++ {
			if err := r.Save(rt, m.State(), step); err != nil {
				t.Fatal(err)
			}
			if err := r.Append(Record{Step: step, Metrics: watch.Metrics{{Name: "loss", Value: 1}}}); err != nil {
				t.Fatal(err)
			}
		}
		names, err := r.SetAside(1)
		if err != nil || len(names) != 2 {
			t.Fatalf("put aside %q, %v", names, err)
		}
		path, err := r.KeepMetrics(1)
		if err != nil || path == "" {
			t.Fatalf("metrics kept as %q, %v", path, err)
		}
		if err := r.TrimMetrics(1); err != nil {
			t.Fatal(err)
		}
		if _, step, err := r.Newest(); err != nil || step != 1 {
			t.Errorf("the newest is of step %d, %v", step, err)
		}
	}
	want := []string{
		lockName, checkpoints, "checkpoints/step-00000001.safetensors", "checkpoints/step-00000002.safetensors.aside",
		"checkpoints/step-00000002.safetensors.aside2", "checkpoints/step-00000003.safetensors.aside", "checkpoints/step-00000003.safetensors.aside2",
		configName, "metrics.1.jsonl", "metrics.2.jsonl", metricsName, samples,
	}
	if got := tree(t, r.Dir); !slices.Equal(got, want) {
		t.Errorf("the run holds %q, want %q", got, want)
	}
	if path, err := r.KeepMetrics(1); err != nil || path != "" {
		t.Errorf("metrics without later records were kept as %q, %v", path, err)
	}
}
