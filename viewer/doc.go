// Package viewer is the window in which a training run is watched.
//
//	err := viewer.Run(ctx, thread, bus, viewer.Options{Title: "genview"})
//
// The one idea: looking is plain data until the last moment. The window turns what happened since the last tick into
// Events; State, which holds the panels and knows no window, turns events and the newest snapshot into requests to the
// trainer and into whether anything looks different now; only then, and at a pace that leaves the processor to training,
// panels draw on a Canvas. So all behaviour is tested without a display, and all drawing by picture.
//
// The window knows kinds of views, not models: each view of a snapshot gets a panel of its kind, under its name, so that a new model shows
// up without a line here. Panels that there is no height for share an area and are chosen by their names.
//
// A toolkit of widgets was rejected: three buttons and a dragged dot do not need one, and none draws only when asked.
package viewer
