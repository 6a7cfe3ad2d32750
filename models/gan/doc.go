// Package gan trains generative adversarial networks (Goodfellow et al. 2014): a generator that maps noise to pictures, and a
// discriminator that tells them from real ones.
// The one idea: a step is two programs over the same variables, each with its own updates, one after the other. The penalties R1 and R2
// differentiate a gradient, which needs no extra code: a gradient is a graph like any other.
//
// Samples come from a moving average of the generator, whose window grows with the step until EMA limits it.
package gan
