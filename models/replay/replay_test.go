package replay_test

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/film"
	"genview/models/record"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/safetensors"
	"genview/models/train"
	"genview/models/watch"
	"genview/vk"
	"genview/vk/vktest"
)

// pixel returns a picture of one grey.
func pixel(v byte) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = v
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

// look is what a run looked like at a step.
func look(step int) []watch.View {
	return []watch.View{&watch.Pictures{Name: "Samples", Images: []*image.RGBA{pixel(byte(step))}}, &watch.Latent{Name: "Latent space", Z: 2}}
}

// recorded writes looks into the recording of a run folder, with weights at steps, and returns the folder.
func recorded(t *testing.T, dir string, weights func(step int) []safetensors.Tensor, steps ...int) *train.Run {
	t.Helper()
	w, err := record.NewWriter(filepath.Join(dir, "record"), 1<<20, slices.Max(append(steps, 0)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		var read record.Weights
		if weights != nil {
			read = func() ([]safetensors.Tensor, error) { return weights(step), nil }
		}
		if err := w.Last(step, look(step), read); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &train.Run{Dir: dir}
}

// stage is a run's past that is played.
type stage struct {
	t    *testing.T
	past *watch.Bus
	end  func() // ends Play, and waits for it
}

func play(t *testing.T, o replay.Options) *stage {
	ctx, stop := context.WithCancel(t.Context())
	s, ended := &stage{t: t, past: watch.NewBus()}, make(chan struct{})
	go func() {
		replay.Play(ctx, s.past, o)
		close(ended)
	}()
	s.end = func() {
		stop()
		<-ended
	}
	t.Cleanup(s.end)
	return s
}

// until waits for a snapshot.
func (s *stage) until(bus *watch.Bus, what string, is func(s *watch.Snapshot) bool) *watch.Snapshot {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		switch now := bus.Latest(); {
		case is(now):
			return now
		case time.Now().After(end):
			s.t.Fatalf("no snapshot is %s: the newest is %+v, past %+v", what, now, now.Past)
		}
	}
}

func shows(step int) func(s *watch.Snapshot) bool {
	return func(s *watch.Snapshot) bool { return s.Past != nil && s.Past.Shown == step }
}

// TestSeek: each recorded step is shown, between two of them the earlier one; steps that are recorded meanwhile are found.
func TestSeek(t *testing.T) {
	dir := t.TempDir()
	s := play(t, replay.Options{Folder: &train.Run{Dir: dir}})
	s.past.Send(watch.Seek{Step: 3})
	s.until(s.past, "a remark that nothing is recorded", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "there is no recording") })
	recorded(t, dir, nil, 0, 3, 40)
	s.until(s.past, "of three steps", func(s *watch.Snapshot) bool { return slices.Equal(s.Past.Steps, []int{0, 3, 40}) && s.Past.Shown < 0 })
	for ask, want := range map[int]int{0: 0, 2: 0, 3: 3, 39: 3, 1000: 40} {
		s.past.Send(watch.Seek{Step: ask})
		got := s.until(s.past, "of the step", shows(want))
		if v := watch.Find[*watch.Pictures](got.Views, "Samples"); v.Images[0].Pix[0] != byte(want) || got.LookStep != want {
			t.Errorf("step %d shows the picture of step %d, want %d", ask, v.Images[0].Pix[0], want)
		}
		if got.Past.Weights >= 0 {
			t.Errorf("step %d is said to have weights", ask)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "record", "step-00000003.0.png"), []byte("no PNG"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.past.Send(watch.Seek{Step: 3})
	got := s.until(s.past, "a remark of what is damaged", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "lost: step 3") })
	if len(got.Views) != 1 || got.Past.Shown != 3 {
		t.Errorf("of a damaged step %d views are shown", len(got.Views))
	}
	if err := os.WriteFile(filepath.Join(dir, "record", "step-00000040.jsonl"), []byte(`{"kind": "hologram"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	s.past.Send(watch.Seek{Step: 41})
	got = s.until(s.past, "a remark of what cannot be read", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "nothing of step 40 can be read") })
	if len(got.Views) != 0 || got.Past.Shown != 40 || !strings.Contains(got.Notice, "no kind of view that this version knows") {
		t.Errorf("of a step that cannot be read is shown %+v, and said %q", got.Views, got.Notice)
	}
}

// TestFilm: the range of a film is written in each format while requests are served, to files that are not there yet.
func TestFilm(t *testing.T) {
	dir := t.TempDir()
	var said []string
	s := play(t, replay.Options{Folder: recorded(t, dir, nil, 1, 2, 3, 5, 8), Say: func(line string) { said = append(said, line) }})
	s.until(s.past, "of five steps", func(s *watch.Snapshot) bool { return s.Past != nil && len(s.Past.Steps) == 5 })
	for _, c := range []struct{ format, file string }{
		{".gif", "samples-step-2-5.gif"},
		{".apng", "samples-step-2-5.apng"},
		{"/", "samples-step-2-5"},
		{".gif", "samples-step-2-5-2.gif"}, // nothing is overwritten
	} {
		s.past.Send(watch.Film{View: "Samples", From: 2, To: 5, Format: c.format})
		path := filepath.Join(dir, "films", c.file)
		s.until(s.past, "a remark of where the film is", func(s *watch.Snapshot) bool { return strings.TrimRight(s.Notice, "/") == "saved "+path })
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, step := range []int{2, 3, 5} {
		if _, err := os.Stat(film.PictureName(filepath.Join(dir, "films", "samples-step-2-5"), step)); err != nil {
			t.Error(err)
		}
	}
	for want, f := range map[string]watch.Film{
		"nothing is recorded between": {View: "Samples", From: 6, To: 7, Format: ".gif"},
		"there is Samples":            {View: "Latent space", From: 1, To: 8, Format: ".gif"},
		".bmp":                        {View: "Samples", From: 1, To: 8, Format: ".bmp"},
	} {
		s.past.Send(f)
		s.until(s.past, want, func(s *watch.Snapshot) bool {
			return strings.Contains(s.Notice, "there is no film: ") && strings.Contains(s.Notice, want)
		})
	}
	s.past.Send(watch.Film{View: "Samples", From: 1, To: 8, Format: ".gif"})
	s.until(s.past, "a remark of a film that is made or saved", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "film") })
	s.end()
	if _, err := os.Stat(filepath.Join(dir, "films", "samples-step-1-8.gif")); err != nil {
		t.Errorf("whoever closes the window loses the film: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "films"))
	if err != nil || len(left) != 5 {
		t.Errorf("there are %v, %v; want five films", left, err)
	}
}

// TestDraw: curves are drawn into files that are not there yet; a run that has logged nothing says so.
func TestDraw(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(t.TempDir(), "other")
	others := `{"step":1,"loss":3,"elapsed_s":1}` + "\n" + `{"step":2,"loss":2,"elapsed_s":3}` + "\n"
	if err := errors.Join(os.Mkdir(other, 0o755), os.WriteFile(filepath.Join(other, "metrics.jsonl"), []byte(others), 0o644)); err != nil {
		t.Fatal(err)
	}
	folder := recorded(t, dir, nil, 1, 2)
	folder.Beside = []string{other}
	s := play(t, replay.Options{Folder: folder})
	s.past.Send(watch.Draw{})
	s.until(s.past, "a remark that there are no metrics", func(s *watch.Snapshot) bool { return strings.Contains(s.Notice, "has no metrics yet") })
	if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(`{"step":1,"loss":2,"kl":1,"elapsed_s":1}`+"\n"+`{"step":2,"loss":1,"kl":2,"elapsed_s":2}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"curves-step-2", "curves-step-2-2"} {
		path := filepath.Join(dir, "films", name)
		s.past.Send(watch.Draw{Only: []string{"loss", "loss · other"}, Time: true})
		s.until(s.past, "a remark of where the curves are", func(s *watch.Snapshot) bool { return s.Notice == "saved "+path+".svg, .png, .csv" })
		for ending, want := range map[string]string{".svg": "time trained", ".png": "PNG", ".csv": "run,step,time,elapsed_s,examples_per_s,loss\n"} {
			if p, err := os.ReadFile(path + ending); err != nil || !strings.Contains(string(p), want) {
				t.Errorf("%s%s has no %q (%v)", name, ending, want, err)
			}
		}
	}
	s.end()
}

