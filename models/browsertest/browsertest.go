// Package browsertest shows pages to a headless browser, for tests.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Shots is the environment variable for a folder in which tests leave pictures of the page.
const Shots = "GENVIEW_PAGE_SHOTS"

// A Tab is a page in a headless browser.
type Tab struct {
	T   *testing.T
	Ctx context.Context

	says []string // in its console
}

// Open returns a tab. The test fails if its page writes to the console, except lines with one of the words.
func Open(t *testing.T, words ...string) *Tab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have a browser (Debian: chromium-headless-shell)")
		}
		t.Skip("SKIPPED, no browser (Debian: chromium-headless-shell)")
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &Tab{T: t, Ctx: ctx}
	messages, read := chromedp.Console(ctx), make(chan struct{})
	go func() {
		defer close(read)
		for m, err := range messages {
			if err != nil {
				return
			}
			b.says = append(b.says, m.Text)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-read
		for _, text := range b.says {
			if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
				t.Errorf("the page says: %s", text)
			}
		}
	})
	return b
}

// Do does things with the page.
func (b *Tab) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	if err := chromedp.Do(b.Ctx, steps...); err != nil {
		b.T.Fatalf("%s: %v", what, err)
	}
}

// ValueOf returns the value of an expression of the page.
func ValueOf[T any](b *Tab, expression string) T {
	b.T.Helper()
	v, err := chromedp.Run(b.Ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.T.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Until waits for an expression of the page to be true.
func (b *Tab) Until(expression string) {
	b.T.Helper()
	if _, err := chromedp.Run(b.Ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(20*time.Millisecond))); err != nil {
		b.T.Fatalf("%s: %v", expression, err)
	}
}

// Look keeps a picture of the page, if asked for.
func (b *Tab) Look(name string) {
	b.T.Helper()
	dir := os.Getenv(Shots)
	if dir == "" {
		return
	}
	p, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), p, 0o644)
	}
	if err != nil {
		b.T.Error(err)
	}
}

// Scheme has the page be dark or light.
func (b *Tab) Scheme(scheme string) {
	b.T.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.T.Fatal(err)
	}
}
