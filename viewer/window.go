package viewer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"genview/models/lettering"
	"genview/models/watch"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/inpututil"
)

// Options are the options of a window.
type Options struct {
	Title         string
	Width, Height int           // at scale 1; 0 means 1280 by 800
	Linger        time.Duration // the window closes this long after the run is done; negative: it stays open
	Past          *watch.Bus    // of the run's past, as package replay serves it; nil for none
	Opened        func()        // called when the window first draws; nil for none
	Remember      string        // the file of the preferences; "": nothing is remembered
	Notice        func(string)  // is told of a file that cannot be read or written; nil for none
	CacheDir      string        // for the index of the system's fonts; "": they are not used
	Observe       func(Frame)   // is told of every frame, from the window's goroutine; nil for none
}

// ErrLost says that an open window ended although nobody closed it: its X server is gone, or drawing failed. The program can continue
// without it.
var ErrLost = errors.New("the window was lost")

// patience is how long Run waits for a window to close.
const patience = 3 * time.Second

// Run opens a window on t and shows the snapshots of the bus until the window is closed or ctx ends; neither is an error. It must not be
// called from the goroutine that serves t. A process can run one window.
//
// The error is [ErrLost] if the window had been open; any other says why it cannot be opened and what to do.
func Run(ctx context.Context, t *Thread, bus *watch.Bus, o Options) error {
	if err := CheckDisplay(); err != nil {
		return err
	}
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 800
	}
	w := &window{ctx: ctx, bus: bus, options: o, state: NewState(o.Past), method: newInputMethod(), clipboard: newClipboard()}
	var err error
	if w.brush, err = newBrush(lettering.Options{CacheDir: o.CacheDir, Found: func() { w.found.Store(true) }}); err != nil {
		return err
	}
	w.brush.observed = o.Observe != nil
	w.recall()
	err = t.run(ctx, w.run)
	w.memory.close()
	switch {
	case err == nil:
		return nil
	case w.shown.Load():
		return fmt.Errorf("viewer: %w: %w", ErrLost, err)
	}
	return cannotOpen(fmt.Errorf("%w (OpenGL 3.2 or OpenGL ES 3 is needed; LIBGL_DEBUG=verbose says more)", err))
}

func cannotOpen(err error) error {
	return fmt.Errorf("viewer: the window cannot be opened: %w; train without a window: genview train", err)
}

// recall makes the window as it was when it was closed.
func (w *window) recall() {
	w.memory.path, w.memory.notice, w.user = w.options.Remember, w.options.Notice, 1
	if w.memory.path == "" {
		return
	}
	p, err := ReadPreferences(w.memory.path)
	if err != nil && w.options.Notice != nil {
		w.options.Notice(err.Error())
	}
	w.state.now, w.memory.kept, w.memory.newest = p, p, p
	if p.Scale > 0 {
		w.user = p.Scale
	}
}

// run runs the window on the main thread.
func (w *window) run() error {
	narrow()
	ebiten.SetWindowTitle(w.options.Title)
	ebiten.SetWindowSize(w.options.Width, w.options.Height)
	ebiten.SetWindowSizeLimits(640, 480, -1, -1)
	ebiten.SetWindowResizingMode(ebiten.WindowResizingModeEnabled)
	ebiten.SetScreenClearedEveryFrame(false)
	ebiten.SetRunnableOnUnfocused(true)
	err := ebiten.RunGameWithOptions(w, &ebiten.RunGameOptions{X11ClassName: "Genview", X11InstanceName: "genview"})
	if errors.Is(err, ebiten.Termination) {
		return nil
	}
	return err
}

// narrow limits the vectors of Mesa's software OpenGL to 256 bits: with 512 it crashes (Mesa 22.3). lavapipe uses the same variable and
// works with 512; it has read the variable when its device was opened, and package vk sets it again for the next one.
func narrow() {
	const name = "LP_NATIVE_VECTOR_WIDTH"
	if bits, _ := strconv.Atoi(os.Getenv(name)); bits > 256 {
		_ = os.Unsetenv(name) // works for every name
	}
}

