package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"genview/viewer"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// A desktop is an X server with genview's window on it, and a user.
type desktop struct {
	t    *testing.T
	cmd  *exec.Cmd
	said string // the file of what it prints
	done chan struct{}

	conn   *xgb.Conn
	root   xproto.Window
	window xproto.Window
	keys   map[xproto.Keysym]key

	mu     sync.Mutex
	next   *sync.Cond
	frames int
	drawn  int            // of the newest frame that was drawn anew
	labels []viewer.Label // of it
	slow   []time.Duration
	last   time.Time
}

// key is what types a character.
type key struct {
	code  xproto.Keycode
	shift bool
}

// Keys without a character, by their X11 keysyms.
const (
	keyShift  xproto.Keysym = 0xffe1
	keyCtrl   xproto.Keysym = 0xffe3
	keyEnter  xproto.Keysym = 0xff0d
	keyEscape xproto.Keysym = 0xff1b
	keyHome   xproto.Keysym = 0xff50
	keyLeft   xproto.Keysym = 0xff51
	keyRight  xproto.Keysym = 0xff53
	keyEnd    xproto.Keysym = 0xff57
	keyF2     xproto.Keysym = 0xffbf
	keyF3     xproto.Keysym = 0xffc0
)

// patience is how long the user waits for anything in the window.
const patience = time.Minute

// newDesktop opens genview in a folder, on an X server of its own.
func newDesktop(t *testing.T, dir, display string, args ...string) *desktop {
	t.Helper()
	d := &desktop{t: t, cmd: exec.Command(os.Args[0], args...), said: filepath.Join(t.TempDir(), "said"), done: make(chan struct{})}
	d.next = sync.NewCond(&d.mu)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Dir, d.cmd.ExtraFiles = dir, []*os.File{w}
	d.cmd.Env = append(os.Environ(), observed+"=1", "DISPLAY="+display)
	said, err := os.Create(d.said)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	d.cmd.Stdout, d.cmd.Stderr = said, said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		d.listen(r)
		_ = d.cmd.Wait() // its exit code says it
		close(d.done)
	}()
	t.Cleanup(func() { _ = d.cmd.Process.Kill(); <-d.done })
	xgb.Logger.SetOutput(io.Discard) // it would print that the server asks for no authority
	if d.conn, err = xgb.NewConnDisplay(display); err == nil {
		err = xtest.Init(d.conn)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.conn.Close)
	d.root = xproto.Setup(d.conn).DefaultScreen(d.conn).Root
	xproto.ChangeKeyboardControl(d.conn, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOff}) // a slow window would see keys as held
	d.learnKeys()
	d.pass(3)
	tree, err := xproto.QueryTree(d.conn, d.root).Reply()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tree.Children { // without a window manager all windows are there
		if g, err := xproto.GetGeometry(d.conn, xproto.Drawable(w)).Reply(); err == nil && g.Width > 100 {
			d.window = w
		}
	}
	xproto.SetInputFocus(d.conn, xproto.InputFocusParent, d.window, xproto.TimeCurrentTime)
	return d
}

// listen takes the frames until the program ends.
func (d *desktop) listen(r io.ReadCloser) {
	defer r.Close()
	from := json.NewDecoder(r)
	for {
		var f viewer.Frame
		err := from.Decode(&f)
		d.mu.Lock()
		d.frames++
		if err != nil {
			d.frames = -1 // it has ended
		} else if f.Labels != nil {
			d.drawn, d.labels = d.frames, f.Labels
		}
		if !d.last.IsZero() && err == nil {
			d.slow = append(d.slow, f.Time.Sub(d.last))
		}
		d.last = f.Time
		d.mu.Unlock()
		d.next.Broadcast()
		if err != nil {
			return
		}
	}
}

