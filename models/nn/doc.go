// Package nn names, starts and applies the parameters of neural networks.
//
// A layer is a plain struct of tensors with a method Forward that builds a graph; it holds no numbers. A [Scope] makes the variables:
// it gives each a path, such as "encoder.fc1.weight", that is its name in a safetensors file, and a first value drawn from the seed
// and that path alone. So a layer that is added or removed changes no other layer's first values, which one generator drawn from in
// order of creation would do.
//
// Whether a network trains or is evaluated is said where it is passed forward, by a [Pass], and is no mode that it is left in. Layers for
// which it makes no difference do not ask.
//
// Shapes, names of parameters and first values' distributions are those of PyTorch 2.
package nn
