//go:build !linux && !freebsd && !netbsd

package viewer

// gone is never closed: there is no X server to lose.
var gone = make(chan struct{})

func connect() error { return nil }

// CheckOpenGL returns an error where there is nothing that draws a window; these systems have it.
func CheckOpenGL() error { return nil }
