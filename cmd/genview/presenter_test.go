package main

import (
	"context"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"genview/models/sound"
	"genview/vk"
	"genview/vk/present"
)

// sham is a window that is not there, and the keys that are pressed in it.
type sham struct {
	present.OpenWindow
	width      int // 0: it is minimised
	keys       []present.Key
	full, next bool
	waits      int
	title      string
	refused    string
}

func (s *sham) Full() bool              { return s.full }
func (s *sham) SetFull(on bool)         { s.full = on }
func (s *sham) NextMonitor()            { s.next = true }
func (s *sham) Refresh() float64        { return 50 }
func (s *sham) Size() (int, int)        { return s.width, s.width }
func (s *sham) Closing() bool           { return false }
func (s *sham) Title(text string)       { s.title = text }
func (s *sham) Refused() string         { return s.refused }
func (s *sham) Poll() (k []present.Key) { k, s.keys = s.keys, nil; return k }
func (s *sham) Wait()                   { s.waits++; time.Sleep(10 * time.Millisecond) }

// wall is a screen that nobody sees.
type wall struct {
	shows int
	paces []vk.Pace
	pace  vk.Pace
	fails error
}

func (w *wall) Show() (bool, error) { w.shows++; return w.fails == nil, w.fails }
func (w *wall) Paces() []vk.Pace    { return w.paces }
func (w *wall) Pace() vk.Pace       { return w.pace }
func (w *wall) SetPace(p vk.Pace)   { w.pace = p }
func (w *wall) Close()              {}
func (w *wall) Shot() (*image.RGBA, error) {
	if w.shows == 0 {
		return nil, present.ErrNothing
	}
	return image.NewRGBA(image.Rect(0, 0, 3, 2)), nil
}

// shamed returns a presenter in a window that is not there, and what it says.
func shamed(t *testing.T) (*presenter, *sham, *wall, *strings.Builder) {
	said := &strings.Builder{}
	window, screen := &sham{width: 2}, &wall{paces: []vk.Pace{vk.Fifo, vk.Immediate}}
	return &presenter{
		ctx: t.Context(), app: &app{console: &console{status: said, plain: said}}, window: window, screen: screen, dir: "run",
		draw: func([]float32) error { return nil }, source: func(float64) ([]float32, error) { return []float32{1}, nil }, player: player{speed: 1, truncation: 1},
	}, window, screen, said
}

// TestPresenterEnds: limits of frames and of time end it, also while the window is minimised; nothing is drawn then, and no processor busy.
func TestPresenterEnds(t *testing.T) {
	p, w, screen, said := shamed(t)
	draws := 0
	p.draw = func([]float32) error { draws++; return nil }
	p.frames, p.want = 5, vk.Mailbox
	if err := p.run(); err != nil || screen.shows != 5 || draws != 5 || w.waits > 0 {
		t.Errorf("%d shows of %d pictures, with %d waits, %v; want 5 without", screen.shows, draws, w.waits, err)
	}
	if want := "--vsync mailbox: the driver has no such thing for this window, but fifo, immediate; it is fifo now\n"; !strings.HasSuffix(said.String(), want) {
		t.Errorf("it says %q, want %q", said, want)
	}
	p, w, screen, said = shamed(t)
	p.draw = func([]float32) error { t.Error("a picture is drawn for a window without pixels"); return nil }
	w.width, w.refused, p.limit = 0, "the X server refused a request", 100*time.Millisecond
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	p.ctx = ctx
	if err := p.run(); err != nil || ctx.Err() != nil || w.waits < 2 || screen.shows > 0 {
		t.Errorf("%v, %v; %d waits, %d shows", err, ctx.Err(), w.waits, screen.shows)
	}
	if strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "the X server refused a request; the window may lack something") {
		t.Errorf("it says %q, want one line of the refused request", said)
	}
}

