package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"genview/models/family"
	"genview/models/picture"
	"genview/models/run"
	"genview/models/walk"
	"genview/tensor"
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
}

func (a *app) present() *cobra.Command {
	f := &presentFlags{}
	c := &cobra.Command{
		Use:   "present RUN",
		Short: "Show an endless walk through a run's latent space, full screen, without taking pictures to the host",
		Long: `Opens a window that shows an endless walk through the latent space of a run. The device that decodes the pictures
also shows them: they never leave its memory. At the end it says how fast that was.

` + presentKeys,
		Example: `  genview present runs/letters --fullscreen
  genview present runs/letters --size 1280x720 --vsync mailbox --speed 2`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			o, err := f.check()
			if err != nil {
				return err
			}
			err = viewer.CheckDisplay()
			if errors.Is(err, viewer.ErrNoDisplay) {
				return fmt.Errorf("%w, and genview present needs one: genview walk %s makes a film without", viewer.ErrNoDisplay, runs[0])
			}
			if err != nil {
				return err
			}
			return a.windows.Run(c.Context(), func() error { return a.presentRun(c.Context(), runs[0], f, o) })
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.window.Full, "fullscreen", false, "fill the monitor")
	fl.IntVar(&f.window.Monitor, "monitor", 0, "the monitor to open on, from 0")
	fl.StringVar(&f.size, "size", "1280x720", "size of the window")
	fl.StringVar(&f.pace, "vsync", "fifo", "when pictures are shown: fifo, each at a refresh of the screen; mailbox, the newest at a refresh; immediate, at once")
	fl.StringVar(&f.scaling, "scaling", "bicubic", "how pictures are scaled: bicubic, or nearest for squares of one colour")
	fl.Uint64Var(&f.seed, "seed", 1, "the seed of the first picture; the walk goes on to the next ones")
	fl.Float64Var(&f.speed, "speed", 0.5, "seeds that the walk passes in a second")
	fl.IntVar(&f.frames, "frames", 0, "end after this many frames (default: when the window is closed)")
	fl.Float64Var(&f.seconds, "seconds", 0, "end after this many seconds (default: when the window is closed)")
	return c
}

