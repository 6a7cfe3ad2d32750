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
// .jsonl is none: a process that is killed leaves nothing half written, and the next writer removes what it left. Of the files in the
// folder only those with such names are ever removed.
//
// The one idea: what is kept is bounded, and its steps are spaced evenly in their logarithms, for at the beginning more happens in a
// step. Where looks or key checkpoints outgrow their half of the budget, the one goes whose neighbours are closest by that measure;
// the first and the newest always stay. A database was rejected: files can be looked at, copied and thrown away one by one.
package record
