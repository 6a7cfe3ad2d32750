package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"genview/models/family"
	"genview/models/film"
	"genview/models/run"
	"genview/tensor"
	"genview/vk"
	"genview/vk/present"
)

// screen shows pictures in a window, as [present.Screen] does.
type screen interface {
	Show() (shown bool, err error)
	Shot() (*image.RGBA, error)
	Paces() []vk.Pace
	Pace() vk.Pace
	SetPace(p vk.Pace)
	Close()
}

// presenter shows the pictures of a source of latents.
type presenter struct {
	ctx     context.Context
	app     *app
	window  present.OpenWindow
	screen  screen
	decode  *family.Decoding
	draw    func(z []float32) error            // has the device decode a latent vector
	source  func(t float64) ([]float32, error) // the latent vector at a time, in seeds
	player  player
	speaker *speaker
	want    vk.Pace // that the user has asked for
	pace    pace
	dir     string
	frames  int           // 0: no limit
	limit   time.Duration // 0: no limit
	refused string        // what the window system refused first, if the user knows it
	over    bool          // the user has ended it
}

// open compiles the program that decodes, and makes the screen that shows what it leaves.
func (p *presenter) open(s *run.Session, m family.DeviceDecoder, o present.Options) (err error) {
	if p.decode, err = m.Decoding(1); err != nil {
		return err
	}
	p.draw = p.decodes
	view, err := s.Runtime.View(p.decode.Pictures)
	if err == nil {
		c, h, w := m.Shape()
		p.screen, err = present.New(s.Device, p.window, present.Picture{View: view, C: c, H: h, W: w}, o)
	}
	if err != nil {
		p.decode.Close()
		return err
	}
	return nil
}

// paceNames lists paces.
func paceNames(paces []vk.Pace) string {
	var names []string
	for _, p := range paces {
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}

func (p *presenter) close() {
	p.speaker.close()
	p.screen.Close()
	p.decode.Close()
}

// run shows pictures until the window is closed, the context ends, or a limit is reached.
func (p *presenter) run() error {
	began := time.Now()
	last := began
	p.pace.refresh = p.window.Refresh()
	if got := p.screen.Pace(); got != p.want {
		p.app.notice(fmt.Sprintf("--vsync %s: the driver has no such thing for this window, but %s; it is %s now", p.want, paceNames(p.screen.Paces()), got))
	}
	for !p.ended(time.Since(began)) {
		for _, k := range p.window.Poll() {
			if err := p.press(k); err != nil {
				return err
			}
		}
		now := time.Now()
		p.player.advance(now.Sub(last))
		p.speaker.play(!p.player.paused)
		last = now
		shown, err := p.show()
		if err != nil && p.ctx.Err() == nil {
			return err
		}
		if text := p.window.Refused(); text != p.refused {
			p.refused = text
			p.app.notice(text + "; the window may lack something")
		}
		switch {
		case !shown:
			p.window.Wait()
			p.pace.rest()
		case p.pace.frame(time.Now()):
			p.window.Title(fmt.Sprintf("%s — %s, %.0f frames/s", p.dir, &p.player, p.pace.recent))
		}
	}
	return nil
}

// ended tells whether there is a reason to end after that time.
func (p *presenter) ended(after time.Duration) bool {
	return p.ctx.Err() != nil || p.over || p.window.Closing() ||
		p.frames > 0 && p.pace.frames >= p.frames || p.limit > 0 && after >= p.limit
}

// show shows the picture of where the player is, unless the window is minimised or hidden.
func (p *presenter) show() (shown bool, err error) {
	if w, h := p.window.Size(); w == 0 || h == 0 {
		return false, nil
	}
	z, err := p.player.latent(p.source)
	if err == nil {
		err = p.draw(z)
	}
	if err != nil {
		return false, err
	}
	return p.screen.Show()
}

// decodes has the device decode a latent vector after the picture before, for which it waits.
func (p *presenter) decodes(z []float32) error {
	return p.decode.Run(context.WithoutCancel(p.ctx), tensor.Feed{p.decode.Z: z})
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
		all := p.screen.Paces()
		next := all[(slices.Index(all, p.screen.Pace())+1)%len(all)]
		p.screen.SetPace(next)
		p.app.console.say("vsync %s, of %s", next, paceNames(all))
	case 's':
		return p.shoot()
	case '?', 'h':
		for line := range strings.Lines(presentKeys) {
			p.app.console.say("%s", strings.TrimSpace(line))
		}
	default:
		p.player.press(k)
	}
	return nil
}

// shoot writes what the window shows as a file. A file that cannot be written is no reason to end.
func (p *presenter) shoot() error {
	img, err := p.screen.Shot()
	if errors.Is(err, present.ErrNothing) {
		p.app.notice("no screenshot: nothing is shown yet")
		return nil
	}
	if err != nil {
		return err
	}
	name := time.Now().Format("genview-20060102-150405.000.png")
	f := film.Still(img, film.Trained)
	if s := p.app.loaded; s != nil {
		f.Watermark = p.app.markOf(s.Config)
	}
	if err := film.Write(name, f); err != nil {
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
	z := make([]float32, p.decode.Z.Len())
	ctx := context.WithoutCancel(p.ctx)
	if err := p.decode.Wait(ctx); err != nil {
		return 0, err
	}
	began, n := time.Now(), 0
	for n < most && (n == 0 || time.Since(began) < enough) {
		if err := errors.Join(p.draw(z), p.decode.Wait(ctx)); err != nil {
			return 0, err
		}
		n++
	}
	return time.Since(began) / time.Duration(n), nil
}