// check returns the options of the screen, or what is wrong with the flags.
func (f *presentFlags) check() (o present.Options, err error) {
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
	w, err := present.Open(f.window)
	if err != nil {
		return err
	}
	defer w.Close()
	a.extensions = w.Extensions()
	s, m, err := opened[family.DeviceDecoder](ctx, a, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := &presenter{
		ctx: ctx, app: a, window: w, dir: dir, frames: f.frames, limit: time.Duration(f.seconds * float64(time.Second)),
		source: walk.Wander(m.Z(), f.seed), player: player{speed: f.speed, truncation: 1, seed: f.seed},
	}
	if err := p.open(s, m, o); err != nil {
		return err
	}
	defer p.close()
	a.console.say("showing %s at step %d on %s; ? says which keys there are", dir, s.Step, s.Device.Info().Name)
	if err := p.run(); err != nil {
		return err
	}
	return p.report()
}

// presenter shows the pictures of a source of latents.
type presenter struct {
	ctx    context.Context
	app    *app
	window present.OpenWindow
	screen *present.Screen
	decode *family.Decoding
	source func(t float64) []float32 // the latent vector at a time, in seeds
	player player
	pace   pace
	dir    string
	frames int           // 0: no limit
	limit  time.Duration // 0: no limit
	over   bool          // the user has ended it
}

// open compiles the program that decodes, and makes the screen that shows what it leaves.
func (p *presenter) open(s *run.Session, m family.DeviceDecoder, o present.Options) (err error) {
	if p.decode, err = m.Decoding(1); err != nil {
		return err
	}
	view, err := s.Runtime.View(p.decode.Pictures)
	if err == nil {
		c, h, w := m.Shape()
		p.screen, err = present.New(s.Device, p.window, present.Picture{View: view, C: c, H: h, W: w}, o)
	}
	if errors.Is(err, vk.ErrCannotPresent) {
		err = fmt.Errorf("%w (it needs an X server with DRI3, or Mesa's lavapipe): look at the run with genview view %s", err, p.dir)
	}
	if err != nil {
		p.decode.Close()
	}
	return err
}

func (p *presenter) close() {
	p.screen.Close()
	p.decode.Close()
}

// run shows pictures until the window is closed, the context ends, or a limit is reached.
func (p *presenter) run() error {
	began := time.Now()
	last := began
	p.pace.refresh = p.window.Refresh()
	for p.ctx.Err() == nil && !p.over && !p.window.Closing() {
		for _, k := range p.window.Poll() {
			if err := p.press(k); err != nil {
				return err
			}
		}
		now := time.Now()
		p.player.advance(now.Sub(last))
		last = now
		if err := p.decodes(p.player.latent(p.source)); err != nil {
			return err
		}
		shown, err := p.screen.Show()
		if err != nil {
			return err
		}
		if !shown {
			p.window.Wait()
			p.pace.rest()
			continue
		}
		if p.pace.frame(time.Now()) {
			p.window.Title(fmt.Sprintf("%s — %s, %.0f frames/s", p.dir, &p.player, p.pace.recent))
		}
		if p.frames > 0 && p.pace.frames >= p.frames || p.limit > 0 && time.Since(began) >= p.limit {
			return nil
		}
	}
	return nil
}

// decodes has the device decode a latent vector once it has shown the picture before; it does not wait for it.
func (p *presenter) decodes(z []float32) error {
	return p.decode.Run(context.WithoutCancel(p.ctx), tensor.Feed{p.decode.Z: z}) // waits for one picture at most
}

// press does what a key means.
func (p *presenter) press(k present.Key) error {
	w := p.window
	switch k {
	case present.Escape, 'q':
		p.over = true
	case 'f', present.F11:
		w.SetFull(!w.Full())
	case 'm':
		w.NextMonitor()
		p.pace.refresh = w.Refresh()
	case 'v':
		want := (p.screen.Pace() + 1) % vk.Pace(len(vk.Paces()))
		p.screen.SetPace(want)
		p.app.console.say("vsync %s", want)
	case 's':
		return p.shoot()
	case '?', 'h':
		p.app.console.say("%s", presentKeys)
	default:
		p.player.press(k)
	}
	return nil
}

// shoot writes what the window shows as a file. A file that cannot be written is no reason to end.
func (p *presenter) shoot() error {
	img, err := p.screen.Shot()
	if errors.Is(err, present.ErrNothing) {
		return nil
	}
	if err != nil {
		return err
	}
	name := time.Now().Format("genview-20060102-150405.000.png")
	if err := picture.Save(name, img); err != nil {
		p.app.notice(err.Error())
		return nil
	}
	p.app.console.say("wrote %s", name)
	return nil
}

// report says how fast pictures were shown, and how fast they are decoded alone.
func (p *presenter) report() error {
	if p.pace.frames == 0 {
		return nil
	}
	decode, err := p.decodeTime()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.app.out, "%s\nto decode a picture takes %s\n", &p.pace, milliseconds(decode))
	return nil
}

// decodeTime returns the mean time of decoding a picture while nothing is shown.
func (p *presenter) decodeTime() (time.Duration, error) {
	const most, enough = 64, 300 * time.Millisecond
	z := p.player.latent(p.source)
	ctx := context.WithoutCancel(p.ctx)
	if err := p.decode.Wait(ctx); err != nil {
		return 0, err
	}
	began, n := time.Now(), 0
	for n < most && (n == 0 || time.Since(began) < enough) {
		if err := errors.Join(p.decodes(z), p.decode.Wait(ctx)); err != nil {
			return 0, err
		}
		n++
	}
	return time.Since(began) / time.Duration(n), nil
}
