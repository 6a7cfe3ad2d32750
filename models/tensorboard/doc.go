// Package tensorboard writes event files, which TensorBoard shows: scalars, images, histograms, texts and hyper-parameters.
//
//	f, err := tensorboard.Create("runs/letters", "", 0, time.Now())
//	err = f.Metrics(20, time.Now(), watch.Metrics{{Name: "loss", Value: 0.5}})
//	err = f.End(time.Now())
//
// An event file is records of protocol buffers with checksums. [Log] writes one beside a training: each session of a run has a file of its
// own, as TensorBoard wants it, and a session that goes on from a step says that what earlier files have after it is void.
//
// Generated code was rejected: the dozen of messages that are written here are a line each, and nothing is read.
package tensorboard
