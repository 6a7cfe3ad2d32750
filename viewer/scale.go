package viewer

import "math"

// The size for which panels are made, and the smallest that a window is ever taken for.
const (
	madeForWidth, madeForHeight = 1600, 1000
	leastWidth, leastHeight     = 640, 480
)

// By how much the user can enlarge everything.
const leastScale, mostScale = 0.5, 4.0

// zoomOf returns how much larger than usual everything is drawn in a window of that size, so that large windows do not have small text.
// user is what the user multiplied it by.
func zoomOf(width, height, user float64) float64 {
	const finest = 4 // steps from one scale to twice of it: the scale stays while a window is resized a little
	fits := min(width/madeForWidth, height/madeForHeight)
	scale := max(1, math.Floor(fits*finest)/finest) * user
	return min(max(scale, 0.5), max(1, min(width/leastWidth, height/leastHeight)))
}

// resized returns the user's factor after a key: + is 1, − is −1, and 0 is the usual size.
func resized(user float64, key int) float64 {
	const step = 1.1
	if key == 0 {
		return 1
	}
	return min(max(user*math.Pow(step, float64(key)), leastScale), mostScale)
}
