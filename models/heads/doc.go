// Package heads says in numbers what the heads of attention layers do: scores of a head's attention weights, what several heads or layers
// attend to together, and what a model loses without a head.
//
//	each := heads.Scores(maps[0])             // entropy, distance, previous: of each head of a layer
//	flow := heads.Reduce(maps, heads.Rollout) // a map of one head for each layer
//
// The one idea: everything is computed from [watch.Map], which every model with attention shows, so that a command, a window and a program
// get the same numbers of every model, also of a recorded one. Only taking a head away needs the model; see [family.Attentive].
package heads
