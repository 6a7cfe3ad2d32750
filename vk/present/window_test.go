//go:build glfw

package present_test

import (
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"genview/vk"
	"genview/vk/present"
	"genview/vk/vktest"
)

// onMain runs functions on the main thread, where windows live.
var onMain = make(chan func())

func TestMain(m *testing.M) {
	runtime.LockOSThread()
	go func() { os.Exit(m.Run()) }()
	for f := range onMain {
		f()
	}
}

// show opens a window and a screen in it that shows a drawing, and calls f on the main thread. fail is that of [vk.Options].
func show(t *testing.T, d *drawing, fail func(call string) error, f func(w present.OpenWindow, dev *vk.Device, s *present.Screen)) {
	t.Helper()
	if os.Getenv("DISPLAY") == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have a display: xvfb-run go test")
		}
		t.Skip("SKIPPED, no display: xvfb-run go test")
	}
	done := make(chan bool)
	onMain <- func() {
		defer close(done)
		w, err := present.Open(present.WindowOptions{Title: t.Name(), Width: d.width, Height: d.height})
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		dev, err := vk.Open(vktest.Options(t, vk.Options{Extensions: w.Extensions(), Fail: fail})) // a test must not end itself here
		if err != nil {
			t.Error(err)
			return
		}
		defer func() {
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		}()
		picture, err := dev.NewBuffer("picture", 4*len(d.values))
		if err != nil {
			t.Error(err)
			return
		}
		defer picture.Close()
		if _, err := picture.WriteAt(bytesOf(d.values), 0); err != nil {
			t.Error(err)
			return
		}
		s, err := present.New(dev, w, present.Picture{View: picture.View(), C: d.c, H: d.h, W: d.w}, present.Options{Smooth: d.smooth})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		f(w, dev, s)
	}
	<-done
}

// frame shows a frame, and fails the test unless it is shown within two seconds.
func frame(t *testing.T, w present.OpenWindow, s *present.Screen) bool {
	t.Helper()
	for began := time.Now(); time.Since(began) < 2*time.Second; {
		w.Poll()
		shown, err := s.Show()
		if err != nil {
			t.Error(err)
			return false
		}
		if shown {
			return true
		}
	}
	t.Error("no frame was shown")
	return false
}

// compare compares what is shown with the drawing.
func compare(t *testing.T, d *drawing, s *present.Screen) {
	t.Helper()
	img, err := s.Shot()
	if err != nil {
		t.Error(err)
		return
	}
	d.check(t, img)
}

// TestWindow: the window has the drawing's pixels, as the device wrote them and as the X server has them, and again after 20 changes of size.
func TestWindow(t *testing.T) {
	d := drawn(3, 6, 9, 120, 160, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		for i := range 21 {
			if i > 0 {
				d.width, d.height = 40+17*(i*7%13), 30+11*(i*5%11)
				w.Resize(d.width, d.height)
				for began := time.Now(); time.Since(began) < 2*time.Second; w.Wait() {
					if width, height := w.Size(); width == d.width && height == d.height {
						break
					}
				}
			}
			if !frame(t, w, s) {
				return
			}
			compare(t, &d, s)
		}
		time.Sleep(100 * time.Millisecond) // the X server's thread in the driver
		if img := captured(t); img != nil {
			d.check(t, img)
		}
	})
}

// captured returns what the X server shows of the test's window; nil without ImageMagick.
func captured(t *testing.T) *image.RGBA {
	t.Helper()
	if _, err := exec.LookPath("import"); err != nil {
		return nil
	}
	file := filepath.Join(t.TempDir(), "window.png")
	if out, err := exec.Command("import", "-silent", "-window", t.Name(), "-depth", "8", "png32:"+file).CombinedOutput(); err != nil {
		t.Errorf("import: %v: %s", err, out)
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Error(err)
		return nil
	}
	out := image.NewRGBA(img.Bounds())
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out
}

// TestManyFrames: 2,000 frames, and changes of pace, leave no memory behind, neither the device's nor the process's.
func TestManyFrames(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, true, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		const frames, warm = 2000, 100
		var before vk.MemoryStats
		var heap uint64
		for i := range frames {
			if i%250 == 1 {
				s.SetPace(vk.Pace(i / 250 % 3))
			}
			if !frame(t, w, s) {
				return
			}
			if i == warm {
				before, heap = dev.Memory(), heapBytes()
			}
		}
		if after := dev.Memory(); after != before {
			t.Errorf("%d frames later the device holds %+v, and before %+v", frames-warm, after, before)
		}
		const most = 512 << 10
		if after := heapBytes(); after > heap+most {
			t.Errorf("%d frames later the heap has %d bytes, and before %d", frames-warm, after, heap)
		}
		compare(t, &d, s)
	})
}

func heapBytes() uint64 {
	runtime.GC()
	runtime.GC() // the first has finalizers run
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

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

// TestCannotPresent: a device that was opened without a window's extensions says that it cannot show anything.
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
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := vk.Open(vk.Options{Extensions: []string{"VK_KHR_no_such_surface"}}); !errors.Is(err, vk.ErrCannotPresent) {
		t.Errorf("got %v, want %v", err, vk.ErrCannotPresent)
	}
}

// bytesOf returns values as a device has them.
func bytesOf(values []float32) []byte {
	p := make([]byte, 0, 4*len(values))
	for _, v := range values {
		p = binary.NativeEndian.AppendUint32(p, math.Float32bits(v))
	}
	return p
}
