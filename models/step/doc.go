// Package step is what models in training have in common: variables and what trains them, the programs of a step, their metrics, and
// the state that a checkpoint holds.
//
// The one idea: a kind of model says what a step is made of, in parts, and has all else from the [Trainer] that it embeds. A part is one
// submission; a GAN has two, one for each of its networks, and most have one.
package step
