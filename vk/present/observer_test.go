//go:build glfw

package present_test

import (
	"bytes"
	"fmt"
	"image"
	"testing"
	"time"

	"genview/vk/present"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// An observer is another client of the X server that the test's window is on.
type observer struct {
	conn   *xgb.Conn
	window xproto.Window
}

// observe finds the window whose title is the test's name. It must not end the test, because it runs on the main thread.
func observe(t *testing.T) *observer {
	t.Helper()
	conn, err := xgb.NewConn()
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(conn.Close)
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	tree, err := xproto.QueryTree(conn, root).Reply()
	if err != nil {
		t.Error(err)
		return nil
	}
	for _, w := range tree.Children { // without a window manager all windows are there
		title, err := xproto.GetProperty(conn, false, w, xproto.AtomWmName, xproto.AtomString, 0, 1<<10).Reply()
		if err == nil && string(title.Value) == t.Name() {
			return &observer{conn, w}
		}
	}
	t.Errorf("none of %d windows is called %s", len(tree.Children), t.Name())
	return nil
}

// settled returns what the server has of the window, as soon as that is what the screen shows, or two seconds later whatever it is.
func (o *observer) settled(t *testing.T, s *present.Screen) *image.RGBA {
	t.Helper()
	want, err := s.Shot()
	for began := time.Now(); err == nil; time.Sleep(time.Millisecond) { // a thread of the driver brings pictures to the server
		var img *image.RGBA
		if img, err = o.pixels(want.Rect); err == nil && (bytes.Equal(img.Pix, want.Pix) || time.Since(began) > 2*time.Second) {
			return img
		}
	}
	t.Error(err)
	return image.NewRGBA(image.Rectangle{})
}

// pixels returns what the server has of the window.
func (o *observer) pixels(r image.Rectangle) (*image.RGBA, error) {
	got, err := xproto.GetImage(o.conn, xproto.ImageFormatZPixmap, xproto.Drawable(o.window), 0, 0, uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(r)
	if len(got.Data) != len(img.Pix) {
		return nil, fmt.Errorf("%d bytes for %v pixels of four bytes", len(got.Data), r.Size())
	}
	for i := 0; i < len(got.Data); i += 4 { // blue first
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = got.Data[i+2], got.Data[i+1], got.Data[i], 0xff
	}
	return img, nil
}

// destroy destroys the window.
func (o *observer) destroy(t *testing.T) {
	t.Helper()
	if err := xproto.DestroyWindowChecked(o.conn, o.window).Check(); err != nil {
		t.Error(err)
	}
}
