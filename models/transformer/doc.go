// Package transformer builds, trains and reads Transformers: the encoder–decoder of Vaswani et al. 2017, which translates, and the
// decoder-only GPT (Radford et al. 2019), which goes on with a text.
//
// Tokens are numbers here; what they stand for is the caller's. Every attention layer is tapped under its own name, so that the
// shares of each head can be asked for with a program of its own, and cost a training step nothing.
//
// Parameters have the names and shapes of torch.nn.Transformer and of GPT-2; as GPT-2's linear layers are stored transposed, files
// of its weights do not fit as they are.
package transformer
