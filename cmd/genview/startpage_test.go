package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/data"
	"genview/models/train"
	"genview/models/watch"
)

// watchingNothing is a watching without a window, whose messages nobody reads.
func watchingNothing(ctx context.Context, stop func(), bus *watch.Bus) *watching {
	unheard := &loser{}
	a := &app{out: &results{to: unheard}, console: &console{status: unheard, plain: unheard}, checkpoint: -1, recorded: -1, noTune: true}
	return &watching{app: a, whole: ctx, training: ctx, looking: ctx, close: stop, bus: bus, past: watch.NewBus()}
}

// TestDrawnPoints: points that the user draws become the data of a run, which has them in its folder.
func TestDrawnPoints(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := &startPage{w: watchingNothing(ctx, stop, watch.NewBus()), stop: func() {}}
	points := &watch.Points{Name: "drawn"}
	for i := range 100 {
		points.XY = append(points.XY, float32(i)/100, 1)
	}
	next, err := p.begins(watch.Choose{Name: "points", Set: "steps=2\nbatch=16", Points: points})
	if err != nil {
		t.Fatal(err)
	}
	stop() // the training ends at once
	if _, err := next(p.w); err != nil {
		t.Error(err)
	}
	made, err := filepath.Glob(filepath.Join(runsDir, "*"))
	if err != nil || len(made) != 1 {
		t.Fatalf("there are the runs %v, %v", made, err)
	}
	run := made[0]
	xy, err := data.ReadPoints(filepath.Join(run, "points.csv"))
	if err != nil || len(xy) != 200 || xy[1] != 4 {
		t.Errorf("the run's folder has %d numbers, %v", len(xy), err)
	}
	if said := must(t, "train", "--no-tune", "--resume", run, "--steps", "3"); !strings.Contains(said, "step 3/3") {
		t.Errorf("going on says %s", said)
	}
}

// TestStartPage: a dropped path becomes the data of the choices that can learn from it. An impossible request leaves the page, with one line.
func TestStartPage(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"verse.txt": strings.Repeat("Глагол ", 1000), "empty.txt": "", "noise.bin": "\xff\xfe\x00\x01", "line.csv": "x,y\n0,1\n1,2\n", "runs/bad/metrics.jsonl": "", "runs/bad/config.yaml": "{"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	bus := watch.NewBus()
	w := watchingNothing(ctx, stop, bus)
	ended := make(chan error, 1)
	go func() { ended <- w.run(choosing) }()
	for len(bus.Latest().Choices) == 0 {
		<-bus.Changed()
	}
	all := len(bus.Latest().Choices)
	for _, c := range []struct {
		r              watch.Request
		names, message string
	}{
		{watch.Learn{Path: filepath.Join(dir, "verse.txt")}, "text", ""},
		{watch.Learn{Path: dir}, "vae dcgan classifier vit", ""},
		{watch.Learn{Path: filepath.Join(dir, "line.csv")}, "points", ""},
		{watch.Learn{Path: dir}, "vae dcgan classifier vit", ""},
		{watch.Learn{Path: filepath.Join(dir, "noise.bin")}, "vae dcgan classifier vit", "noise.bin is neither a folder of pictures nor a text"},
		{watch.Learn{Path: filepath.Join(dir, "empty.txt")}, "vae dcgan classifier vit", "neither a folder"},
		{watch.Learn{Path: filepath.Join(dir, "none")}, "vae dcgan classifier vit", "no such file"},
		{watch.Choose{Name: "vae"}, "vae dcgan classifier vit", "no picture"},
		{watch.Open{Dir: "runs/bad"}, "vae dcgan classifier vit", "config.yaml"},
		{watch.Learn{}, "", ""},
		{watch.Choose{Name: "text"}, "", "drop a text"},
		{watch.Choose{Name: "points", Set: "steps=10\nbatch=0"}, "", "batch is 0 and must be at least 1"},
		{watch.Choose{Name: "points", Set: "model.depth=many"}, "", "model.depth"},
		{watch.Choose{Name: "points", Set: "steps="}, "", "steps"},
	} {
		bus.Send(watch.Pause{}) // which the page does not answer
		bus.Send(watch.Choose{Name: "nonsense"})
		bus.Send(c.r)
		late := time.After(20 * time.Second)
		for s := bus.Latest(); !answers(s, c.names, c.message, all); s = bus.Latest() {
			select {
			case <-bus.Changed():
			case <-late:
				t.Fatalf("%#v: the page has the message %q and the choices %v, want %q and %q", c.r, s.Message, s.Choices, c.message, c.names)
			}
		}
		if s := bus.Latest(); len(s.Recent) > 0 || strings.Contains(s.Message, "\n") {
			t.Errorf("%#v: the page is %+v", c.r, s)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// answers tells whether a start page has those choices, all of them if none is named, and such a message.
func answers(s *watch.Snapshot, choices, message string, all int) bool {
	var names []string
	for _, choice := range s.Choices {
		names = append(names, choice.Name)
	}
	if choices == "" && len(names) != all || choices != "" && strings.Join(names, " ") != choices {
		return false
	}
	return (s.Message == "") == (message == "") && strings.Contains(s.Message, message)
}

// TestNeeds: a choice is weighed without a step and without a folder, and takes its pace from an earlier run of the same settings alone.
func TestNeeds(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	const set = "batch=16\nmodel.hidden=32\nmodel.z=4\nsteps=50"
	var page watch.Snapshot
	for name, settings := range map[string]string{"same": set + "\nseed=7\nsteps=9", "other": "batch=16\nmodel.hidden=64\nmodel.z=4"} {
		cfg, _, err := configureChoice(t.Context(), "vae", settings, "")
		if err != nil {
			t.Fatal(err)
		}
		text, err := cfg.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		folder, err := train.CreateRun(filepath.Join("runs", name), text)
		if err != nil {
			t.Fatal(err)
		}
		if err := folder.Append(train.Record{Step: 8, ExamplesPerS: 320, Elapsed: time.Second}); err != nil {
			t.Fatal(err)
		}
		folder.Close()
		page.Recent = append(page.Recent, watch.Recent{Dir: folder.Dir})
	}
	a := &app{console: newConsole(), noTune: true}
	n := a.needs(t.Context(), watch.Weigh{Name: "vae", Set: set}, &page)
	if n.Problem != "" || n.Memory < 1<<16 || n.Device == "" || n.Steps != 50 || n.Run != filepath.Join("runs", "same") || n.StepSeconds != 0.05 {
		t.Errorf("got %+v", n)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
	n = a.needs(t.Context(), watch.Weigh{Name: "vae", Set: "batch=16\nmodel.z=0"}, &page)
	if !strings.Contains(n.Problem, "model.z is 0") || n.Memory != 0 || n.Run != "" {
		t.Errorf("with a wrong setting: got %+v", n)
	}
}
