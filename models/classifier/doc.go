// Package classifier classifies pictures, with a convolutional network or with a Vision Transformer (Dosovitskiy et al. 2020), whose
// attention can be shown.
//
// The one idea: a network maps pictures to logits, and everything else (loss, measures, probabilities) is computed from these.
package classifier
