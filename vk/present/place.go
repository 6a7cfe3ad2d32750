package present

// A place is where a picture lies in a window, in pixels, and how its values map to them. It has the form of the kernel's block of that name.
type place struct {
	height, width            int32 // of the window
	top, left, rows, columns int32 // of the part with the picture
	tall, wide               float32
}

// fit returns the place of a picture of h × w values in a window: as large as it can be, in the middle. Unless it is smooth, a picture that
// is smaller than the window is scaled by a whole number, so that all its values look alike.
func fit(height, width, h, w int, smooth bool) place {
	scale := min(float64(height)/float64(h), float64(width)/float64(w))
	if !smooth && scale >= 1 {
		scale = float64(int(scale))
	}
	rows, columns := max(1, int(scale*float64(h)+0.5)), max(1, int(scale*float64(w)+0.5))
	return place{
		height: int32(height), width: int32(width),
		top: int32((height - rows) / 2), left: int32((width - columns) / 2), rows: int32(rows), columns: int32(columns),
		tall: float32(h) / float32(rows), wide: float32(w) / float32(columns),
	}
}
