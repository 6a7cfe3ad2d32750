// Package classifier tells which class a picture is of: by a convolutional network, or by a Vision Transformer (Dosovitskiy et al. 2020),
// whose attention can be looked at.
//
// The one idea: a network maps pictures to logits, and all else, which is the loss, the measures and the probabilities, is made of these.
package classifier
