package record

import (
	"errors"
	"image"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"genview/models/safetensors"
	"genview/models/watch"
)

// views are one of each kind; their contents depend on the step.
func views(step int) []watch.View {
	pictures := &watch.Pictures{Name: "Samples", Captions: []string{"a", "b", "c"}, Marks: []watch.Mark{watch.Right, watch.Wrong, watch.Unmarked}, Points: []string{"seed:1", "seed:2", "mean"}}
	for i := range 3 {
		img := image.NewRGBA(image.Rect(0, 0, 5, 4))
		for k := range 20 {
			img.SetRGBA(k%5, k/5, color.RGBA{byte(i*70 + k), byte(step), byte(k), 255})
		}
		pictures.Images = append(pictures.Images, img)
	}
	grey := &watch.Pictures{Name: "Grey"}
	img := image.NewRGBA(image.Rect(0, 0, 2, 2))
	for k := range 4 {
		img.SetRGBA(k%2, k/2, color.RGBA{byte(k), byte(k), byte(k), 255})
	}
	grey.Images = []*image.RGBA{img}
	return []watch.View{
		pictures,
		&watch.Latent{Name: "Latent space", Z: 2, Points: []watch.Point{{Name: "seed:1", Z: []float32{0.1, math.Pi}}, {Name: "seed:2", Z: []float32{float32(step), -1}}}, Axes: []watch.Point{{Name: "pc1", Z: []float32{1. / 3, -1e-9}}}},
		&watch.Texts{Name: "Examples", Examples: []watch.Example{{Input: "3 May\n", Output: "日本", Want: "x"}}},
		&watch.HeatMaps{
			Name: "Attention", Prompt: &watch.Prompt{Text: "ab", Output: "c", Unread: 3}, Words: [2]string{"takes", "from"},
			Maps: []watch.Map{{Name: "h.0.attn", Heads: 2, Rows: []string{"a", "b"}, Cols: []string{"x"}, Values: []float32{0, 0.5, 1, 0.25}}},
		},
		&watch.Scatter{
			Name: "Points", Reach: 5, Sets: []watch.Points{{Name: "generated", XY: []float32{1, 2, float32(step), 4}}, {Name: "real", XY: []float32{-1, 0.5}}},
			Field: &watch.Field{Name: "logit", Low: "l", High: "h", Side: 2, Values: []float32{1, 2, 3, 4}},
		},
		&watch.Table{Name: "Classes", Columns: []string{"a", "b"}, Rows: [][]string{{"1", "2"}}},
		&watch.Curves{Name: "Quality", Groups: []watch.Group{{Name: "accuracy", Unit: "%", Series: []watch.Series{
			{Name: "accuracy", Steps: []int{1, 2}, Values: []float64{0.5, 0.75}, Low: []float64{0.25, 0.5}, High: []float64{1, 1}}, {Name: "bare", Steps: []int{3}, Values: []float64{2}},
		}}}},
		grey,
		&watch.Layers{Name: "Model", Step: step, Memory: 1 << 40, Layers: []watch.Layer{{
			Name: "fc1.weight", Shape: []int{3, 2}, Weight: watch.Histogram{Most: 0.1, Mean: -1e-3, Std: 0.05, Counts: []int{1, 4, 1}},
		}}},
	}
}

func weights(step int) Weights {
	return func() ([]safetensors.Tensor, error) {
		return []safetensors.Tensor{{Name: "w", Shape: []int{2, 2}, Values: []float32{float32(step), 0.5, -1, 1e9}}, {Name: "n", Shape: []int{}, Values: []int32{int32(step)}}}, nil
	}
}

