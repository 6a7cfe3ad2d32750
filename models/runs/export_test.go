package runs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/curves"
	"genview/models/record"
	"genview/models/runs"
	"genview/models/watch"
)

const said = "it said this"

// recorded makes a recording of a run, with a text at each moment.
func recorded(dir string, texts ...string) error {
	w, err := record.NewWriter(filepath.Join(dir, "record"), 1<<20, 0, nil)
	if err != nil {
		return err
	}
	for i, text := range texts {
		if err := w.Last(10*i, []watch.View{&watch.Texts{Name: "Said", Examples: []watch.Example{{Output: text}}}}, nil); err != nil {
			return err
		}
	}
	return w.Close()
}

// TestExport writes a run in each form. Package tensorboard reads event files back.
func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	r, err := made(dir, "vae", 40, 100, watch.Metrics{{Name: "loss", Value: 150}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := recorded(dir, said, said, said); err != nil {
		t.Fatal(err)
	}
	logged, err := curves.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runs.WriteJSON(&out, logged); err != nil {
		t.Fatal(err)
	}
	if want := `{"run":"letters","step":39,"loss":150,"examples_per_s":0,"elapsed_s":1,"time":"2026-11-24T12:00:00Z"}` + "\n"; !bytes.HasPrefix(out.Bytes(), []byte(want)) {
		t.Errorf("as JSON lines it is %s, want %s", out.Bytes(), want)
	}
	to, counted := filepath.Join(t.TempDir(), "board", "letters"), 0
	path, err := runs.ToTensorBoard(t.Context(), dir, to, runs.ExportOptions{Count: func(_, of int) { counted = of }})
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil || counted != 3 || bytes.Count(p, []byte(said)) != 3 || bytes.Count(p, []byte("loss")) != 2 || !bytes.Contains(p, []byte("session_end_info")) {
		t.Errorf("%d moments; the event file is %q, %v", counted, p, err)
	}
	if _, err := runs.ToTensorBoard(t.Context(), dir, to, runs.ExportOptions{}); !errors.Is(err, runs.ErrExported) {
		t.Errorf("once more: %v", err)
	}
}

// TestLostMoments: a moment that cannot be read is told, and left out of the event file.
func TestLostMoments(t *testing.T) {
	dir, to := filepath.Join(t.TempDir(), "letters"), t.TempDir()
	r, err := made(dir, "vae", 40, 100, watch.Metrics{{Name: "loss", Value: 150}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := recorded(dir, said, said, said); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "record", "step-00000010.jsonl"), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var lost []string
	path, err := runs.ToTensorBoard(t.Context(), dir, to, runs.ExportOptions{Lost: func(problem string) { lost = append(lost, problem) }})
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil || len(lost) != 1 || !strings.Contains(lost[0], "step 10") || bytes.Count(p, []byte(said)) != 2 {
		t.Errorf("lost are %q; the event file is %q, %v", lost, p, err)
	}
}

// TestIncompleteExport: an event file in which something is missing at its end is one error, and is removed.
func TestIncompleteExport(t *testing.T) {
	dir, to := filepath.Join(t.TempDir(), "letters"), t.TempDir()
	r, err := made(dir, "vae", 40, 100, watch.Metrics{{Name: "loss", Value: 150}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := recorded(dir, strings.Repeat("long", 9<<20)); err != nil { // longer than what may wait to be written
		t.Fatal(err)
	}
	_, err = runs.ToTensorBoard(t.Context(), dir, to, runs.ExportOptions{})
	if left, _ := os.ReadDir(to); err == nil || !strings.Contains(err.Error(), "events are missing") || strings.Contains(err.Error(), "\n") || len(left) > 0 {
		t.Errorf("got the error %v; left are %v", err, left)
	}
}