// learnKeys finds which keys type what.
func (d *desktop) learnKeys() {
	s := xproto.Setup(d.conn)
	m, err := xproto.GetKeyboardMapping(d.conn, s.MinKeycode, byte(s.MaxKeycode-s.MinKeycode+1)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	d.keys = map[xproto.Keysym]key{}
	per := int(m.KeysymsPerKeycode)
	for i, sym := range m.Keysyms {
		if _, known := d.keys[sym]; !known && i%per < 2 {
			d.keys[sym] = key{s.MinKeycode + xproto.Keycode(i/per), i%per == 1}
		}
	}
}

// until waits until something holds of the frames. The caller does not hold the lock, holds is called with it.
func (d *desktop) until(what string, holds func() bool) {
	d.t.Helper()
	began := time.Now()
	late := time.AfterFunc(patience+time.Second, func() { // a window that hangs has no frames
		d.mu.Lock()
		defer d.mu.Unlock()
		d.next.Broadcast()
	})
	defer late.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for !holds() {
		if d.frames < 0 || time.Since(began) > patience {
			d.shoot("failed.png")
			d.t.Fatalf("%s: not in %v; the window shows %q, the program has said %q", what, time.Since(began).Round(time.Second), d.texts(), read(d.t, d.said))
		}
		d.next.Wait()
	}
}

// texts returns all texts in the window. The caller holds the lock.
func (d *desktop) texts() (all []string) {
	for _, l := range d.labels {
		all = append(all, l.Text)
	}
	return all
}

// pass waits for so many frames, so that the window has seen what the user did.
func (d *desktop) pass(n int) {
	d.t.Helper()
	d.mu.Lock()
	now := d.frames
	d.mu.Unlock()
	d.until("frames", func() bool { return d.frames >= now+n })
}

// sees waits until the window shows a text, and returns where. One that begins with a caret is the beginning of a text, one that ends with
// a dollar its end.
func (d *desktop) sees(text string) (at image.Rectangle) {
	d.t.Helper()
	d.until(text, func() bool {
		i := slices.IndexFunc(d.labels, func(l viewer.Label) bool { return matches(l.Text, text) })
		if i >= 0 {
			at = d.labels[i].Area
		}
		return i >= 0
	})
	return at
}

// matches tells whether a text matches what is looked for.
func matches(text, want string) bool {
	word, begins := strings.CutPrefix(want, "^")
	word, ends := strings.CutSuffix(word, "$")
	switch {
	case begins && ends:
		return text == word
	case begins:
		return strings.HasPrefix(text, word)
	case ends:
		return strings.HasSuffix(text, word)
	}
	return strings.Contains(text, word)
}

// send sends an input event to the server, and waits until the window has seen it.
func (d *desktop) send(kind, detail byte, x, y int) {
	d.t.Helper()
	if err := xtest.FakeInputChecked(d.conn, kind, detail, 0, d.root, int16(x), int16(y), 0).Check(); err != nil {
		d.t.Fatal(err)
	}
	d.pass(2)
}

// move moves the mouse to a place of the window.
func (d *desktop) move(at image.Point) {
	d.t.Helper()
	g, err := xproto.TranslateCoordinates(d.conn, d.window, d.root, int16(at.X), int16(at.Y)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	d.send(xproto.MotionNotify, 0, int(g.DstX), int(g.DstY))
}

// press presses the left button at a place.
func (d *desktop) press(at image.Point) {
	d.t.Helper()
	d.move(at)
	d.send(xproto.ButtonPress, 1, 0, 0)
}

func (d *desktop) release() {
	d.t.Helper()
	d.send(xproto.ButtonRelease, 1, 0, 0)
}

// click clicks on a text as soon as the window shows it.
func (d *desktop) click(text string) {
	d.t.Helper()
	d.clickAt(center(d.sees(text)))
}

func (d *desktop) clickAt(at image.Point) {
	d.t.Helper()
	d.press(at)
	d.release()
}

func center(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }

// drag moves the mouse from one place to another with its button held.
func (d *desktop) drag(from, to image.Point) {
	d.t.Helper()
	d.press(from)
	for i := range 5 {
		d.move(from.Add(to.Sub(from).Mul(i + 1).Div(5)))
	}
	d.release()
}

// hit presses keys together, and releases them.
func (d *desktop) hit(syms ...xproto.Keysym) {
	d.t.Helper()
	for _, sym := range syms {
		d.send(xproto.KeyPress, byte(d.keys[sym].code), 0, 0)
	}
	for i := len(syms) - 1; i >= 0; i-- {
		d.send(xproto.KeyRelease, byte(d.keys[syms[i]].code), 0, 0)
	}
}

// types types a text of ASCII characters, whose keysyms are their codes.
func (d *desktop) types(text string) {
	d.t.Helper()
	for _, r := range text {
		sym := xproto.Keysym(r)
		if k, ok := d.keys[sym]; !ok {
			d.t.Fatalf("no key types %q", r)
		} else if k.shift {
			d.hit(keyShift, sym)
			continue
		}
		d.hit(sym)
	}
}

// fills replaces what a field has.
func (d *desktop) fills(at image.Point, text string) {
	d.t.Helper()
	d.clickAt(at)
	d.hit(keyCtrl, 'a')
	d.types(text)
	d.hit(keyEnter)
}

// resize gives the window another size, as a window manager does.
func (d *desktop) resize(w, h int) {
	d.t.Helper()
	xproto.ConfigureWindow(d.conn, d.window, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{uint32(w), uint32(h)})
	d.mu.Lock()
	was := d.drawn
	d.mu.Unlock()
	d.until("a drawing of the new size", func() bool { return d.drawn > was })
	d.pass(3)
}

// close closes the window, as a window manager does, and waits until the program has ended.
func (d *desktop) close() {
	d.t.Helper()
	if code := d.leave(); code != 0 {
		d.t.Errorf("exit code %d: %s", code, read(d.t, d.said))
	}
}

// leave closes the window, waits for the program to end, and returns its exit code.
func (d *desktop) leave() int {
	d.t.Helper()
	d.message(d.window, "WM_PROTOCOLS", uint32(d.atom("WM_DELETE_WINDOW")), xproto.TimeCurrentTime)
	select {
	case <-d.done:
	case <-time.After(2 * patience):
		d.t.Fatal("the program does not end when its window is closed")
	}
	return d.cmd.ProcessState.ExitCode()
}

// pixels returns what a part of the window shows.
func (d *desktop) pixels(r image.Rectangle) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	got, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.window), int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 1<<32-1).Reply()
	if err != nil {
		d.t.Error(err)
		return img
	}
	for i := 0; i+4 <= len(got.Data); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = got.Data[i+2], got.Data[i+1], got.Data[i], 0xff
	}
	return img
}

// shoot writes a picture of the window into the folder of GENVIEW_TEST_PICTURES, if it is set, for someone to look at.
func (d *desktop) shoot(name string) {
	dir := os.Getenv("GENVIEW_TEST_PICTURES")
	g, err := xproto.GetGeometry(d.conn, xproto.Drawable(d.window)).Reply()
	if dir == "" || err != nil {
		return
	}
	time.Sleep(time.Second / 2) // the server has a drawing later than the window tells of it
	var p bytes.Buffer
	if err := png.Encode(&p, d.pixels(image.Rect(0, 0, int(g.Width), int(g.Height)))); err != nil {
		d.t.Error(err)
	}
	write(d.t, filepath.Join(dir, name), p.Bytes())
}
