package present

import "errors"

// WindowOptions are the options of a window.
type WindowOptions struct {
	Title         string
	Width, Height int  // in screen coordinates; 0: 1280 × 720
	Full          bool // fill the monitor
	Monitor       int  // where it opens; 0: the first, which is the main one
}

// A Key is a key that was pressed: the character that it types, in lower case, or one of the constants.
type Key rune

// Keys that type nothing.
const (
	Escape Key = -1 - iota
	Left
	Right
	Up
	Down
	F11
)

// An OpenWindow is a window on the screen. All its methods must be called on the main thread.
type OpenWindow interface {
	Window
	Poll() []Key       // handles events, such as changes of the size, and returns the keys that were pressed since the last call
	Wait()             // waits a tenth of a second for events
	Closing() bool     // the user wants it closed, or it is
	Title(text string) // sets the title
	Refresh() float64  // of the monitor, in Hz
	Full() bool        // it fills its monitor
	SetFull(full bool) // makes it fill its monitor, or be as it was
	NextMonitor()      // moves it to the next monitor
	Refused() string   // the first request that the window system has refused, in one line; "": none. The window may lack something since
	Close()            // and gives back what all windows of the process share
}

// ErrNoWindows says that this program was built without windows for presenting, and how to build it with them.
var ErrNoWindows = errors.New("this genview was built without GLFW, which makes the window: install a C compiler and, on Debian, " +
	"libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev libgl-dev, and build it with go build -tags glfw ./cmd/genview")
