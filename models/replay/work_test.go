package replay_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/directions"
	"genview/models/family"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"
	"genview/models/walk"
	"genview/models/watch"
)

// answered waits for the answer to what send asks for.
func answered[T any](t *testing.T, send func(reply func(T, error))) (T, error) {
	t.Helper()
	type answer struct {
		v   T
		err error
	}
	got := make(chan answer, 1)
	send(func(v T, err error) { got <- answer{v, err} })
	select {
	case a := <-got:
		return a.v, a.err
	case <-time.After(time.Minute):
		t.Fatal("nothing is answered")
		panic("unreachable")
	}
}

// TestKeep: latent vectors are written to files that are not there yet, and read as they were.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	s := play(t, replay.Options{Folder: recorded(t, dir, nil, 1)})
	for i, name := range []string{"seed-1-0-5-seed-2.npy", "seed-1-0-5-seed-2-2.npy"} {
		want := [][]float32{{float32(i), 1, -0.5}, {2, 3, 4}}
		s.past.Send(watch.Keep{Name: "seed:1+0.5*seed:2", Z: want})
		path := filepath.Join(dir, "latents", name)
		s.until(s.past, "a remark of where they are", func(s *watch.Snapshot) bool { return s.Notice == "saved "+path })
		if got, err := walk.ReadLatents(path, 3); err != nil || len(got) != 2 || !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
			t.Errorf("%s holds %v, %v; want %v", name, got, err, want)
		}
	}
	s.past.Send(watch.Keep{Name: "none"})
	s.until(s.past, "a remark that there is nothing", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "no latent vectors") })
	s.end()
}

// TestVary: directions of a layer are those of package directions with the weights of the step, and those of z those of encoded pictures. They
// are kept with the run under a name. Without weights that is said.
func TestVary(t *testing.T) {
	h, own := opened(t, "vae")
	dir := own.Folder.Dir
	of := weights(t, own)
	m, err := run.As[family.Surveyed](own)
	if err != nil {
		t.Fatal(err)
	}
	layer := own.Model.(family.Opened).Layers()[0]
	s := play(t, replay.Options{Folder: &train.Run{Dir: dir}, Open: func(ctx context.Context, step int) (*run.Session, error) {
		return h.OpenRecorded(ctx, dir, step, run.Place{})
	}})
	vary := func(layer string) (*watch.Components, error) {
		return answered(t, func(reply func(*watch.Components, error)) {
			s.past.Send(watch.Vary{Layer: layer, Step: -1, Reply: reply})
		})
	}
	if _, err := vary(layer); err == nil || !strings.Contains(err.Error(), "no weights are recorded yet") {
		t.Errorf("without a recording the error is %v", err)
	}
	recorded(t, dir, of, 1, 8) // with the session's own weights at step 8
	s.until(s.past, "of two steps", func(s *watch.Snapshot) bool { return s.Past != nil && len(s.Past.Steps) == 2 })
	got, err := vary(layer)
	if err != nil {
		t.Fatal(err)
	}
	want, err := directions.OfLayer(t.Context(), own.Model.(family.Opened), layer, 400, 8)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Points) != len(want) || got.Points[0].Name != layer+".pc1" || len(got.Points[0].Z) != m.Z() {
		t.Fatalf("found %d directions, the first of them %+v", len(got.Points), got.Points[0])
	}
	if a := got.Shares[0] / want[0].Share; a < 0.95 || a > 1.05 {
		t.Errorf("the first has a share of %v, want %v", got.Shares[0], want[0].Share)
	}
	if _, err := vary("nonsense"); err == nil || !strings.Contains(err.Error(), layer) {
		t.Errorf("of a layer that is not there the error is %v", err)
	}
	if got, err = vary(""); err != nil || got.Points[0].Name != "z.pc1" || !slices.IsSortedFunc(got.Shares, func(a, b float64) int { return int(1e6 * (b - a)) }) {
		t.Errorf("of z are found %+v, %v", got, err)
	}
	s.past.Send(watch.KeepDirection{Point: watch.Point{Name: "smile", Z: got.Points[0].Z}})
	s.until(s.past, "a remark that it is kept", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "dir:smile") })
	if z, err := directions.Read(dir, "smile", m.Z()); err != nil || !slices.Equal(z, got.Points[0].Z) {
		t.Errorf("kept %v, %v", z, err)
	}
	s.past.Send(watch.KeepDirection{Point: watch.Point{Name: "a smile", Z: got.Points[0].Z}})
	s.until(s.past, "a remark that the name is wrong", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "cannot be the name") })
}

// TestSurvey: held-out pictures lie where the model encodes them, with their classes.
func TestSurvey(t *testing.T) {
	h, own := opened(t, "vae")
	recorded(t, own.Folder.Dir, weights(t, own), 8)
	s := play(t, replay.Options{Folder: own.Folder, Open: func(ctx context.Context, step int) (*run.Session, error) {
		return h.OpenRecorded(ctx, own.Folder.Dir, step, run.Place{})
	}})
	got, err := answered(t, func(reply func(*watch.Atlas, error)) { s.past.Send(watch.Survey{Step: 8, Reply: reply}) })
	if err != nil {
		t.Fatal(err)
	}
	m := own.Model.(family.Surveyed)
	held, err := m.HeldOut(t.Context(), 400)
	if err != nil {
		t.Fatal(err)
	}
	z, err := family.EncodeAll(t.Context(), m, held.Pictures)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Z) != len(z) || len(got.Images) != len(z) || !slices.Equal(got.Classes, held.Classes) || len(got.Names) != len(held.Names) {
		t.Fatalf("there are %d points with %d pictures, want %d", len(got.Z), len(got.Images), len(z))
	}
	var mean, square [2]float64
	for i := range z {
		for k, v := range got.Z[i] {
			if d := v - z[i][k]; d > 0.05 || d < -0.05 { // recorded weights have 16 bits
				t.Fatalf("picture %d is at %v, want %v", i, got.Z[i], z[i])
			}
		}
		for k, x := range got.At(got.Z[i]) {
			mean[k] += x / float64(len(z))
			square[k] += x * x
		}
	}
	if m.Z() != 2 && (mean[0] > 1e-3 || mean[0] < -1e-3 || square[0] < square[1]) {
		t.Errorf("on the map the mean is %v, and the variances are %v", mean, square)
	}
}
