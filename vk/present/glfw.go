//go:build glfw

package present

import (
	"cmp"
	"errors"
	"fmt"
	"log"
	"runtime/debug"
	"strings"
	"unicode"
	"unsafe"

	"genview/vk"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// window is a window of GLFW.
type window struct {
	w       *glfw.Window
	monitor int
	keys    []Key
	before  [4]int // place and size before it filled the monitor

	// The window system says what changes. To ask it for each frame would be to wait until it has shown the one before.
	width, height int // in pixels
	minimised     bool
}

// Open opens a window. It must be called on the main thread, where there is a display; a process can have one at a time.
func Open(o WindowOptions) (OpenWindow, error) {
	listen()
	if err := told(glfw.Init); err != nil {
		return nil, fmt.Errorf("present: GLFW does not start: %w", err)
	}
	w, err := open(o)
	if err != nil {
		glfw.Terminate()
		return nil, err
	}
	return w, nil
}

// told calls a function of GLFW's binding and returns its error. The binding writes some errors to the log instead, where they would stand
// beside those of the program, and panics with others.
func told(f func() error) (err error) {
	var said strings.Builder
	out, flags := log.Writer(), log.Flags()
	log.SetOutput(&said)
	log.SetFlags(0)
	defer func() {
		log.SetOutput(out)
		log.SetFlags(flags)
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		if text := strings.TrimSpace(said.String()); err == nil && text != "" {
			err = errors.New(text)
		}
	}()
	return f()
}

func open(o WindowOptions) (*window, error) {
	if n := len(glfw.GetMonitors()); o.Monitor < 0 || n > 0 && o.Monitor >= n {
		return nil, fmt.Errorf("present: there is no monitor %d: give 0 to %d", o.Monitor, n-1)
	}
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 720
	}
	glfw.WindowHint(glfw.ClientAPI, glfw.NoAPI)
	glfw.WindowHint(glfw.Visible, glfw.False)
	glfw.WindowHintString(glfw.X11ClassName, "Genview")
	glfw.WindowHintString(glfw.X11InstanceName, "genview")
	var g *glfw.Window
	err := told(func() (err error) {
		g, err = glfw.CreateWindow(o.Width, o.Height, o.Title, nil, nil)
		return err
	})
	if text := refused(); err == nil && text != "" { // GLFW has a window then that does not exist
		err = errors.New(text)
	}
	if err == nil && g == nil {
		err = errors.New("GLFW does not say why")
	}
	if err != nil {
		return nil, fmt.Errorf("present: the window cannot be opened: %w", err)
	}
	w := &window{w: g, monitor: o.Monitor}
	w.width, w.height = g.GetFramebufferSize()
	g.SetFramebufferSizeCallback(func(_ *glfw.Window, width, height int) { w.width, w.height = width, height })
	g.SetIconifyCallback(func(_ *glfw.Window, minimised bool) { w.minimised = minimised })
	g.SetCharCallback(func(_ *glfw.Window, c rune) { w.keys = append(w.keys, Key(unicode.ToLower(c))) })
	g.SetKeyCallback(func(_ *glfw.Window, k glfw.Key, _ int, a glfw.Action, _ glfw.ModifierKey) {
		if key, ok := silent[k]; ok && a != glfw.Release {
			w.keys = append(w.keys, key)
		}
	})
	if o.Monitor > 0 {
		w.centre()
	}
	g.Show()
	if o.Full {
		w.SetFull(true)
	}
	return w, nil
}

// silent are the keys that type nothing.
var silent = map[glfw.Key]Key{
	glfw.KeyEscape: Escape, glfw.KeyLeft: Left, glfw.KeyRight: Right, glfw.KeyUp: Up, glfw.KeyDown: Down, glfw.KeyF11: F11,
}

func (w *window) Extensions() []string { return w.w.GetRequiredInstanceExtensions() }

// Surface makes a surface. GLFW's binding returns the address of a variable that holds the handle and that nothing refers to any more, so no
// garbage collection may begin before it is read. The binding does not fetch what GLFW says of a surface that it cannot make, and would panic
// in the next call: Init fetches it, and does nothing else while GLFW runs.
func (w *window) Surface(dev *vk.Device) (surface uintptr, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	at, err := w.w.CreateWindowSurface((*byte)(dev.Instance()), nil)
	if err != nil {
		return 0, fmt.Errorf("present: %w: %w", vk.ErrCannotPresent, cmp.Or(told(glfw.Init), err))
	}
	return **(**uintptr)(unsafe.Pointer(&at)), nil
}

func (w *window) Size() (width, height int) {
	if w.minimised {
		return 0, 0
	}
	return w.width, w.height
}

func (w *window) Poll() []Key {
	glfw.PollEvents()
	keys := w.keys
	w.keys = nil
	return keys
}

func (w *window) Wait() { glfw.WaitEventsTimeout(0.1) }

func (w *window) Closing() bool { return w.w.ShouldClose() || destroyed(w.w) }

func (w *window) Title(text string) { w.w.SetTitle(text) }

// mode returns the mode of the window's monitor; nil: there is no monitor.
func (w *window) mode() (*glfw.Monitor, *glfw.VidMode) {
	all := glfw.GetMonitors()
	if len(all) == 0 {
		return nil, nil
	}
	m := all[w.monitor%len(all)]
	return m, m.GetVideoMode()
}

func (w *window) Refresh() float64 {
	const usual = 60
	if _, mode := w.mode(); mode != nil && mode.RefreshRate > 0 {
		return float64(mode.RefreshRate)
	}
	return usual
}

func (w *window) Full() bool { return w.w.GetMonitor() != nil }

func (w *window) SetFull(full bool) {
	m, mode := w.mode()
	switch b := &w.before; {
	case full == w.Full():
	case full && mode != nil:
		b[0], b[1] = w.w.GetPos()
		b[2], b[3] = w.w.GetSize()
		w.w.SetMonitor(m, 0, 0, mode.Width, mode.Height, mode.RefreshRate)
		w.w.SetInputMode(glfw.CursorMode, glfw.CursorHidden)
	case !full:
		w.w.SetMonitor(nil, b[0], b[1], b[2], b[3], 0)
		w.w.SetInputMode(glfw.CursorMode, glfw.CursorNormal)
	}
}

func (w *window) NextMonitor() {
	n := len(glfw.GetMonitors())
	if n < 2 {
		return
	}
	w.monitor = (w.monitor + 1) % n
	if full := w.Full(); full {
		w.SetFull(false)
		w.centre()
		w.SetFull(true)
		return
	}
	w.centre()
}

// centre moves the window to the middle of its monitor.
func (w *window) centre() {
	m, _ := w.mode()
	if m == nil {
		return
	}
	x, y, width, height := m.GetWorkarea()
	own, high := w.w.GetSize()
	w.w.SetPos(x+max(0, width-own)/2, y+max(0, height-high)/2)
}

func (w *window) Refused() string { return refused() }

func (w *window) Close() {
	w.w.Destroy()
	glfw.Terminate()
}
