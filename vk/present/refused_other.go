//go:build glfw && !linux

package present

import "github.com/go-gl/glfw/v3.3/glfw"

func listen() {}

func refused() string { return "" }

func destroyed(*glfw.Window) bool { return false }
