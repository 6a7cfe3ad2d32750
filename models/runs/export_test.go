package runs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"genview/models/curves"
	"genview/models/record"
	"genview/models/runs"
	"genview/models/watch"
)

// TestExport writes a run in each form. Package tensorboard reads event files back.
func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	r, err := made(dir, "vae", 40, 100, watch.Metrics{{Name: "loss", Value: 150}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := record.NewWriter(filepath.Join(dir, "record"), 1<<20, 0)
	if err != nil {
		t.Fatal(err)
	}
	for step := range 3 {
		if err := w.Last(10*step, []watch.View{&watch.Texts{Name: "Said", Examples: []watch.Example{{Output: "it said this"}}}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
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
	path, err := runs.ToTensorBoard(t.Context(), dir, to, "", func(_, of int) { counted = of })
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil || counted != 3 || bytes.Count(p, []byte("it said this")) != 3 || bytes.Count(p, []byte("loss")) != 2 || !bytes.Contains(p, []byte("session_end_info")) {
		t.Errorf("%d moments; the event file is %q, %v", counted, p, err)
	}
	if _, err := runs.ToTensorBoard(t.Context(), dir, to, "", nil); !errors.Is(err, runs.ErrExported) {
		t.Errorf("once more: %v", err)
	}
}
