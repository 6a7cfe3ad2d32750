//go:build !glfw

package present

// Open returns [ErrNoWindows].
func Open(WindowOptions) (OpenWindow, error) { return nil, ErrNoWindows }
