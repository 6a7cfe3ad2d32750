// Package vae is the variational autoencoder (Kingma & Welling 2013): the MLP of the PyTorch examples, and a convolutional one.
//
// The noise comes in as a tensor, so that a test feeds it and a trainer draws it on the device. Pictures are [B, C, S, S] with values
// in [0, 1], read as probabilities of a pixel being on; a decoder returns logits. All terms of the objective are in nats per example.
package vae
