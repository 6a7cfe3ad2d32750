// Package nn names, initialises and applies the parameters of neural networks.
//
// A layer is a plain struct of tensors with a method Forward that builds a graph; it holds no numbers. A [Scope] makes the variables. It
// gives each a path, such as "encoder.fc1.weight", which is its name in a safetensors file, and an initial value that depends only on the
// seed and that path. So adding or removing a layer changes no other layer's initial values, unlike with one generator that is drawn from
// in order of creation.
//
// A [Pass] says whether a forward pass is for training or for evaluation; a network has no such mode. Layers for which it makes no
// difference do not take one.
//
// Shapes, names of parameters and initial distributions are those of PyTorch 2.
package nn