// TestPresenterKeys: keys for what is shown.
func TestPresenterKeys(t *testing.T) {
	t.Chdir(t.TempDir())
	p, w, screen, said := shamed(t)
	press := func(key present.Key, want string) {
		t.Helper()
		said.Reset()
		if err := p.press(key); err != nil || !strings.Contains(said.String(), want) {
			t.Errorf("%c: %v, %q, want %q", key, err, said, want)
		}
	}
	press('s', "nothing is shown yet")
	press('v', "vsync immediate, of fifo, immediate")
	press('v', "vsync fifo, of fifo, immediate")
	screen.paces = screen.paces[:1]
	press('v', "vsync fifo, of fifo")
	press('?', presentKeys)
	p.frames, w.keys = 1, []present.Key{'m'}
	if err := p.run(); err != nil || !w.next {
		t.Errorf("next monitor %t, %v", w.next, err)
	}
	press('s', "wrote genview-")
	files, err := filepath.Glob("genview-*.png")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, err := png.DecodeConfig(f); err != nil || c.Width != 3 || c.Height != 2 {
		t.Errorf("a screenshot of %d × %d, %v", c.Width, c.Height, err)
	}
	screen.fails = vk.ErrDeviceLost
	if err := p.run(); err != nil { // its only frame was shown
		t.Error(err)
	}
	p.frames = 2
	if err := p.run(); !errors.Is(err, vk.ErrDeviceLost) {
		t.Errorf("got %v, want %v", err, vk.ErrDeviceLost)
	}
}

// TestPresentKeys: each key does what the list of keys says.
func TestPresentKeys(t *testing.T) {
	w := &sham{}
	p := &presenter{window: w, player: player{speed: 1, truncation: 1, at: 2.5}}
	press := func(keys ...present.Key) {
		t.Helper()
		for _, k := range keys {
			if err := p.press(k); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, p.player)
		}
	}
	p.player.advance(100 * time.Millisecond)
	check("a tenth of a second at speed 1", p.player.at > 2.59 && p.player.at < 2.61)
	p.player.advance(time.Hour)
	check("after an hour without frames it is not far", p.player.at < 3)
	press(' ')
	at := p.player.at
	p.player.advance(time.Second / 10)
	check("it stands", p.player.at == at && strings.HasSuffix(p.player.String(), ", paused"))
	press(present.Right)
	check("the next seed", p.player.at == 3)
	press(present.Left)
	check("the one before", p.player.at == 2)
	press(present.Left, present.Left, present.Left)
	check("there is none before the first", p.player.at == 0)
	press('+', '+')
	check("twice as fast", p.player.speed > 1.99 && p.player.speed < 2.01)
	for range 40 {
		press('-')
	}
	check("it comes to rest", p.player.speed == 0)
	press(present.Up)
	check("and goes on", p.player.speed > 0)
	press('[', '[')
	check("nearer to the mean", p.player.truncation > 0.89 && p.player.truncation < 0.91)
	if z, err := p.player.latent(func(float64) ([]float32, error) { return []float32{10}, nil }); err != nil || z[0] < 8.9 || z[0] > 9.1 {
		t.Errorf("the latent is %v, %v", z, err)
	}
	press('f', 'm')
	if !w.full || !w.next || p.pace.refresh != 50 {
		t.Errorf("full %t, next monitor %t, %g Hz", w.full, w.next, p.pace.refresh)
	}
	press(present.F11, 'q')
	if w.full || !p.over {
		t.Error("F11 or q does nothing")
	}
	for _, key := range []string{"space", "+", "-", "up", "down", "]", "[", "right", "left", "s", "f", "F11", "m", "v", "?", "q", "Esc"} {
		if !regexp.MustCompile(`(^|[ (])` + regexp.QuoteMeta(key) + `[ );,]`).MatchString(presentKeys) {
			t.Errorf("the list of keys lacks %s", key)
		}
	}
}

