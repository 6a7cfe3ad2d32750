package present

import (
	"bytes"
	"encoding/binary"
)

// Constants is for tests of the kernel alone.
var Constants = constants

// Placed returns the kernel's block Place for a picture of h × w values in a window, and the part of the window that the picture takes.
func Placed(height, width, h, w int, smooth bool) (block []byte, top, left, rows, columns int) {
	p := fit(height, width, h, w, smooth)
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, p) // has a fixed size
	return b.Bytes(), int(p.top), int(p.left), int(p.rows), int(p.columns)
}
