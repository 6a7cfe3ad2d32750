// Package vae is the variational autoencoder (Kingma & Welling 2013): the MLP of the PyTorch examples, and a convolutional one.
//
// The noise is an input tensor, so that a test can feed it and a trainer draws it on the device. Pictures are [B, C, S, S] with values in
// [0, 1], the probabilities that a pixel is on; a decoder returns logits. All terms of the objective are in nats per example.
package vae
