package viewer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"genview/models/watch"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/inpututil"
)

// Options are a window's.
type Options struct {
	Title         string
	Width, Height int           // at scale 1; 0 for 1280 by 800
	Linger        time.Duration // the window closes by itself this long after the run is done; negative: it stays
}

// Run opens the window and shows what comes over the bus until the window is closed or ctx ends, neither of which is an
// error. It must be called from the main goroutine.
func Run(ctx context.Context, bus *watch.Bus, o Options, panels ...Panel) error {
	if err := CheckDisplay(); err != nil {
		return err
	}
	b, err := newBrush()
	if err != nil {
		return err
	}
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 800
	}
	narrow()
	ebiten.SetWindowTitle(o.Title)
	ebiten.SetWindowSize(o.Width, o.Height)
	ebiten.SetWindowSizeLimits(640, 480, -1, -1)
	ebiten.SetWindowResizingMode(ebiten.WindowResizingModeEnabled)
	ebiten.SetScreenClearedEveryFrame(false)
	ebiten.SetRunnableOnUnfocused(true)
	w := &window{ctx: ctx, bus: bus, options: o, state: NewState(panels...), brush: b}
	if err := ebiten.RunGameWithOptions(w, &ebiten.RunGameOptions{X11ClassName: "Genview", X11InstanceName: "genview"}); err != nil && !errors.Is(err, ebiten.Termination) {
		return fmt.Errorf("viewer: the window failed: %w", err)
	}
	return nil
}

// narrow has Mesa's OpenGL for processors make vectors of 256 bits at most: with 512 it crashes (Mesa 22.3). The variable is also
// lavapipe's, which takes them well and has read it when its device was opened, or is told again when it will be.
func narrow() {
	const name = "LP_NATIVE_VECTOR_WIDTH"
	if bits, _ := strconv.Atoi(os.Getenv(name)); bits > 256 {
		_ = os.Unsetenv(name) // which takes any name
	}
}

// CheckDisplay returns an error that says what to do where there can be no window.
func CheckDisplay() error { return displayError(runtime.GOOS, os.Getenv) }

// displayError says what to do where there can be no window.
func displayError(goos string, env func(string) string) error {
	switch goos {
	case "windows", "darwin":
		return nil
	}
	if env("DISPLAY") != "" {
		return nil
	}
	if env("WAYLAND_DISPLAY") != "" {
		return errors.New("viewer: there is no X display (DISPLAY is not set): start XWayland, or train without a window: genview train")
	}
	return errors.New("viewer: there is no display (DISPLAY is not set): train without a window: genview train")
}

// window is what Ebitengine runs.
type window struct {
	ctx     context.Context
	bus     *watch.Bus
	options Options
	state   *State
	brush   *brush

	outside Point // the window's size at scale 1
	scale   float64
	drawn   Point // the size of the newest drawing, in the window's own pixels
	redraw  bool
	active  bool // somebody's hand is on it
	touched time.Time
	cursor  Point
	pace    pacer
	typed   []rune
	done    time.Time
}

// LayoutF gives the drawing the window's own resolution.
func (w *window) LayoutF(width, height float64) (float64, float64) {
	w.scale = ebiten.Monitor().DeviceScaleFactor()
	w.outside = Point{width, height}
	return width * w.scale, height * w.scale
}

// Layout is not called: LayoutF is there.
func (w *window) Layout(int, int) (int, int) { panic("unreachable") }

// Update gathers what happened since the last tick.
func (w *window) Update() error {
	now := time.Now()
	s := w.bus.Latest()
	if w.ctx.Err() != nil || w.lingered(s, now) {
		return ebiten.Termination
	}
	x, y := ebiten.CursorPositionF()
	w.typed = ebiten.AppendInputChars(w.typed[:0])
	e := Events{
		Size:   w.outside,
		Cursor: Point{x / w.scale, y / w.scale},
		Down:   ebiten.IsMouseButtonPressed(ebiten.MouseButtonLeft),
		Typed:  string(w.typed),
		Keys:   Keys{Erase: repeats(ebiten.KeyBackspace), Enter: pressed(ebiten.KeyEnter, ebiten.KeyNumpadEnter), Escape: pressed(ebiten.KeyEscape)},
		Now:    now,
	}
	if e.Down || e.Typed != "" || e.Keys != (Keys{}) || e.Cursor != w.cursor {
		w.touched = now
	}
	w.cursor = e.Cursor
	w.active = now.Sub(w.touched) < time.Second/4
	w.redraw = w.state.Update(e, s, w.bus.Send) || w.redraw
	return nil
}

func pressed(keys ...ebiten.Key) bool { return slices.ContainsFunc(keys, inpututil.IsKeyJustPressed) }

// repeats reports whether a key was pressed just now, or is held long enough to count again, 30 times a second.
func repeats(k ebiten.Key) bool {
	const delay = 24 // ticks
	d := inpututil.KeyPressDuration(k)
	return inpututil.IsKeyJustPressed(k) || d > delay && d%2 == 0 // a key may be up again before a slow frame ends
}

// lingered reports whether the window has shown a finished run long enough.
func (w *window) lingered(s *watch.Snapshot, now time.Time) bool {
	if s.State != watch.Done || w.options.Linger < 0 {
		return false
	}
	if w.done.IsZero() {
		w.done = now
	}
	return now.Sub(w.done) >= w.options.Linger
}

// Draw draws when something looks different now, and not more often than pays.
func (w *window) Draw(screen *ebiten.Image) {
	now := time.Now()
	w.pace.tick(now)
	d := screen.Bounds()
	size := Point{float64(d.Dx()), float64(d.Dy())}
	if size == w.drawn && (!w.redraw || !w.pace.due(now, w.active)) {
		return
	}
	w.pace.draw(now)
	w.redraw, w.drawn = false, size
	w.state.Draw(w.brush.canvas(screen, w.scale))
	w.brush.sweep()
}
