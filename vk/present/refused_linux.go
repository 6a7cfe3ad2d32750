//go:build glfw

package present

/*
#include <stdio.h>
#include <X11/Xlib.h>

static char refused[256];
static XID missing; // the first window that was not there

static int heed(Display *display, XErrorEvent *e) {
	if (e->error_code == BadWindow && !missing) missing = e->resourceid;
	if (!refused[0]) {
		char text[128];
		XGetErrorText(display, e->error_code, text, sizeof text);
		snprintf(refused, sizeof refused, "%s, request %d.%d", text, e->request_code, e->minor_code);
	}
	return 0;
}

static const char *first(void) { return refused; }
static XID gone(void) { return missing; }

static void begin(void) {
	refused[0] = missing = 0;
	XSetErrorHandler(heed);
}
*/
import "C"

import "github.com/go-gl/glfw/v3.3/glfw"

// listen has Xlib tell of requests that the X server refuses, and go on. Its own handler ends the process: also for requests of a driver,
// which sends them on the window's connection and does not wait for what becomes of them.
func listen() { C.begin() }

// refused returns the first request that the X server has refused since listen was called; "": none.
func refused() string {
	text := C.GoString(C.first())
	if text == "" {
		return ""
	}
	return "the X server refused a request: " + text
}

// destroyed tells whether the X server has said that it has no such window, as when another program has destroyed it.
func destroyed(w *glfw.Window) bool { return C.gone() != 0 && C.gone() == C.XID(w.GetX11Window()) }
