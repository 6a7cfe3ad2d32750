package serve

import (
	"image/png"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/browsertest"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A tab is a page in a headless browser.
type tab struct{ *browsertest.Tab }

// browsing returns a tab, whose page is asked for without the token at first.
func browsing(t *testing.T) *tab {
	t.Helper()
	return &tab{browsertest.Open(t, "401")}
}

// valueOf returns the value of an expression of the page.
func valueOf[T any](b *tab, expression string) T {
	b.T.Helper()
	return browsertest.ValueOf[T](b.Tab, expression)
}

// touch has a finger touch the page at points.
func (b *tab) touch(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
	b.T.Helper()
	if _, err := chromedp.Call(b.Ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
		b.T.Fatal(err)
	}
}

// A box is where the map is in the window.
type box struct{ X, Y, Width, Height float64 }

// point returns where in the map's box a position of the plane is: it has 9 × 9 cells.
func (r box) point(u, v float64) (x, y float64) {
	return r.X + (8*u+0.5)/9*r.Width, r.Y + (8*v+0.5)/9*r.Height
}

const mapBox = `document.getElementById('map').getBoundingClientRect().toJSON()`

// at wants the plane to be at a position, with its picture.
func (b *tab) at(what string, x, y float64) {
	b.T.Helper()
	b.Until(`plane.shown > 0 && !plane.asking && !plane.stale && document.getElementById('picture').naturalWidth > 0`)
	if got := valueOf[[2]float64](b, `[plane.x, plane.y]`); math.Abs(got[0]-x) > 0.01 || math.Abs(got[1]-y) > 0.01 {
		b.T.Errorf("%s: it is at %.3f, %.3f, not %.3f, %.3f", what, got[0], got[1], x, y)
	}
}

// TestPage drags through the plane with the mouse, a finger and the keys, and downloads what it shows.
func TestPage(t *testing.T) {
	b := browsing(t)
	settings := pictures
	if os.Getenv(browsertest.Shots) != "" {
		settings = []string{"data.size=28"}
	}
	web := httptest.NewServer(opened(t, Options{}, "vae", settings...))
	defer web.Close()
	b.Scheme("light")
	b.Do("open", chromedp.EmulateViewport(1280, 800), chromedp.Navigate(web.URL))
	b.at("open", 0.5, 0.5)
	b.Look("desktop-light")

	r, before := valueOf[box](b, mapBox), valueOf[int](b, `plane.shown`)
	mouse := func(kind input.DispatchMouseEventType, u, v float64) chromedp.Action[chromedp.Void] {
		x, y := r.point(u, v)
		return chromedp.MouseEvent(kind, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1), func(p *input.DispatchMouseEventParams) { p.Buttons = 1 })
	}
	b.Do("press", mouse(input.DispatchMouseEventTypeMousePressed, 0.1, 0.1))
	for i := range 20 {
		b.Do("drag", mouse(input.DispatchMouseEventTypeMouseMoved, 0.1+0.03*float64(i), 0.1))
	}
	b.Do("drag", mouse(input.DispatchMouseEventTypeMouseMoved, 0.8, 0.25), mouse(input.DispatchMouseEventTypeMouseReleased, 0.8, 0.25))
	b.at("drag", 0.8, 0.25)
	if n := valueOf[int](b, `plane.shown`) - before; n < 1 || n > 22 {
		t.Errorf("22 moves show %d pictures", n)
	}
	x, y := r.point(0.1, 0.9)
	b.Do("move without a button", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	b.at("move without a button", 0.8, 0.25)
	b.Do("arrows", chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	b.at("arrows", 0.78, 0.29)

	same := valueOf[bool](b, `(async () => {
		const pixels = img => {
			const pen = Object.assign(document.createElement('canvas'), {width: 8, height: 8}).getContext('2d')
			pen.drawImage(img, 0, 0)
			return pen.getImageData(0, 0, 8, 8).data.join()
		}
		const answer = await ask('v1/sample', {latents: [latent(plane.x, plane.y)], format: 'png'})
		return pixels(document.getElementById('picture')) === pixels(await createImageBitmap(await answer.blob()))
	})()`)
	if !same {
		t.Error("the picture is not that of the position")
	}
	b.download("#save", "genview-1-2-3-4-at-0.78-0.29.png", 500)

	b.Do("other seeds", chromedp.Click(chromedp.CSS("#shuffle")))
	b.Until(`plane.seeds.join() !== '1,2,3,4' && !document.getElementById('shuffle').disabled`)
	b.at("other seeds", 0.78, 0.29)
	b.Scheme("dark")
	b.Look("desktop-dark")
	b.phone()
}

// download clicks a button that downloads a picture with a name.
func (b *tab) download(button, name string, wide int) {
	b.T.Helper()
	dir := b.T.TempDir()
	if _, err := chromedp.CallBrowser(b.Ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir}); err != nil {
		b.T.Fatal(err)
	}
	b.Do("download", chromedp.Click(chromedp.CSS(button)))
	for range 3000 {
		if f, err := os.Open(filepath.Join(dir, name)); err == nil {
			img, err := png.Decode(f)
			f.Close()
			if err == nil {
				if img.Bounds().Dx() < wide {
					b.T.Errorf("the download is %v large", img.Bounds())
				}
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	all, err := os.ReadDir(dir)
	b.T.Fatalf("%s is not downloaded: %v, %v", name, all, err)
}

// phone shows the page as on a phone: a finger drags, the page does not scroll under it, and nothing is too wide.
func (b *tab) phone() {
	b.T.Helper()
	b.Do("phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait), chromedp.Reload())
	b.at("phone", 0.5, 0.5)
	b.Look("phone-dark")
	r, before := valueOf[box](b, mapBox), valueOf[float64](b, `scrollY`)
	finger := func(u, v float64) *input.TouchPoint {
		x, y := r.point(u, v)
		return &input.TouchPoint{X: x, Y: y}
	}
	b.touch(input.DispatchTouchEventTypeTouchStart, finger(0.2, 0.7))
	b.touch(input.DispatchTouchEventTypeTouchMove, finger(0.3, 0.5))
	b.touch(input.DispatchTouchEventTypeTouchMove, finger(0.4, 0.2))
	b.touch(input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{}...)
	b.at("finger", 0.4, 0.2)
	after, wide := valueOf[float64](b, `scrollY`), valueOf[float64](b, `document.documentElement.scrollWidth - innerWidth`)
	if after != before || wide > 0 {
		b.T.Errorf("the page scrolled by %v under the finger, and is %v pixels too wide", after-before, wide)
	}
	b.Scheme("light")
	b.Look("phone-light")
}

// TestPageWithToken: the page takes the token from its address, from which it vanishes, or from a field, and stores it nowhere.
func TestPageWithToken(t *testing.T) {
	b := browsing(t)
	web := httptest.NewServer(opened(t, small(Options{Token: "correct-horse-battery"}), "vae", pictures...))
	defer web.Close()
	b.Do("open", chromedp.EmulateViewport(900, 600), chromedp.Navigate(web.URL+"/#token=correct-horse-battery"))
	b.at("open", 0.5, 0.5)
	where, kept := valueOf[string](b, `location.href`), valueOf[int](b, `document.cookie.length + localStorage.length + sessionStorage.length`)
	if strings.Contains(where, "token") || kept != 0 {
		t.Errorf("the address is %s, and %d things are stored", where, kept)
	}
	key := chromedp.CSS("#token")
	b.Do("open again", chromedp.Navigate(web.URL), chromedp.WaitVisible(key))
	b.Look("token")
	b.Do("another token", chromedp.SendKeys(key, "wrong\r"))
	b.Until(`document.getElementById('status').textContent === 'This is not the token.'`)
	b.Do("the token", chromedp.SendKeys(key, "correct-horse-battery\r"))
	b.at("the token", 0.5, 0.5)
	if valueOf[bool](b, `document.getElementById('key').checkVisibility()`) {
		t.Error("the field for the token is still there")
	}
}

// TestPageOfTexts: a box shows attention and goes on with a text.
func TestPageOfTexts(t *testing.T) {
	b := browsing(t)
	web := httptest.NewServer(writer(t))
	defer web.Close()
	b.Scheme("dark")
	b.Do("read", chromedp.EmulateViewport(390, 844), chromedp.Navigate(web.URL), chromedp.WaitVisible(chromedp.CSS("#read")),
		chromedp.SendKeys(chromedp.CSS("#prompt"), "the lazy dog"), chromedp.Click(chromedp.CSS("#read")), chromedp.WaitVisible(chromedp.CSS("#weights")))
	rows := valueOf[int](b, `document.querySelectorAll('#rows span')[3].focus() ?? document.querySelectorAll('#rows span').length`)
	shaded := valueOf[int](b, `[...document.querySelectorAll('#columns i')].filter(s => s.style.opacity > 0).length`)
	if rows != 12 || shaded != 4 {
		t.Errorf("there are %d tokens, of which the fourth attends to %d", rows, shaded)
	}
	b.Do("write", chromedp.Click(chromedp.CSS("#write")))
	b.Until(`document.getElementById('stop').hidden && document.getElementById('written').textContent.length > 12`)
	b.Look("text")
	if said := valueOf[string](b, `document.getElementById('status').textContent`); said != "" {
		t.Errorf("it says %q", said)
	}
	if text := valueOf[string](b, `document.getElementById('written').textContent`); !strings.HasPrefix(text, "the lazy dog") || len([]rune(text)) != 12+100 {
		t.Errorf("it wrote %q", text)
	}
	if wide := valueOf[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("it is %v pixels too wide", wide)
	}
}