// TestFollow: a walk follows a sound of two beats: a seed at each, and more while it is loud; quiet moments are nearer to the mean.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "beats.wav")
	beats(t, path)
	s, err := sound.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	follower := follow(s)
	p := player{speed: 1, truncation: 1, mover: follower}
	const tick = 10 * time.Millisecond
	var at []float64
	loud := 0.0
	for range 100 { // twice
		p.advance(tick)
		at = append(at, p.at)
		loud += s.Loudness(follower.at) * tick.Seconds()
		if f := follower.factor(); f < 0.5 || f > 1 {
			t.Errorf("the factor is %g", f)
		}
	}
	if first, pause := at[9]-at[0], at[24]-at[15]; first < 2*pause || pause <= 0 {
		t.Errorf("in the first tenth of a second it goes %.3f seeds, and before the second beat %.3f", first, pause)
	}
	if beat := at[24] - at[0]; beat < 0.7 || beat > 1.3 {
		t.Errorf("from one beat to the next it goes %.3f seeds", beat)
	}
	if once, twice := at[49], at[99]; math.Abs(twice-2*once) > 1e-6 || math.Abs(twice-loud-4) > 0.3 {
		t.Errorf("it goes %.3f seeds, and %.3f in two turns of the sound, of which %.3f are loudness", once, twice, loud)
	}
	p.paused = true
	if p.advance(time.Second); p.at != at[99] {
		t.Error("a pause moves it")
	}
	if text := p.String(); !strings.Contains(text, "s of the sound, paused") {
		t.Errorf("it says %q", text)
	}
}

// TestListen: a walk follows what a meter says: by one seed for each onset, and more while it is loud.
func TestListen(t *testing.T) {
	const rate, tick = 8000, 10 * time.Millisecond
	l := &listener{meter: sound.NewMeter(rate)}
	p := player{speed: 1, truncation: 1, mover: l}
	hear := func(amplitude float32, seconds float64) (seeds float64) {
		before := p.at
		for range int(seconds * 100) {
			for i := range rate / 100 {
				_, _ = l.meter.Write([]float32{amplitude * float32(1-2*(i%2))}) // returns no error
			}
			p.advance(tick)
		}
		return p.at - before
	}
	if got := hear(0, 0.5); got != 0 || l.factor() != quiet {
		t.Errorf("silence moves it by %g seeds, with the factor %g", got, l.factor())
	}
	if got := hear(0.3, 1); got < 1.9 || got > 2.1 || l.factor() < 0.95 {
		t.Errorf("a sound of a second moves it by %g seeds, want one and the second; the factor is %g", got, l.factor())
	}
	if got := hear(0, 1); got < 0 || got > 0.05 {
		t.Errorf("silence moves it by %g seeds", got)
	}
	if text := p.String(); !strings.HasSuffix(text, ", 1 sounds heard") {
		t.Errorf("it says %q", text)
	}
}

// TestAudible: without anything that plays sounds that is said, and no library asked.
func TestAudible(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"XDG_RUNTIME_DIR": dir}
	get := func(name string) string { return env[name] }
	if cards, _ := filepath.Glob("/dev/snd/pcm*p"); len(cards) == 0 && audible("linux", get) == nil {
		t.Error("sounds could be played without a card and PulseAudio")
	}
	if err := os.MkdirAll(filepath.Join(dir, "pulse", "native"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(audible("linux", get), audible("windows", os.Getenv)); err != nil {
		t.Error(err)
	}
	env = map[string]string{"PULSE_SERVER": "tcp:host"}
	if err := audible("linux", get); err != nil {
		t.Error(err)
	}
}

// TestFrames: frames/s, the 99th percentile and the dropped frames of known times.
func TestFrames(t *testing.T) {
	p := pace{refresh: 100}
	now := time.Unix(1000, 0)
	for i := range 201 {
		now = now.Add(10 * time.Millisecond)
		if i == 100 {
			now = now.Add(30 * time.Millisecond) // three refreshes without a frame
		}
		p.frame(now)
	}
	p.rest()
	p.frame(now.Add(time.Hour)) // after a rest nothing is late
	const want = "202 frames at 98.5 frames/s, 99 of 100 within 10.25 ms, 3 dropped at a refresh of 100 Hz"
	if got := p.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if q := p.quantile(1); q < 40*time.Millisecond || q > 41*time.Millisecond {
		t.Errorf("the longest is %v", q)
	}
	if p.recent < 95 || p.recent > 105 {
		t.Errorf("%.1f frames/s", p.recent)
	}
}
