package transformer

import (
	"fmt"

	"genview/models/nn"
	"genview/models/optim"
)

// Tokens with a meaning of their own, for the encoder–decoder.
const (
	Pad   = iota // fills a sequence up; nothing looks at it
	Begin        // what the decoder starts from
	End          // what it ends with
	Special
)

// Config describes an encoder–decoder.
type Config struct {
	Vocab          int // tokens, the special ones among them; source and target share them
	Width          int // of the vectors: d_model
	Heads          int
	Layers         int // of the encoder, and of the decoder
	Hidden         int // units of the feed-forward layers
	Source, Target int // longest sequences, in tokens; Target counts End
	Dropout        float64
}

// Defaults returns a small one, for tokens that are characters; Vocab, Source and Target are the data's.
func Defaults() Config { return Config{Width: 128, Heads: 4, Layers: 2, Hidden: 256} }

// PaperDefaults returns the base model of Vaswani et al. 2017, table 3.
func PaperDefaults() Config {
	return Config{Width: 512, Heads: 8, Layers: 6, Hidden: 2048, Dropout: 0.1}
}

// Validate says what is wrong with c and how to mend it.
func (c Config) Validate() error {
	return valid(c.Dropout, map[string]int{
		"Width": c.Width, "Heads": c.Heads, "Vocab": c.Vocab - Special, "Layers": c.Layers, "Hidden": c.Hidden, "Source": c.Source, "Target": c.Target,
	})
}

// GPTConfig describes a GPT.
type GPTConfig struct {
	Vocab   int
	Context int // longest sequence, in tokens
	Width   int // of the vectors: n_embd
	Heads   int
	Layers  int
	Dropout float64
	Bias    bool // in linear layers and norms, as GPT-2 has
}

// GPTDefaults returns nanoGPT's for a CPU: 4 layers, 4 heads, 128 wide, context 64. Vocab is the data's.
func GPTDefaults() GPTConfig { return GPTConfig{Context: 64, Width: 128, Heads: 4, Layers: 4} }

// Validate says what is wrong with c and how to mend it.
func (c GPTConfig) Validate() error {
	return valid(c.Dropout, map[string]int{"Width": c.Width, "Heads": c.Heads, "Vocab": c.Vocab, "Context": c.Context, "Layers": c.Layers})
}

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

// TrainConfig says how a Transformer is trained: AdamW, whose rate is that of [optim.Cosine] with the peak Adam.LR, and whose decay
// is for matrices alone.
type TrainConfig struct {
	Batch     int
	Adam      optim.AdamConfig
	MinLR     float64
	Warmup    int     // steps
	Decay     int     // steps; 0: the rate stays
	Clip      float64 // largest global norm of the gradients; 0: any
	Smoothing float64 // of labels, for the encoder–decoder
	Seed      uint64  // of the first weights and of dropout
}
