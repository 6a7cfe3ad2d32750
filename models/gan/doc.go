// Package gan trains generative adversarial networks (Goodfellow et al. 2014): a generator that maps noise to pictures, and a
// discriminator that tells them from real ones.
//
// The one idea: a step is two programs over the same variables, each with its own updates, one after the other. The penalties R1 and
// R2 differentiate a gradient, which needs nothing of its own: a gradient is a graph like any other.
//
// What samples are made with is the generator's moving average, whose window grows with the step until EMA bounds it.
package gan
