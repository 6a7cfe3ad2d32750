package transformer

import (
	"fmt"

	"genview/models/nn"
	"genview/models/optim"
)

// Special tokens of the encoder–decoder.
const (
	Pad   = iota // fills up a sequence; attention ignores it
	Begin        // the decoder's first input
	End          // the end of the output
	Special
)

// Config describes an encoder–decoder.
type Config struct {
	Vocab          int // number of tokens, including the special ones; source and target share them
	Width          int // d_model
	Heads          int
	Layers         int // of the encoder, and of the decoder
	Hidden         int // units of the feed-forward layers
	Source, Target int // longest sequences in tokens; Target includes End
	Dropout        float64
}

// Defaults returns a small model, for tokens that are characters. Vocab, Source and Target depend on the data.
func Defaults() Config { return Config{Width: 128, Heads: 4, Layers: 2, Hidden: 256} }

// PaperDefaults returns the base model of Vaswani et al. 2017, table 3.
func PaperDefaults() Config {
	return Config{Width: 512, Heads: 8, Layers: 6, Hidden: 2048, Dropout: 0.1}
}

// Validate returns an error that says what is wrong with c and how to correct it.
func (c Config) Validate() error {
	return valid(c.Dropout, map[string]int{
		"Width": c.Width, "Heads": c.Heads, "Vocab": c.Vocab - Special, "Layers": c.Layers, "Hidden": c.Hidden, "Source": c.Source, "Target": c.Target,
	})
}

// GPTConfig describes a GPT.
type GPTConfig struct {
	Vocab   int
	Context int // longest sequence in tokens
	Width   int // n_embd
	Heads   int
	Layers  int
	Dropout float64
	Bias    bool // biases in linear layers and norms, as in GPT-2
}

// GPTDefaults returns nanoGPT's for a CPU: 4 layers, 4 heads, 128 wide, context 64. Vocab depends on the data.
func GPTDefaults() GPTConfig { return GPTConfig{Context: 64, Width: 128, Heads: 4, Layers: 4} }

// Validate returns an error that says what is wrong with c and how to correct it.
func (c GPTConfig) Validate() error {
	return valid(c.Dropout, map[string]int{"Width": c.Width, "Heads": c.Heads, "Vocab": c.Vocab, "Context": c.Context, "Layers": c.Layers})
}

// valid checks the sizes and the dropout that all transformers have.
func valid(dropout float64, sizes map[string]int) error {
	limits := map[string]nn.Size{}
	for name, n := range sizes {
		limits[name] = nn.Size{Value: n, Most: nn.MostUnits}
	}
	limits["Layers"] = nn.Size{Value: sizes["Layers"], Most: nn.MostLayers}
	if err := nn.CheckSizes("transformer", limits); err != nil {
		return err
	}
	if width, heads := sizes["Width"], sizes["Heads"]; width%heads != 0 {
		return fmt.Errorf("transformer: Width is %d and must be a multiple of Heads, %d", width, heads)
	}
	if !(dropout >= 0 && dropout < 1) {
		return fmt.Errorf("transformer: Dropout is %v and must be from 0 to below 1", dropout)
	}
	return nil
}

// TrainConfig says how a Transformer is trained: AdamW with the learning rate of [optim.Cosine], whose peak is Adam.LR, and with weight
// decay for matrices only.
type TrainConfig struct {
	Batch     int
	Adam      optim.AdamConfig
	MinLR     float64
	Warmup    int     // steps
	Decay     int     // steps; 0: the rate stays at its peak
	Clip      float64 // largest global norm of the gradients; 0: any
	Smoothing float64 // of labels, for the encoder–decoder
	Seed      uint64  // of the initial weights and of dropout
}
