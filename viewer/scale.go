package viewer

import (
	"math"

	"genview/models/watch"
)

// The sizes for which panels and the start page are made, and the smallest that a window is ever taken for. The start page has less to show.
var (
	madeForPanels = Point{1600, 1000}
	madeForStart  = Point{1200, 750}
	leastWindow   = Point{640, 480}
)

// madeFor returns the size for which what is shown is made.
func madeFor(s *watch.Snapshot) Point {
	if s.State == watch.Choosing {
		return madeForStart
	}
	return madeForPanels
}

// By how much the user can enlarge everything.
const leastScale, mostScale = 0.5, 4.0

// zoomOf returns how much larger than usual everything is drawn in a window of that size, so that large windows do not have small text.
// made is the size that the content is made for, user what the user multiplied the zoom by.
func zoomOf(made Point, width, height, user float64) float64 {
	const finest = 4 // steps from one scale to twice of it: the scale stays while a window is resized a little
	fits := min(width/made.X, height/made.Y)
	scale := max(1, math.Floor(fits*finest)/finest) * user
	return min(max(scale, 0.5), max(1, min(width/leastWindow.X, height/leastWindow.Y)))
}

// resized returns the user's factor after a key: + is 1, − is −1, and 0 is the usual size.
func resized(user float64, key int) float64 {
	const step = 1.1
	if key == 0 {
		return 1
	}
	return min(max(user*math.Pow(step, float64(key)), leastScale), mostScale)
}
