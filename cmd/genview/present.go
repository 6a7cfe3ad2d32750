package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"genview/models/family"
	"genview/models/script"
	"genview/models/sound"
	"genview/models/walk"
	"genview/viewer"
	"genview/vk"
	"genview/vk/present"

	"github.com/spf13/cobra"
)

// presentFlags are what genview present is asked for.
type presentFlags struct {
	window  present.WindowOptions
	size    string
	pace    string
	scaling string
	seed    uint64
	speed   float64
	frames  int
	seconds float64
	script  string // drives the picture; "": it is an endless walk
	set     []string
	sound   string // that the walk follows; "": none
	mute    bool
	listens bool // to the microphone
}

func (a *app) present() *cobra.Command {
	f := &presentFlags{}
	c := &cobra.Command{
		Use:   "present RUN [FILE.star]",
		Short: "Show an endless walk through a run's latent space, full screen, without taking pictures to the host",
		Long: `Opens a window that shows an endless walk through the latent space of a run, or what a script makes of the time: its
function frame(t) is asked for a latent vector at each time t, in seconds (genview run --reference). The device that decodes
the pictures also shows them: they never leave its memory. At the end it says how fast that was.

With --sound the walk follows a WAV file, which is played through PulseAudio, PipeWire or ALSA (--mute: it is not): the louder
it is, the faster the walk goes and the farther from the mean, and each onset moves it to the next seed. --microphone has
it follow what PulseAudio or PipeWire hears.

` + presentKeys,
		Example: `  genview present runs/letters --fullscreen
  genview present runs/letters --size 1280x720 --vsync mailbox --speed 2
  genview present runs/letters scripts/examples/drift.star --set breath=6`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, words []string) error {
			if len(words) > 1 {
				f.script = words[1]
			}
			o, err := f.check(c.Flags().Changed)
			if err != nil {
				return err
			}
			if err := viewer.Display(); err != nil {
				return fmt.Errorf("%w, and genview present needs a window: genview walk %s makes a film without", err, words[0])
			}
			return a.windows.Run(c.Context(), func() error { return a.presentRun(c.Context(), words[0], f, o) })
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.window.Full, "fullscreen", false, "fill the monitor")
	fl.IntVar(&f.window.Monitor, "monitor", 0, "the monitor to open on, from 0")
	fl.StringVar(&f.size, "size", "1280x720", "size of the window")
	fl.StringVar(&f.pace, "vsync", "fifo", "when pictures are shown: fifo, each at a refresh of the screen; mailbox, the newest at a refresh; immediate, at once")
	fl.StringVar(&f.scaling, "scaling", "bicubic", "how pictures are scaled: bicubic, or nearest for squares of one colour")
	fl.Uint64Var(&f.seed, "seed", 1, "the seed of the first picture; the walk goes on to the next ones")
	fl.Float64Var(&f.speed, "speed", 0.5, "seeds that the walk passes in a second; of a script, seconds of its time, and of a sound, seeds at each onset (default 1)")
	fl.StringVar(&f.sound, "sound", "", "a WAV file that the walk follows, and that is played")
	fl.BoolVar(&f.listens, "microphone", false, "follow the microphone")
	fl.BoolVar(&f.mute, "mute", false, "do not play the sound")
	fl.StringArrayVar(&f.set, "set", nil, "a parameter of the script: name=value; can be repeated")
	fl.IntVar(&f.frames, "frames", 0, "end after this many frames (default: when the window is closed)")
	fl.Float64Var(&f.seconds, "seconds", 0, "end after this many seconds (default: when the window is closed)")
	return c
}

// check returns the options of the screen, or what is wrong with the flags. given tells which of them the user has written.
func (f *presentFlags) check(given func(name string) bool) (o present.Options, err error) {
	wrong := func(format string, a ...any) (present.Options, error) { return o, usageError{fmt.Errorf(format, a...)} }
	pace, ok := paceOf(f.pace)
	switch n, err := fmt.Sscanf(f.size+"\n", "%dx%d\n", &f.window.Width, &f.window.Height); {
	case n != 2 || err != nil || min(f.window.Width, f.window.Height) < 1 || max(f.window.Width, f.window.Height) > 16384:
		return wrong("--size %s: give width and height, as 1280x720", f.size)
	case !ok:
		return wrong("--vsync %s: choose %s%s", f.pace, strings.Join(vk.Paces(), ", "), meant(f.pace, vk.Paces()))
	case f.scaling != "bicubic" && f.scaling != "nearest":
		return wrong("--scaling %s: choose bicubic or nearest%s", f.scaling, meant(f.scaling, []string{"bicubic", "nearest"}))
	case !(f.speed >= 0 && f.speed <= maxSpeed):
		return wrong("--speed %g: give 0 to %d", f.speed, maxSpeed)
	case f.frames < 0:
		return wrong("--frames %d: give 0 or more", f.frames)
	case !(f.seconds >= 0):
		return wrong("--seconds %g: give 0 or more", f.seconds)
	case f.window.Monitor < 0:
		return wrong("--monitor %d: give 0 or more", f.window.Monitor)
	case f.script != "" && given("sound"):
		return wrong("--sound is for a walk: a script follows a sound by audio(path)")
	case f.listens && (f.script != "" || f.sound != ""):
		return wrong("--microphone is for a walk that follows nothing else: give it without a script and --sound")
	case f.sound == "" && given("mute"):
		return wrong("--mute is for --sound, and there is none")
	case f.script == "" && given("set"):
		return wrong("--set is for a script, and there is none: genview present RUN FILE.star")
	case f.script != "" && given("seed"):
		return wrong("--seed is for a walk: a script chooses seeds itself, perhaps by --set")
	}
	if (f.script != "" || f.sound != "" || f.listens) && !given("speed") {
		f.speed = 1
	}
	return present.Options{Smooth: f.scaling == "bicubic", Pace: pace}, nil
}