// ErrNoDisplay says that no display is set in the environment.
var ErrNoDisplay = errors.New("there is no display (DISPLAY is not set)")

// CheckDisplay returns an error with a remedy if no window can be opened. If no display is set, it is [ErrNoDisplay].
func CheckDisplay() error {
	if err := displayError(runtime.GOOS, os.Getenv); err != nil {
		return err
	}
	if err := connect(); err != nil {
		return cannotOpen(err)
	}
	return nil
}

// Display is CheckDisplay without a remedy, for commands that have others.
func Display() error {
	if displayError(runtime.GOOS, os.Getenv) != nil {
		return ErrNoDisplay
	}
	return connect()
}

// displayError returns an error with a remedy if no display is set.
func displayError(goos string, env func(string) string) error {
	switch {
	case goos == "windows" || goos == "darwin" || env("DISPLAY") != "":
		return nil
	case env("WAYLAND_DISPLAY") != "":
		return fmt.Errorf("viewer: %w: start XWayland, or train without a window: genview train", ErrNoDisplay)
	}
	return fmt.Errorf("viewer: %w: train without a window: genview train", ErrNoDisplay)
}

// window implements [ebiten.Game].
type window struct {
	ctx     context.Context
	bus     *watch.Bus
	options Options
	state   *State
	brush   *brush

	method    *inputMethod
	clipboard Clipboard
	memory    memory
	shape     ebiten.CursorShapeType
	tip       string // the whole text of what is shortened under the cursor

	outside Point // the window's size at scale 1
	scale   float64
	user    float64 // the factor of the scale that the user chose
	title   string
	titled  time.Time // when the title was last set
	drawn   Point     // the size of the last drawing, in the window's own pixels
	redraw  bool
	active  bool // the user is moving or pressing something
	touched time.Time
	cursor  Point
	pace    pacer
	done    time.Time
	shown   atomic.Bool // it has drawn once
	failed  error       // the error of a drawing, because Draw returns none
	found   atomic.Bool // fonts of the system were found since the last tick
}

// LayoutF makes the drawing as large as the window in its own pixels.
func (w *window) LayoutF(width, height float64) (float64, float64) {
	device, scale := ebiten.Monitor().DeviceScaleFactor(), zoomOf(madeFor(w.bus.Latest()), width, height, w.user)
	w.scale = device * scale
	w.outside = Point{width / scale, height / scale}
	return width * device, height * device
}

// Layout is not called, because there is LayoutF.
func (w *window) Layout(int, int) (int, int) { panic("unreachable") }

// Update collects the input since the last tick. A panic here or in Draw becomes an error that ends only the window.
func (w *window) Update() error {
	now := time.Now()
	s := w.bus.Latest()
	switch {
	case w.ctx.Err() != nil || w.lingered(s, now):
		return ebiten.Termination
	case w.failed != nil:
		return w.failed
	}
	return caught(func() error {
		w.gather(s, now)
		return nil
	})
}

