//go:build glfw

package present_test

import (
	"errors"
	"log"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"genview/vk"
	"genview/vk/present"
	"genview/vk/vktest"
)

// TestLosses: an outdated swapchain and a lost surface are made anew, wherever that shows; a lost device is told.
func TestLosses(t *testing.T) {
	const outdated, surfaceLost, deviceLost = -1000001004, -1000000000, -4
	d := drawn(1, 4, 4, 24, 32, false, false)
	var armed atomic.Pointer[vk.Error]
	show(t, &d, func(call string) error {
		if e := armed.Load(); e != nil && e.Call == call && armed.CompareAndSwap(e, nil) {
			return e
		}
		return nil
	}, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		for _, c := range []struct {
			call   string
			result int32
			want   error
		}{
			{"vkAcquireNextImageKHR", outdated, nil},
			{"vkQueuePresentKHR", outdated, nil},
			{"vkAcquireNextImageKHR", surfaceLost, nil},
			{"vkQueuePresentKHR", surfaceLost, nil},
			{"vkGetPhysicalDeviceSurfaceCapabilitiesKHR", surfaceLost, nil},
			{"vkAcquireNextImageKHR", deviceLost, vk.ErrDeviceLost},
			{"vkQueuePresentKHR", deviceLost, vk.ErrDeviceLost},
		} {
			if !frame(t, w, s) {
				return
			}
			s.SetPace(vk.Fifo) // which makes another swapchain, so that all calls are made
			armed.Store(&vk.Error{Call: c.call, Result: c.result})
			if c.want != nil {
				if _, err := s.Show(); !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", c.call, err, c.want)
				}
			} else if frame(t, w, s) {
				compare(t, &d, s)
			}
			if armed.Load() != nil {
				t.Errorf("%s was not called: this test shows nothing", c.call)
			}
		}
	})
}

// minimised is a window that can be minimised.
type minimised struct {
	present.Window
	now bool
}

func (m *minimised) Size() (width, height int) {
	if m.now {
		return 0, 0
	}
	return m.Window.Size()
}

// TestMinimised: nothing is shown of a window without pixels, and that is no error.
func TestMinimised(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, first *present.Screen) {
		first.Close()
		p, err := dev.NewBuffer("picture", 4*len(d.values))
		if err != nil {
			t.Error(err)
			return
		}
		defer p.Close()
		m := &minimised{Window: w, now: true}
		s, err := present.New(dev, m, present.Picture{View: p.View(), C: d.c, H: d.h, W: d.w}, present.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		for _, now := range []bool{true, false, true, false} {
			m.now = now
			if shown, err := s.Show(); shown == now || err != nil {
				t.Errorf("minimised %t: shown %t, %v", now, shown, err)
			}
		}
	})
}

// TestCannotPresent: a device that was opened without a window's extensions says that it cannot show anything, and the window stays whole.
func TestCannotPresent(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		other, err := vk.Open(vktest.Options(t, vk.Options{}))
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := other.NewSurface(0); !errors.Is(err, vk.ErrCannotPresent) {
			t.Errorf("got %v, want %v", err, vk.ErrCannotPresent)
		}
		if _, err := w.Surface(other); !errors.Is(err, vk.ErrCannotPresent) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %v", err, vk.ErrCannotPresent)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if frame(t, w, s) {
			compare(t, &d, s)
		}
	})
	if _, err := vk.Open(vk.Options{Extensions: []string{"VK_KHR_no_such_surface"}}); !errors.Is(err, vk.ErrCannotPresent) {
		t.Errorf("got %v, want %v", err, vk.ErrCannotPresent)
	}
}

// TestSurfaceAfterDevice: a surface that is closed after its device frees nothing.
func TestSurfaceAfterDevice(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		other, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE"), Extensions: w.Extensions()}) // the layer tells of what is not freed
		if err != nil {
			t.Error(err)
			return
		}
		handle, err := w.Surface(other)
		if err != nil {
			t.Error(err)
			return
		}
		surface, err := other.NewSurface(handle)
		if err != nil {
			t.Error(err)
			return
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		surface.Close()
	})
}