// paceOf returns the pace with that name.
func paceOf(name string) (vk.Pace, bool) {
	for i, n := range vk.Paces() {
		if n == name {
			return vk.Pace(i), true
		}
	}
	return 0, false
}

// presentRun shows a run until the user or a limit ends that. It is called on the main thread.
func (a *app) presentRun(ctx context.Context, dir string, f *presentFlags, o present.Options) (err error) {
	var in *script.Interpreter
	if f.script != "" {
		if in, err = a.driver(ctx, dir, f); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
	}
	mover, stop, err := f.mover()
	if err != nil {
		return err
	}
	defer stop()
	f.window.Title = dir
	w, err := present.Open(f.window)
	if err != nil {
		return err
	}
	defer w.Close()
	a.extensions = w.Extensions()
	s, m, err := opened[family.DeviceDecoder](ctx, a, dir)
	if err != nil {
		return instead(err, dir)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := &presenter{
		ctx: ctx, app: a, window: w, dir: dir, want: o.Pace, frames: f.frames, limit: time.Duration(f.seconds * float64(time.Second)),
		player: player{speed: f.speed, truncation: 1, unit: "seed", first: f.seed, mover: mover},
	}
	wander := walk.Wander(m.Z(), f.seed)
	p.source = func(t float64) ([]float32, error) { return wander(t), nil }
	if in != nil {
		p.player.unit, p.player.first = "second", 0
		p.source = func(t float64) ([]float32, error) { return in.Frame(ctx, t, m.Z()) }
		if _, err := p.source(0); err != nil {
			return err
		}
		if err := in.Unused(); err != nil {
			return err
		}
	}
	if err := p.open(s, m, o); err != nil {
		return instead(err, dir)
	}
	defer p.close()
	if f.sound != "" && !f.mute {
		if p.speaker, err = newSpeaker(f.sound); err != nil {
			a.notice("the sound cannot be played (" + err.Error() + "); the walk follows it all the same, and --mute leaves this out")
		}
	}
	a.console.say("showing %s at step %d on %s; ? says which keys there are", dir, s.Step, s.Device.Info().Name)
	if err := p.run(); err != nil {
		return err
	}
	return p.report()
}

// mover returns what moves the walk; nil: it goes on by itself. stop ends that.
func (f *presentFlags) mover() (m mover, stop func(), err error) {
	switch {
	case f.listens:
		meter, stop, err := listen()
		if err != nil {
			return nil, nil, err
		}
		return &listener{meter: meter}, stop, nil
	case f.sound != "":
		s, err := sound.Read(f.sound)
		if err != nil {
			return nil, nil, err
		}
		return follow(s), func() {}, nil
	}
	return nil, func() {}, nil
}

// driver runs a script that is to drive the picture. It opens the run for itself, on a device of its own.
func (a *app) driver(ctx context.Context, dir string, f *presentFlags) (*script.Interpreter, error) {
	params, err := parameters(f.set)
	if err != nil {
		return nil, err
	}
	source, err := readScript(f.script)
	if err != nil {
		return nil, err
	}
	in := script.New(script.Options{
		Run: dir, Set: params, Presents: true, Open: a.load, Abort: a.abort,
		Print: func(line string) { fmt.Fprintln(a.out, line) },
		Count: func(unit string, done, of int) { a.console.count(unit, done, of) },
	})
	if err := in.Run(ctx, f.script, source); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// instead says what else there is for a run if the driver cannot show pictures in windows.
func instead(err error, dir string) error {
	if errors.Is(err, vk.ErrCannotPresent) {
		return fmt.Errorf("%w (it needs an X server with DRI3, or Mesa's lavapipe): look at the run with genview view %s", err, dir)
	}
	return err
}