func newWriter(t *testing.T, dir string, budget int64, from int) *Writer {
	t.Helper()
	w, err := NewWriter(dir, budget, from, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// fill records steps, each whatever time it takes, and closes the writer.
func fill(t *testing.T, w *Writer, steps ...int) {
	t.Helper()
	for _, s := range steps {
		if err := w.Last(s, views(s), weights(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *Recording {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestViewsComeBack: a moment has the views that were recorded, of every kind, and a key checkpoint the weights in 16 bits.
func TestViewsComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Errorf("nothing is there: %v", err)
	}
	fill(t, newWriter(t, dir, 1<<30, 0), 3, 17)
	r := open(t, dir)
	for at, step := range map[int]int{0: 3, 3: 3, 16: 3, 17: 17, 1000: 17} {
		m, err := r.At(at)
		if err != nil || m.Step != step || len(m.Lost) > 0 {
			t.Fatalf("at %d: %+v, %v; want step %d", at, m, err, step)
		}
		want := views(step)
		if len(m.Views) != len(want) {
			t.Fatalf("at %d: %d views, want %d", at, len(m.Views), len(want))
		}
		for i, v := range m.Views {
			if !reflect.DeepEqual(v, want[i]) {
				t.Errorf("at %d: got %+v, want %+v", at, v, want[i])
			}
		}
		path, key, err := r.Key(at)
		if err != nil || key != step {
			t.Errorf("at %d: the key checkpoint is of step %d, %v", at, key, err)
		}
		f, err := safetensors.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if w, _ := f.Find("w"); !reflect.DeepEqual(w.Values, []float32{float32(step), 0.5, -1, 65504}) {
			t.Errorf("at %d: the weights are %v", at, w.Values)
		}
	}
}

// TestWhatIsKilledIsDropped: if a writer is killed before all of a look's files are written, that look does not count, earlier ones do, and
// the next writer removes its files and no others.
func TestWhatIsKilledIsDropped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	fill(t, newWriter(t, dir, 1<<30, 0), 3, 17)
	whole, err := filepath.Glob(filepath.Join(dir, "step-00000017*"))
	if err != nil || len(whole) != 5 { // two sheets, numbers, weights, lines
		t.Fatalf("a look has the files %q, %v", whole, err)
	}
	if err := os.Remove(filepath.Join(dir, "step-00000017.jsonl")); err != nil { // which comes last
		t.Fatal(err)
	}
	others := []string{"notes.txt", "step-17.jsonl", "step-00000017.jsonl.bak", "step-00000017.01.png", "step-00000099.x.png"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := open(t, dir).Steps(); !slices.Equal(got, []int{3}) {
		t.Errorf("there are moments of %v, want 3", got)
	}
	fill(t, newWriter(t, dir, 1<<30, 16))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "step-00000003.") && !slices.Contains(others, e.Name()) {
			t.Errorf("%s is left", e.Name())
		}
	}
	if len(entries) != 5+len(others) {
		t.Errorf("of %d files %d are left", 5+len(others), len(entries))
	}
}

// TestResumedRunsForgetWhatCameAfter: a run that resumes at a step has no looks of later steps.
func TestResumedRunsForgetWhatCameAfter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	fill(t, newWriter(t, dir, 1<<30, 0), 1, 5, 9)
	fill(t, newWriter(t, dir, 1<<30, 5), 7)
	r := open(t, dir)
	if got := r.Steps(); !slices.Equal(got, []int{1, 5, 7}) {
		t.Errorf("there are moments of %v", got)
	}
	if got := r.Keys(); !slices.Equal(got, []int{1, 5, 7}) {
		t.Errorf("there are key checkpoints of %v", got)
	}
}

// TestDamagedRecordsShowTheRest: whatever is wrong with a file, everything that does not need it is shown, and Lost names the rest.
func TestDamagedRecordsShowTheRest(t *testing.T) {
	all := len(views(0))
	for name, c := range map[string]struct {
		file string
		do   func(p []byte) []byte
		want int // views
	}{
		"a sheet is cut off":       {"step-00000003.0.png", func(p []byte) []byte { return p[:len(p)/2] }, all - 1},
		"a sheet is gone":          {"step-00000003.0.png", nil, all - 1},
		"a sheet is another":       {"step-00000003.7.png", nil, all - 1},
		"numbers are cut off":      {"step-00000003.safetensors", func(p []byte) []byte { return p[:len(p)-3] }, all - 4},
		"a number is another":      {"step-00000003.safetensors", func(p []byte) []byte { p[len(p)-1] ^= 1; return p }, all - 4},
		"numbers are gone":         {"step-00000003.safetensors", nil, all - 4},
		"a line is no JSON":        {"step-00000003.jsonl", func(p []byte) []byte { p[2] = 0xff; return p }, all - 1},
		"the last line is cut off": {"step-00000003.jsonl", func(p []byte) []byte { return p[:len(p)-9] }, all - 1},
		"a kind is not known":      {"step-00000003.jsonl", func(p []byte) []byte { return []byte(strings.Replace(string(p), `"table"`, `"torus"`, 1)) }, all - 1},
		"sizes are wrong":          {"step-00000003.jsonl", func(p []byte) []byte { return []byte(strings.Replace(string(p), `"Heads":2`, `"Heads":-2`, 1)) }, all - 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "record")
			fill(t, newWriter(t, dir, 1<<30, 0), 3)
			path := filepath.Join(dir, c.file)
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if c.do == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, c.do(p), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			m, err := open(t, dir).At(3)
			if err != nil || len(m.Views) != c.want || len(m.Lost) < all-c.want {
				t.Errorf("got %+v, %v; want %d views", m, err, c.want)
			}
		})
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "step-00000001.jsonl"), []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err := open(t, dir).At(1); err == nil {
		t.Errorf("read %+v", m)
	}
	if _, _, err := open(t, dir).Key(1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key checkpoint where there is none: %v", err)
	}
}

