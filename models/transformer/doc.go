// Package transformer builds, trains and inspects Transformers: the encoder–decoder of Vaswani et al. 2017, which translates, and the
// decoder-only GPT (Radford et al. 2019), which continues a text.
//
// Tokens are numbers here; the caller knows their meaning. Every attention layer has a tap with its own name, so that a separate program
// can fetch each head's attention weights at no cost for a training step.
//
// Parameters have the names and shapes of torch.nn.Transformer and of GPT-2. GPT-2 stores linear layers transposed, so files of its weights
// do not fit without conversion.
package transformer
