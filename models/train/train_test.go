package train

import (
	"bytes"
	"context"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// counter is a model whose weight counts its steps and whose loss is what the test says.
type counter struct {
	rt        *tensor.Runtime
	weight    *tensor.Tensor
	step      *tensor.Program
	loss      func(step int) float64
	onStep    func(step int)
	steps     int
	onLook    func() error
	stepError func(step int) error
	rate      float64
	only      []int
	text      string // that is attended to
	dial      float64
}

func newCounter(t *testing.T, rt *tensor.Runtime) *counter {
	t.Helper()
	w := tensor.Var("weight", tensor.Full(0, 3))
	p, err := rt.Compile(tensor.Outputs{Update: []tensor.Update{{Var: w, Value: w.Shift(1)}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &counter{rt: rt, weight: w, step: p, loss: func(int) float64 { return 1 }}
}

func (m *counter) Step(ctx context.Context) error {
	if m.stepError != nil {
		if err := m.stepError(m.steps + 1); err != nil {
			return err
		}
	}
	m.steps++
	if m.onStep != nil {
		m.onStep(m.steps)
	}
	return m.step.Run(context.WithoutCancel(ctx), nil)
}

func (m *counter) Metrics() (watch.Metrics, error) {
	return watch.Metrics{{Name: "loss", Value: m.loss(m.steps)}, {Name: "kl", Value: float64(m.steps)}}, nil
}

func (m *counter) Parts() []string { return []string{"first", "second"} }

func (m *counter) Only(part int) { m.only = append(m.only, part) }

func (m *counter) SetRate(factor float64) error {
	m.rate = factor
	return nil
}

func (m *counter) State() []nn.Named { return []nn.Named{{Name: "net.weight", Tensor: m.weight}} }

func (m *counter) Dials() []watch.Dial { return []watch.Dial{{Key: "dial", Value: m.dial}} }

func (m *counter) Turn(_ string, value float64) error {
	m.dial = value
	return nil
}

func (m *counter) Programs() []*tensor.Program { return []*tensor.Program{m.step} }

// Trace passes 2 through a layer that multiplies with the weight.
func (m *counter) Trace() *nn.Trace {
	x := tensor.Input("x", tensor.F32)
	out := &nn.Trace{Next: func(context.Context) (*nn.Traced, error) {
		return &nn.Traced{Name: "two", Feed: tensor.Feed{x: []float32{2}}}, nil
	}}
	out.Made("", "net", m.weight.Mul(x))
	return out
}

func (m *counter) Drawn() []nn.Named { return m.State() }

func (m *counter) Look(context.Context) ([]watch.View, error) {
	if m.onLook != nil {
		if err := m.onLook(); err != nil {
			return nil, err
		}
	}
	return []watch.View{
		&watch.Texts{Name: "Sample", Examples: []watch.Example{{Output: m.text}}},
		&watch.HeatMaps{Name: "Attention", Prompt: &watch.Prompt{Text: m.text}},
	}, nil
}

// reads returns the text whose attention a snapshot shows; "" for none.
func reads(s *watch.Snapshot) string {
	if v := watch.Find[*watch.HeatMaps](s.Views, "Attention"); v != nil {
		return v.Prompt.Text
	}
	return ""
}

// Answer answers a Decode by itself, and an Attend by the next look.
func (m *counter) Answer(_ context.Context, r watch.Request) (look bool) {
	switch r := r.(type) {
	case watch.Decode:
		r.Reply(make([]*image.RGBA, len(r.Z)))
	case watch.Attend:
		m.text = r.Text
		return true
	}
	return false
}

func (m *counter) value(t *testing.T) float32 {
	t.Helper()
	v := make([]float32, 3)
	if err := m.rt.Read(m.weight, v); err != nil {
		t.Fatal(err)
	}
	return v[0]
}

func runtimeOf(t *testing.T) *tensor.Runtime {
	t.Helper()
	rt := tensor.NewRuntime(vktest.Open(t))
	t.Cleanup(rt.Close)
	return rt
}

func create(t *testing.T) *Run {
	t.Helper()
	r, err := CreateRun(filepath.Join(t.TempDir(), "run"), []byte("name: a\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func runLoop(ctx context.Context, t *testing.T, r *Run, m *counter, from int, o Options) (int, error) {
	t.Helper()
	o.Batch, o.LogEvery = 4, 2
	if o.SaveEvery == (Every{}) {
		o.SaveEvery.Steps = 10
	}
	if o.SampleEvery == 0 {
		o.SampleEvery = 1000
	}
	return Loop(ctx, r, m.rt, m, from, o)
}

func TestCheckpoints(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	if _, _, err := r.Newest(); err == nil {
		t.Error("a run without checkpoints has a newest")
	}
	for step := 1; step <= 5; step++ {
		if err := m.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(rt, m.State(), step); err != nil {
			t.Fatal(err)
		}
	}
	if steps, err := r.steps(); err != nil || !slices.Equal(steps, []int{3, 4, 5}) {
		t.Errorf("kept %v, %v; want the newest three", steps, err)
	}
	if err := rt.Write(m.weight, []float32{9, 9, 9}); err != nil {
		t.Fatal(err)
	}
	if step, err := r.Load(rt, m.State()); err != nil || step != 5 || m.value(t) != 5 {
		t.Errorf("loaded step %d with %v, %v; want 5 with 5", step, m.value(t), err)
	}
	other := []nn.Named{m.State()[0], {Name: "more", Tensor: tensor.Var("more", tensor.Full(0, 2))}}
	if err := rt.Write(m.weight, []float32{9, 9, 9}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(rt, other); err == nil || !strings.Contains(err.Error(), "another model") || m.value(t) != 9 {
		t.Errorf("another model's checkpoint: %v, and the weight is %v", err, m.value(t))
	}
	path, _, err := r.Newest()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, p[:len(p)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(rt, m.State()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a truncated checkpoint: %v", err)
	}
}

func TestRunFolder(t *testing.T) {
	r := create(t)
	if _, err := CreateRun(r.Dir, []byte("name: b\n")); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("made over an old run: %v", err)
	}
	if again, err := OpenRun(r.Dir); err != nil || string(again.Config()) != "name: a\n" {
		t.Errorf("opened as %+v, %v", again, err)
	}
	if _, err := OpenRun(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("a folder that is no run: %v", err)
	}
}

func TestMetricsAreTrimmedAndRead(t *testing.T) {
	r, logged := create(t), time.Date(2026, 11, 24, 12, 0, 0, 5e6, time.UTC)
	for step := 1; step <= 4; step++ {
		m := watch.Metrics{{Name: "loss", Value: float64(10 * step)}, {Name: "a", Value: math.NaN()}, {Name: "kl", Value: 2}}
		if err := r.Append(Record{Step: step, Metrics: m, ExamplesPerS: 5, Elapsed: time.Second, Time: logged}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(r.Dir, metricsName)
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(p, `{"step":3,"lo`...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.TrimMetrics(3); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path)
	if want := p[:bytes.LastIndex(p[:len(p)-1], []byte("\n"))+1]; err != nil || !bytes.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	if all, err := r.Records(); err != nil || len(all) != 3 || all[2].Time != logged || all[2].Elapsed != time.Second {
		t.Errorf("read back as %+v, %v", all, err)
	}
	h, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	s := h.Curves().Groups[0].Series
	if len(s) != 2 || s[0].Name != "loss" || s[1].Name != "kl" || !slices.Equal(s[0].Steps, []int{1, 2, 3}) || !slices.Equal(s[0].Values, []float64{10, 20, 30}) {
		t.Errorf("read back as %+v", s)
	}
}

func TestNaNStopsAndKeepsTheLastGood(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	m.loss = func(step int) float64 {
		if step > 14 {
			return math.NaN()
		}
		return 1
	}
	if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 100}); err == nil || !strings.Contains(err.Error(), "NaN at step 16") {
		t.Errorf("got %v, want an error that names step 16", err)
	}
	if step, err := r.Load(m.rt, m.State()); err != nil || step != 10 || m.value(t) != 10 {
		t.Errorf("the newest checkpoint is of step %d with %v, %v; want 10", step, m.value(t), err)
	}
}

func TestCancelledLoopSaves(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.onStep = func(step int) {
		if step == 13 {
			cancel()
		}
	}
	step, err := runLoop(ctx, t, r, m, 0, Options{Steps: 100})
	if err != nil || step != 13 {
		t.Fatalf("ended at step %d, %v; want 13", step, err)
	}
	if got, err := r.Load(m.rt, m.State()); err != nil || got != 13 || m.value(t) != 13 {
		t.Errorf("saved step %d with %v, %v; want 13", got, m.value(t), err)
	}
}

func TestRequestsAreServed(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	bus := watch.NewBus()
	decoded := make(chan []*image.RGBA, 1)
	m.onStep = func(step int) {
		if step == 5 {
			bus.Send(watch.Pause{})
			bus.Send(watch.Save{})
		}
	}
	type end struct {
		step int
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		step, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 1 << 30, Bus: bus})
		ended <- end{step, err}
	}()
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	await("paused and saved", func() bool { s := bus.Latest(); return s.State == watch.Paused && s.Notice != "" && s.Message == "" })
	if got := bus.Latest().Step; got != 5 {
		t.Errorf("paused at step %d, want 5", got)
	}
	bus.Send(watch.Attend{Text: "3 May"})
	await("the text is in the snapshots", func() bool { return reads(bus.Latest()) == "3 May" })
	bus.Send(watch.Decode{Z: [][]float32{{1, 2}, {3, 4}}, Reply: func(p []*image.RGBA) { decoded <- p }})
	if p := <-decoded; len(p) != 2 {
		t.Errorf("two latents give %d pictures", len(p))
	}
	if got := bus.Latest().Step; got != 5 {
		t.Errorf("went on to step %d while paused", got)
	}
	bus.Send(watch.Resume{})
	await("training goes on", func() bool { return bus.Latest().Step > 8 })
	bus.Send(watch.Stop{})
	if e := <-ended; e.err != nil || e.step <= 8 {
		t.Errorf("ended at step %d, %v", e.step, e.err)
	}
	if s := bus.Latest(); s.State != watch.Done {
		t.Errorf("the last snapshot says %s", s.State)
	}
}

// TestShow: a model at rest answers as one in training does.
func TestShow(t *testing.T) {
	m, bus := newCounter(t, runtimeOf(t)), watch.NewBus()
	bus.Publish(&watch.Snapshot{State: watch.Done, Step: 7})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		Show(ctx, bus, nil, m)
		close(ended)
	}()
	<-bus.Changed()
	bus.Send(watch.Attend{Text: "4 May"})
	<-bus.Changed()
	if s := bus.Latest(); reads(s) != "4 May" || s.Step != 7 || s.State != watch.Done {
		t.Errorf("the newest snapshot is %+v", s)
	}
	cancel()
	<-ended
}
