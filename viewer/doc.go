// Package viewer is the window in which a training run is watched.
//
//	err := viewer.Run(ctx, thread, bus, viewer.Options{Title: "genview"})
//
// The one idea: the viewer is plain data until it draws. The window converts input since the last tick to Events. State holds the panels
// and knows no window; it converts events and the newest snapshot to requests for the trainer, and says whether the picture changes. Only
// then, at a pace that leaves the processor to training, panels draw on a Canvas. So all behaviour is tested without a display, and all
// drawing by comparing pictures.
//
// A run has two buses. On one it says what it is now; on the other package replay shows its past, and the slider below all panels moves
// through it. The panels get one snapshot that joins both, and do not know whose views they draw; State sends their requests to the bus that
// the views are of.
//
// The window knows kinds of views, not models: each view of a snapshot gets a panel of its kind, with its title, so that a new model needs
// no code here. Panels for which the window is too small share an area, and the user chooses one by its title.
//
// The user hides panels, divides the window among them and chooses its colours; [Preferences] have all that it remembers. A colour is one of
// each theme, and a Canvas takes the one of its window.
//
// A widget toolkit was rejected: buttons, fields and dragged dots do not need one, and none draws only when asked to.
package viewer
