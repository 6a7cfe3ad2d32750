//go:build linux || freebsd || netbsd

package viewer

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// gone is closed when the connection to the X server breaks. It belongs to the package because Xlib's handlers belong to the process.
var (
	gone     = make(chan struct{})
	goneOnce sync.Once
)

func lose() { goneOnce.Do(func() { close(gone) }) }

// connect connects to the X server, keeps Xlib from ending the process, and watches the connection from then on. It stays open: a server
// whose last client leaves may restart, and meanwhile refuse others.
var connect = sync.OnceValue(func() error {
	x, err := openXlib()
	if err != nil {
		return err
	}
	connected := make(chan error, 1)
	go func() { connected <- x.connect() }() // never returns if the server dies just now
	select {
	case err := <-connected:
		return err
	case <-gone:
		return unreachable()
	}
})

func unreachable() error {
	return fmt.Errorf("the X display %q cannot be reached", os.Getenv("DISPLAY"))
}

// connect installs handlers first. Without them Xlib calls exit when the connection is lost or the server refuses a request.
//
// The handler of a lost connection must not return, because Xlib would then call exit: it blocks its thread for ever. Every other thread
// that uses the connection calls the same handler and blocks, too.
//
// Mesa also talks to the server without Xlib. If it draws on the processor through EGL, it can notice the loss first and then loop for ever
// (Mesa 22.3). So the window uses OpenGL through GLX if possible, which has no such loop, and watches a connection of its own.
func (x *xlib) connect() error {
	x.setIOErrorHandler(purego.NewCallback(func(_ uintptr) uintptr {
		lose()
		select {}
	}))
	x.setErrorHandler(purego.NewCallback(func(_, _ uintptr) uintptr { return 0 })) // the caller sees that it got nothing
	display := x.openDisplay(0)
	if display == 0 {
		return unreachable()
	}
	var opcode, event, fault int32
	if x.queryExtension(display, "GLX", &opcode, &event, &fault) && loads("libGL.so", "libGL.so.1") {
		if err := os.Setenv("SteamEnv", "1"); err != nil { // by which Ebitengine prefers GLX to EGL
			return err
		}
	}
	if os.Getenv("LIBGL_DEBUG") == "" {
		if err := os.Setenv("LIBGL_DEBUG", "quiet"); err != nil { // what fails is said by us
			return err
		}
	}
	go watchConnection(int(x.connectionNumber(display)))
	return nil
}

// watchConnection waits until the server closes a connection that has no other use.
func watchConnection(fd int) {
	poll := []unix.PollFd{{Fd: int32(fd)}} // no events: poll reports only the end
	for {
		n, err := unix.Poll(poll, -1)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			lose()
			return
		}
	}
}

// loads tells whether one of these libraries can be loaded.
func loads(names ...string) bool {
	for _, name := range names {
		if _, err := purego.Dlopen(name, purego.RTLD_LAZY|purego.RTLD_GLOBAL); err == nil {
			return true
		}
	}
	return false
}

// CheckOpenGL returns an error with a remedy if there is no OpenGL library.
func CheckOpenGL() error {
	if loads("libGL.so.1", "libGL.so") || loads("libEGL.so.1", "libEGL.so") && loads("libGLESv2.so.2", "libGLESv2.so") {
		return nil
	}
	return errors.New("viewer: OpenGL is missing, install it (Debian: libgl1 libgl1-mesa-dri)")
}

// xlib holds the functions of Xlib that the package calls itself.
type xlib struct {
	initThreads                        func() int32
	setIOErrorHandler, setErrorHandler func(handler uintptr) uintptr
	openDisplay                        func(name uintptr) uintptr // 0: that of DISPLAY
	connectionNumber                   func(display uintptr) int32
	queryExtension                     func(display uintptr, name string, opcode, event, fault *int32) bool
}

// openXlib opens the library that Ebitengine opens, too: the loader gives both the same one.
var openXlib = sync.OnceValues(func() (*xlib, error) {
	for _, name := range []string{"libX11.so.6", "libX11.so"} {
		lib, err := purego.Dlopen(name, purego.RTLD_LAZY|purego.RTLD_GLOBAL)
		if err != nil {
			continue
		}
		x := &xlib{}
		purego.RegisterLibFunc(&x.initThreads, lib, "XInitThreads")
		purego.RegisterLibFunc(&x.setIOErrorHandler, lib, "XSetIOErrorHandler")
		purego.RegisterLibFunc(&x.setErrorHandler, lib, "XSetErrorHandler")
		purego.RegisterLibFunc(&x.openDisplay, lib, "XOpenDisplay")
		purego.RegisterLibFunc(&x.connectionNumber, lib, "XConnectionNumber")
		purego.RegisterLibFunc(&x.queryExtension, lib, "XQueryExtension")
		x.initThreads() // libX11 before 1.8 requires this before any other call
		return x, nil
	}
	return nil, errors.New("libX11.so.6 is missing, install it (Debian: libx11-6)")
})
