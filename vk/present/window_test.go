//go:build glfw

package present_test

import (
	"encoding/binary"
	"log"
	"math"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"genview/vk"
	"genview/vk/present"
	"genview/vk/vktest"

	"github.com/jezek/xgb"
)

// onMain runs functions on the main thread, where windows live.
var onMain = make(chan func())

func TestMain(m *testing.M) {
	runtime.LockOSThread()
	if _, err := xgb.NewConn(); err != nil && os.Getenv("DISPLAY") != "" { // stays: a server whose last client leaves may restart, and meanwhile refuse others
		log.Print(err)
	}
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
				present.Resize(w, d.width, d.height)
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
		d.check(t, observe(t).settled(t, s))
	})
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
		const most = 32 << 10
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

// TestPaces: a screen has the pace that it is asked for if the window has it, and else shows each picture.
func TestPaces(t *testing.T) {
	d := drawn(1, 4, 4, 24, 32, false, false)
	show(t, &d, nil, func(w present.OpenWindow, dev *vk.Device, s *present.Screen) {
		if !slices.Contains(s.Paces(), vk.Fifo) {
			t.Errorf("the window has %v, which all windows have %v of", s.Paces(), vk.Fifo)
		}
		for want := range vk.Pace(len(vk.Paces())) {
			s.SetPace(want)
			if !slices.Contains(s.Paces(), want) {
				want = vk.Fifo
			}
			if frame(t, w, s); s.Pace() != want {
				t.Errorf("the pace is %v, want %v of %v", s.Pace(), want, s.Paces())
			}
		}
	})
}

// bytesOf returns values as a device has them.
func bytesOf(values []float32) []byte {
	p := make([]byte, 0, 4*len(values))
	for _, v := range values {
		p = binary.NativeEndian.AppendUint32(p, math.Float32bits(v))
	}
	return p
}
