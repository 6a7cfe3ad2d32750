// Package optim turns gradients into updates of variables: SGD, Adam and AdamW, step for step as PyTorch computes them.
//
// An optimizer consists of tensors, as a network does. Its moments and its step count are variables, so a step is one program without a
// round trip to the host. The learning rate is a variable, too: a schedule writes it with [tensor.Runtime.Write] and nothing is compiled
// again.
package optim