// TestWhatCannotBeWrittenIsTold: and the next look is recorded.
func TestWhatCannotBeWrittenIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone", "record")
	w := newWriter(t, dir, 1<<30, 0)
	if err := w.Last(1, views(1), nil); err == nil {
		t.Error("written to a folder that is not there")
	}
	if err := os.Mkdir(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	fill(t, w, 2)
	if got := open(t, dir).Steps(); !slices.Equal(got, []int{2}) {
		t.Errorf("there are moments of %v", got)
	}
}

// TestSetAside: looks after a step are moved to a separate folder, and other files stay.
func TestSetAside(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	if name, err := SetAside(dir, 0); name != "" || err != nil {
		t.Errorf("nothing is there: %q, %v", name, err)
	}
	w, err := NewWriter(dir, 1<<20, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := []watch.View{&watch.Table{Name: "Scores", Columns: []string{"class"}, Rows: [][]string{{"cat"}}}}
	for _, step := range []int{10, 20, 30} {
		if err := w.Last(step, seen, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	aside, err := SetAside(dir, 10)
	if err != nil || aside != dir+".1" {
		t.Fatalf("%q, %v", aside, err)
	}
	for of, want := range map[string][]int{dir: {10}, aside: {20, 30}} {
		r, err := Open(of)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Steps(); !slices.Equal(got, want) {
			t.Errorf("%s has the steps %d, want %d", of, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "mine")); err != nil {
		t.Error(err)
	}
	if name, err := SetAside(dir, 10); name != "" || err != nil {
		t.Errorf("nothing is newer: %q, %v", name, err)
	}
}

// TestFailedLookLeavesNothing: where the last file of a look cannot be written, those before it go again, for no budget counts them; and of a
// step that is recorded once more, only the new files stay.
func TestFailedLookLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	blocked := filepath.Join(dir, "step-00000010.jsonl")
	if err := os.MkdirAll(filepath.Join(blocked, "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(dir, 1<<20, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	pictures := &watch.Pictures{Name: "Samples", Images: []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 2, 2))}}
	table := &watch.Table{Name: "Scores", Columns: []string{"class"}, Rows: [][]string{{"cat"}}}
	left := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	if err := w.Last(10, []watch.View{pictures}, nil); err == nil {
		t.Error("a look was written in the place of a folder")
	}
	if got := left(); !slices.Equal(got, []string{"step-00000010.jsonl"}) {
		t.Errorf("after the failure there are %q", got)
	}
	for _, views := range [][]watch.View{{table, pictures}, {table}} {
		if err := w.Last(20, views, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := left(); !slices.Equal(got, []string{"step-00000010.jsonl", "step-00000020.jsonl"}) {
		t.Errorf("after a look of one view there are %q", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
