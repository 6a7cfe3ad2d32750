//go:build glfw

package present

// Resize gives a window another size, in screen coordinates.
func Resize(w OpenWindow, width, height int) { w.(*window).w.SetSize(width, height) }