// TestCannotOpen: a window that the X server refuses, and a server that is not there, are errors of one line, and another window can be opened.
func TestCannotOpen(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(present.OpenWindow, *vk.Device, *present.Screen) {}) // skips without a display
	refused := func(o present.WindowOptions, want string) {
		t.Helper()
		var said strings.Builder
		log.SetOutput(&said)
		done := make(chan bool)
		onMain <- func() {
			defer close(done)
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("panic: %v", p)
				}
			}()
			w, err := present.Open(o)
			if err == nil {
				w.Close()
			}
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || said.Len() > 0 {
				t.Errorf("%+v: got %v, want one line with %q; the log has %q", o, err, want, said.String())
			}
		}
		<-done
		log.SetOutput(os.Stderr)
	}
	refused(present.WindowOptions{Width: 1 << 20, Height: 1 << 20}, "the X server refused a request: Bad")
	display := os.Getenv("DISPLAY")
	t.Setenv("DISPLAY", ":7654")
	refused(present.WindowOptions{}, "Failed to open display :7654")
	t.Setenv("DISPLAY", display)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		if frame(t, w, s) {
			compare(t, &d, s)
		}
	})
}

// TestShotOfNothing: there is no picture of what was not shown.
func TestShotOfNothing(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	var held atomic.Bool
	show(t, &d, func(call string) error {
		if call == "vkAcquireNextImageKHR" && held.Load() {
			return vk.ErrNoImage
		}
		return nil
	}, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		nothing := func(when string) {
			if _, err := s.Shot(); !errors.Is(err, present.ErrNothing) {
				t.Errorf("%s: got %v, want %v", when, err, present.ErrNothing)
			}
		}
		nothing("before the first frame")
		held.Store(true)
		if shown, err := s.Show(); shown || err != nil {
			t.Errorf("shown %t, %v", shown, err)
		}
		nothing("while no image is free")
		held.Store(false)
		if frame(t, w, s) {
			compare(t, &d, s)
		}
	})
}

// TestDestroyedWindow: a window that another program has destroyed is closed, and no end of the process. If a window system does not know it
// yet, the driver does.
func TestDestroyedWindow(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, first *present.Screen) {
		first.Close()
		p, err := dev.NewBuffer("picture", 4*len(d.values))
		if err != nil {
			t.Error(err)
			return
		}
		defer p.Close()
		s, err := present.New(dev, unaware{w, d.width, d.height}, present.Picture{View: p.View(), C: d.c, H: d.h, W: d.w}, present.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		if !frame(t, w, s) {
			return
		}
		if text := w.Refused(); text != "" || w.Closing() {
			t.Errorf("before anything has happened, closing is %t, and the X server has refused %q", w.Closing(), text)
		}
		observe(t).destroy(t)
		s.SetPace(vk.Fifo) // which makes another swapchain
		shown, err := s.Show()
		if err == nil { // it has given up the surface, and makes another one
			shown, err = s.Show()
		}
		if shown || !errors.Is(err, vk.ErrSurfaceLost) {
			t.Errorf("shown %t, %v, want %v", shown, err, vk.ErrSurfaceLost)
		}
		w.Title("gone")
		for began := time.Now(); !w.Closing() && time.Since(began) < 2*time.Second; w.Wait() {
			w.Poll()
		}
		if text := w.Refused(); !strings.Contains(text, "refused a request: Bad") || strings.Contains(text, "\n") || !w.Closing() {
			t.Errorf("closing is %t; the X server has refused %q, want one line", w.Closing(), text)
		}
	})
}

// unaware is a window that always has the size that it had.
type unaware struct {
	present.Window
	width, height int
}

func (u unaware) Size() (width, height int) { return u.width, u.height }
