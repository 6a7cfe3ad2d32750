//go:build !linux && !freebsd && !netbsd

package viewer

// gone is never closed: there is no X server to lose.
var gone = make(chan struct{})

func connect() error { return nil }

// CheckOpenGL returns nil: these systems always have something that draws a window.
func CheckOpenGL() error { return nil }
