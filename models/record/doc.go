// Package record keeps what a run looked like while it was trained, and the weights that it was drawn with.
//
//	w, err := record.NewWriter(dir, 256<<20, from)
//	err = w.Add(step, views, weights) // at each look
//	err = w.Close()
//
//	r, err := record.Open(dir)
//	moment, err := r.At(1200)
//
// A recording is a folder. A look at a step is
//
//	step-00001200.jsonl          a view a line: its kind, and all of it but numbers and pictures; it is written last
//	step-00001200.safetensors    the views' numbers, in 16 bits but for latent vectors
//	step-00001200.N.png          the pictures of the view of line N on one sheet
//
// and a key checkpoint is step-00001200.weights.safetensors, in 16 bits. Every file is written whole or not at all, and a look without its
// .jsonl does not count: a killed process leaves no partial look, and the next writer removes its files. Only files with these names are
// ever removed from the folder.
//
// The one idea: the recording's size is bounded, and its steps are spaced evenly in their logarithms, because a step changes more at the
// beginning. When looks or key checkpoints exceed their half of the budget, the one whose neighbours are closest by that measure is
// removed; the first and the newest always stay. A database was rejected: files can be looked at, copied and deleted one by one.
package record
