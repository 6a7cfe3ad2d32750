// Package optim turns gradients into updates of variables: SGD, Adam and AdamW, step for step as PyTorch computes them.
//
// An optimizer is tensors like a network is. Its moments and its count of steps are variables, so a step is one program without a
// round trip to the host. The learning rate is a variable too: a schedule writes it with [tensor.Runtime.Write] and nothing is
// compiled again.
package optim
