// Package familytest tests what all other packages rely on in a family of models.
package familytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/family"
	"genview/models/run"
	"genview/models/settings"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/zoo"
	"genview/viewer"
	"genview/vk"
	"genview/vk/vktest"
)

// A Trial is a preset with small settings.
type Trial struct {
	Preset string
	Set    []string // settings, such as model.z=4; for a preset with an argument also data.name
	Falls  string   // a metric that decreases in training, from the first steps to the last
	Steps  int
}

// Run tests a family's promises: it learns, a checkpoint holds what was learned, a killed run resumes to the same bits, every ability
// answers, an error names the wrong setting, the window has a panel for each view, and Close frees everything.
func Run(t *testing.T, f family.Family, trial Trial) {
	t.Helper()
	if _, ok := zoo.Find(f.Kind); !ok {
		before := zoo.Families
		zoo.Families = append(slices.Clone(before), f)
		t.Cleanup(func() { zoo.Families = before })
	}
	vktest.Open(t) // skips the test if there is no device
	h := run.Host{NoTuning: true, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }}
	dir := t.TempDir()
	whole, halves := filepath.Join(dir, "whole"), filepath.Join(dir, "halves")
	views := learns(t, h, trial, whole)
	resumes(t, h, trial, whole, halves)
	s, err := h.Open(t.Context(), whole, run.Newest, run.Place{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Model.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, views) {
		t.Error("a run that is opened shows other things than it did when it was trained")
	}
	shows(t, s, again)
	answers(t, s.Model, again)
	traces(t, s)
	leavesNothing(t, s)
	namesSettings(t, trial)
}

// configured returns the configuration of a trial.
func configured(t *testing.T, trial Trial, steps int) *run.Config {
	t.Helper()
	c, err := run.New(trial.Preset)
	if err != nil {
		t.Fatal(err)
	}
	c.SetSteps(trial.Steps)
	c.Steps = steps // the schedule does not know of it, as when a run ends early
	c.Eval.Every = max(1, trial.Steps/4)
	asked := map[string]bool{}
	for _, s := range trial.Set {
		key, value, _ := strings.Cut(s, "=")
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
		asked[key] = true
	}
	if _, err := run.Configure(t.Context(), c, func(key string) bool { return asked[key] }); err != nil {
		t.Fatal(err)
	}
	return c
}

// learns trains a run and returns the views at its end.
func learns(t *testing.T, h run.Host, trial Trial, dir string) []watch.View {
	t.Helper()
	training, err := h.Create(t.Context(), dir, configured(t, trial, trial.Steps))
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, training.Close)
	var values []float64
	err = training.Train(t.Context(), train.Options{LogEvery: 1, OnLog: func(r train.Record) {
		if v, ok := r.Metrics.Value(trial.Falls); ok {
			values = append(values, v)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if part := len(values) / 4; part == 0 || !(mean(values[len(values)-part:]) < mean(values[:part])) {
		t.Errorf("%s does not fall: %v", trial.Falls, values)
	}
	views, err := training.Model.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return views
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// resumes stops a run after a random step, goes on with it, and compares the weights and what was measured with those of a run that was left
// alone.
func resumes(t *testing.T, h run.Host, trial Trial, whole, dir string) {
	t.Helper()
	stop := 1 + rand.IntN(trial.Steps-1)
	first, err := h.Create(t.Context(), dir, configured(t, trial, trial.Steps))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = first.Train(ctx, train.Options{LogEvery: 1, OnStep: func(step int, _ time.Duration) {
		if step == stop {
			cancel()
		}
	}})
	if err := errors.Join(err, first.Close()); err != nil {
		t.Fatal(err)
	}
	c, folder, err := run.Read(dir, run.Place{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Resume(t.Context(), folder, c, run.Newest, false)
	if err != nil {
		t.Fatal(err)
	}
	if second.Step != stop {
		t.Errorf("a run that was ended after step %d goes on from step %d", stop, second.Step)
	}
	if err := errors.Join(second.Train(t.Context(), train.Options{LogEvery: 1}), second.Close()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(newest(t, whole), newest(t, dir)) {
		t.Errorf("a run that was ended after step %d and resumed has other bits than one that was not", stop)
	}
	if want, got := measured(t, whole), measured(t, dir); got != want {
		t.Errorf("a run that was ended after step %d and resumed measured\n%s\nand one that was not\n%s", stop, got, want)
	}
}

// measured returns the metrics of a run, and which of its checkpoints is the best.
func measured(t *testing.T, dir string) string {
	t.Helper()
	folder, err := train.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := folder.Records()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, r := range all {
		fmt.Fprintf(&out, "%d %v %v\n", r.Step, r.Epoch, r.Metrics)
	}
	step, mark, err := folder.Best()
	if err != nil && !errors.Is(err, train.ErrNotMeasured) {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "best: %d %+v", step, mark)
	return out.String()
}

func newest(t *testing.T, dir string) []byte {
	t.Helper()
	folder, err := train.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	path, _, err := folder.Newest()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shows makes a panel of each view in a window that needs no display.
func shows(t *testing.T, s *run.Session, views []watch.View) {
	t.Helper()
	snapshot := s.Snapshot("")
	snapshot.State = watch.Done
	snapshot.Show(views...)
	st := viewer.NewState(nil)
	st.Update(viewer.Events{Size: viewer.Point{X: 1200, Y: 800}}, &snapshot, func(watch.Request) bool { return true })
	titles := st.Titles()
	for _, v := range views {
		if !slices.Contains(titles, v.Title()) {
			t.Errorf("the window has %q, and nothing for %q", titles, v.Title())
		}
	}
	if len(views) == 0 {
		t.Error("there is nothing to see")
	}
}

// leavesNothing closes a session and checks that no device memory and no goroutine is left.
func leavesNothing(t *testing.T, s *run.Session) {
	t.Helper()
	if _, err := s.Begin(t.Context()); err != nil {
		t.Error(err)
	}
	s.Model.Close()
	s.Runtime.Close()
	if m := s.Device.Memory(); m.Used != 0 {
		t.Errorf("%d bytes of the device are left", m.Used)
	}
	closed(t, s.Device.Close)
	deadline := time.Now().Add(5 * time.Second)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !bytes.Contains(stacks, []byte("genview/models/data.")) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("goroutines are left:\n%s", stacks)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// namesSettings sets each setting that has a range to a value outside it, and checks that the error names the setting.
func namesSettings(t *testing.T, trial Trial) {
	t.Helper()
	tried := 0
	for _, s := range configured(t, trial, trial.Steps).List() {
		wrong := ""
		switch {
		case strings.HasPrefix(s.Allowed, "at least") || strings.HasPrefix(s.Allowed, "from") || strings.HasPrefix(s.Allowed, "above"):
			wrong = "-1"
		case strings.Contains(s.Allowed, " or ") && s.Allowed != "true or false":
			wrong = "nonsense"
		default:
			continue
		}
		tried++
		c := configured(t, trial, trial.Steps)
		if err := c.Set(s.Key, wrong); err != nil {
			t.Errorf("%s=%s: %v", s.Key, wrong, err)
		}
		var bad *settings.Error
		if err := c.Validate(); !errors.As(err, &bad) || bad.Key != s.Key {
			t.Errorf("%s=%s: got the error %v", s.Key, wrong, err)
		}
	}
	if tried == 0 {
		t.Error("no setting has a range")
	}
}

func closed(t *testing.T, close func() error) {
	t.Helper()
	if err := close(); err != nil {
		t.Error(err)
	}
}
