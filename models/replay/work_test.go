package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/directions"
	"genview/models/family"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"
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