// TestFilmIsCutOff: Ctrl-C leaves no half film.
func TestFilmIsCutOff(t *testing.T) {
	dir := t.TempDir()
	recorded(t, dir, nil, 1, 2, 3)
	r, err := record.Open(filepath.Join(dir, "record"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	f := replay.Film{Recording: r, View: "samples", Watermark: "7", From: 1, To: 3, FPS: 10, Count: func(unit string, done, _ int) {
		if unit == "pictures" && done == 2 {
			stop()
		}
	}}
	made, err := f.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if made.Watermark != "7" || made.Source != film.Trained {
		t.Errorf("the film is %s, with the watermark %q", made.Source, made.Watermark)
	}
	if err := film.Write(filepath.Join(dir, "cut.gif"), made); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v; want the recording alone", left, err)
	}
}

// opened returns a copy of a run of package run's tests.
func opened(t *testing.T, name string) (run.Host, *run.Session) {
	t.Helper()
	vktest.Open(t) // skips the test without a device
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../run/testdata", name))); err != nil {
		t.Fatal(err)
	}
	h := run.Host{NoTuning: true, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }}
	own, err := h.Open(t.Context(), dir, run.Newest, run.Place{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, own
}

// weights returns a function with other weights for each step.
func weights(t *testing.T, own *run.Session) func(step int) []safetensors.Tensor {
	t.Helper()
	var base [][]float32
	for _, n := range own.Model.Drawn() {
		v := make([]float32, n.Tensor.Len())
		if err := own.Runtime.Read(n.Tensor, v); err != nil {
			t.Fatal(err)
		}
		base = append(base, v)
	}
	return func(step int) (all []safetensors.Tensor) {
		for k, n := range own.Model.Drawn() {
			v := make([]float32, len(base[k]))
			for i, x := range base[k] {
				v[i] = x * float32(step) / 8
			}
			all = append(all, safetensors.Tensor{Name: n.Name, Shape: n.Tensor.Shape(), Values: v})
		}
		return all
	}
}

// TestTypedText: a text is read with the weights of the step that is shown, also those that are shown later.
func TestTypedText(t *testing.T) {
	h, own := opened(t, "text")
	views, err := own.Model.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(views, func(v watch.View) bool { _, ok := v.(*watch.HeatMaps); return ok })
	name := views[i].Title()
	was := views[i].(*watch.HeatMaps).Prompt.Text
	w, err := record.NewWriter(filepath.Join(own.Folder.Dir, "record"), 1<<20, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	of := weights(t, own)
	for _, step := range []int{1, 8, 80} {
		if err := w.Last(step, views, func() ([]safetensors.Tensor, error) { return of(step), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := play(t, replay.Options{Folder: own.Folder, Open: func(ctx context.Context, step int) (*run.Session, error) {
		return h.OpenRecorded(ctx, own.Folder.Dir, step, run.Place{})
	}})
	reads := func(step int, text string) []float32 {
		t.Helper()
		s.past.Send(watch.Seek{Step: step})
		got := s.until(s.past, text, func(s *watch.Snapshot) bool {
			m := watch.Find[*watch.HeatMaps](s.Views, name)
			return s.Past != nil && s.Past.Shown == step && m != nil && m.Prompt.Text == text
		})
		return watch.Find[*watch.HeatMaps](got.Views, name).Maps[0].Values
	}
	reads(8, was)
	s.past.Send(watch.Attend{Text: "a bee"})
	at8 := reads(8, "a bee")
	at80 := reads(80, "a bee")
	if slices.Equal(at8, at80) || !slices.Equal(reads(8, "a bee"), at8) {
		t.Error("a step's weights do not decide how a text is read")
	}
}

// TestWeightsOfTheStep: latent vectors are decoded with the weights of the step that is asked for, by a model that is opened for that, and
// with those of now on the bus of now.
func TestWeightsOfTheStep(t *testing.T) {
	h, own := opened(t, "vae")
	dir := own.Folder.Dir
	of := weights(t, own)
	folder := recorded(t, dir, of, 0, 1)
	d, err := run.As[interface{ Z() int }](own)
	if err != nil {
		t.Fatal(err)
	}
	z := make([]float32, d.Z())
	z[0] = 2
	drawn := func(bus *watch.Bus, step int) []byte {
		t.Helper()
		reply := make(chan []*image.RGBA, 1)
		bus.Send(watch.Decode{Z: [][]float32{z}, Step: step, Reply: func(p []*image.RGBA) { reply <- p }})
		select {
		case p := <-reply:
			return p[0].Pix
		case <-time.After(time.Minute):
			t.Fatalf("step %d is not answered: %q", step, bus.Latest().Notice)
			return nil
		}
	}
	s := play(t, replay.Options{Folder: folder, Open: func(ctx context.Context, step int) (*run.Session, error) {
		return h.OpenRecorded(ctx, dir, step, run.Place{})
	}})
	first, second := drawn(s.past, 0), drawn(s.past, 1)
	if slices.Equal(first, second) || !slices.Equal(drawn(s.past, 0), first) {
		t.Error("a step's weights do not decide what is drawn")
	}
	s.end()

	live := watch.NewBus()
	live.Publish(&watch.Snapshot{State: watch.Done, Step: own.Step})
	s = play(t, replay.Options{Folder: folder, Session: own, Live: live})
	present := drawn(live, 0)
	if slices.Equal(present, second) || !slices.Equal(drawn(s.past, 1), second) || !slices.Equal(drawn(live, 0), present) {
		t.Error("what is now and what was are drawn with the same weights")
	}
	recorded(t, dir, of, 0, 1, 40)
	got := s.until(live, "of step 40", func(s *watch.Snapshot) bool { return s.Step == 40 })
	if got.State != watch.Done || got.LookStep != 40 || watch.Find[*watch.Pictures](got.Views, "Samples").Images[0].Pix[0] != 40 {
		t.Errorf("a run that another process has trained shows %+v", got)
	}
	if slices.Equal(drawn(live, 0), present) {
		t.Error("what is now is drawn with weights of before")
	}
	writer := &train.Run{Dir: dir}
	if err := writer.Lock(); err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	s.until(live, "of a run that is trained", func(s *watch.Snapshot) bool { return s.State == watch.Following })
}