// gather collects what the user did since the last tick.
func (w *window) gather(s *watch.Snapshot, now time.Time) {
	x, y := ebiten.CursorPositionF()
	_, wheel := ebiten.Wheel()
	typed, composing, busy := w.method.tick(w.caret())
	letters := lettersOf(repeating(), ebiten.KeyName)
	e := Events{
		Size:      w.outside,
		Cursor:    Point{x / w.scale, y / w.scale},
		Wheel:     wheel,
		Down:      ebiten.IsMouseButtonPressed(ebiten.MouseButtonLeft),
		Menu:      inpututil.IsMouseButtonJustPressed(ebiten.MouseButtonRight),
		Typed:     typed,
		Letters:   letters,
		Keys:      keysNow(letters, mac),
		Now:       now,
		Dropped:   dropped(ebiten.DroppedFiles()),
		Composing: composing,
		Clipboard: w.clipboard,
		Fonts:     w.brush.fonts,
	}
	if busy {
		e.Keys = Keys{}
	}
	if e.Down || e.Menu || e.Wheel != 0 || e.Typed != "" || e.Composing != "" || e.Keys != (Keys{}) || e.Cursor != w.cursor {
		w.touched = now
	}
	w.cursor = e.Cursor
	w.active = now.Sub(w.touched) < time.Second/4
	found := w.found.Swap(false)
	if found {
		w.brush.forget()
	}
	framed := w.frame(s, letters, now)
	if tip := w.brush.under(e.Cursor); tip != w.tip { // what it was when it was drawn last
		w.tip, w.redraw = tip, true
	}
	w.redraw = w.state.Update(e, s, w.bus.Send) || framed || found || w.redraw
	w.point()
	if w.user != 1 || w.state.now.Scale != 0 {
		w.state.now.Scale = w.user
	}
	w.memory.tick(w.state.now, now)
	if w.state.awaits() {
		w.touched = now // so that the answer is drawn at once
	}
}

// point gives the cursor the shape that says what can be moved.
func (w *window) point() {
	shape := ebiten.CursorShapeDefault
	switch b := w.state.border; {
	case b == (border{}):
	case b.side:
		shape = ebiten.CursorShapeEWResize
	default:
		shape = ebiten.CursorShapeNSResize
	}
	if shape != w.shape {
		ebiten.SetCursorShape(shape)
		w.shape = shape
	}
}

// frame handles the keys of the window itself, and its title. It tells whether to draw again.
func (w *window) frame(s *watch.Snapshot, letters string, now time.Time) (redraw bool) {
	if pressed(ebiten.KeyF11) {
		ebiten.SetFullscreen(!ebiten.IsFullscreen())
	}
	if ebiten.IsKeyPressed(ebiten.KeyControl) || ebiten.IsKeyPressed(ebiten.KeyMeta) {
		if by, ok := sizeKey(letters); ok {
			was := w.user
			w.user = resized(w.user, by)
			redraw = w.user != was
		}
	}
	if title := heading(s, w.options.Title); title != w.title && now.Sub(w.titled) >= time.Second {
		ebiten.SetWindowTitle(title)
		w.title, w.titled = title, now
	}
	return redraw
}

// caret returns where a text is written, in the window's own pixels; empty: nowhere.
func (w *window) caret() image.Rectangle {
	r, ok := w.state.caret()
	if !ok {
		return image.Rectangle{}
	}
	at := func(x, y float64) image.Point { return image.Pt(int(x*w.scale), int(y*w.scale)) }
	return image.Rectangle{at(r.X, r.Y), at(r.X+r.W, r.Y+r.H).Add(image.Pt(1, 1))}
}

// lingered tells whether the window has shown a finished run long enough.
func (w *window) lingered(s *watch.Snapshot, now time.Time) bool {
	if s.State != watch.Done || w.options.Linger < 0 {
		return false
	}
	if w.done.IsZero() {
		w.done = now
	}
	return now.Sub(w.done) >= w.options.Linger
}

// Draw draws if something changed, as often as the pacer allows.
func (w *window) Draw(screen *ebiten.Image) {
	now := time.Now()
	w.pace.tick(now)
	d := screen.Bounds()
	size := Point{float64(d.Dx()), float64(d.Dy())}
	due := size != w.drawn || w.redraw && w.pace.due(now, w.active)
	defer func() { w.observe(now, due) }()
	if !due {
		return
	}
	w.pace.draw(now)
	w.redraw, w.drawn = false, size
	w.failed = caught(func() error {
		w.state.Draw(w.brush.canvas(screen, w.scale))
		w.brush.sweep()
		return nil
	})
	if !w.shown.Swap(true) && w.options.Opened != nil {
		w.options.Opened()
	}
}
