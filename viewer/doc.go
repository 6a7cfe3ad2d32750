// Package viewer is the window in which a training run is watched.
//
//	err := viewer.Run(ctx, bus, viewer.Options{Title: "genview"}, viewer.Panels()...)
//
// The one idea: looking is plain data until the last moment. The window turns what happened since the last tick into
// Events; State, which holds the panels and knows no window, turns events and the newest snapshot into requests to the
// trainer and into whether anything looks different now; only then, and at a pace that leaves the processor to training,
// panels draw on a Canvas. So all behaviour is tested without a display, and all drawing by picture.
//
// A new panel is a type with the four methods of Panel and an entry in Panels.
//
// A toolkit of widgets was rejected: three buttons and a dragged dot do not need one, and none draws only when asked.
package viewer
