package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"genview/models/data"
	"genview/models/gan"
	"genview/models/optim"
	"genview/models/settings"
	"genview/models/transformer"
	"genview/models/vae"
	"genview/tensor"
	"genview/vk"
)

// config is a run's configuration, as config.yaml keeps it and --set changes it. What is zero is not written.
type config struct {
	Kind  string      `yaml:"kind"` // vae, gan, translate or text
	Seed  uint64      `yaml:"seed"`
	Steps int         `yaml:"steps"`
	Batch int         `yaml:"batch"`
	Data  dataConfig  `yaml:"data"`
	Model modelConfig `yaml:"model"`
	Optim optimConfig `yaml:"optim"`

	Precision string `yaml:"precision,omitempty"` // of products' operands: f32, which is the default, or bf16

	Kernels string `yaml:"kernels,omitempty"` // the family, on which sums' last bits depend: gpu or lavapipe; "": what suits the device

	Vectors int `yaml:"vectors,omitempty"` // bits of lavapipe's, on which sums' last bits depend; 0: as many as is usual on the processor

	Record recordConfig `yaml:"record"`

	text   *data.Text // that was read when the run was configured
	choice string     // of size and channels, to be said
}

// recordConfig says what is kept of how the run looked while it was trained.
type recordConfig struct {
	Budget int `yaml:"budget"` // MiB that it may take on the disk; 0: nothing is kept
}

// unset is a configuration of which nothing was said yet.
func unset() config { return config{Record: recordConfig{Budget: 256}} }

type dataConfig struct {
	Name       string `yaml:"name"`
	Dir        string `yaml:"dir,omitempty"`
	Size       int    `yaml:"size,omitempty"`
	Channels   int    `yaml:"channels,omitempty"`
	Binarize   bool   `yaml:"binarize,omitempty"`   // each pixel anew 1 or 0 with its value as probability, as Bernoulli likelihoods want it
	Characters quoted `yaml:"characters,omitempty"` // text: all that the model knows, in order
	Pipe       bool   `yaml:"pipe,omitempty"`       // text: it came through a pipe and cannot be read again
	Identity   string `yaml:"identity,omitempty"`   // of the data that the run began with; empty: they may be any
}

// quoted is a text written as Go writes it, so that white space at its edges survives.
type quoted string

// MarshalYAML returns the text in quotes.
func (q quoted) MarshalYAML() (any, error) { return strconv.Quote(string(q)), nil }

// UnmarshalText takes the quotes off again.
func (q *quoted) UnmarshalText(p []byte) error {
	text, err := strconv.Unquote(string(p))
	*q = quoted(text)
	return err
}

type modelConfig struct {
	Arch    string  `yaml:"arch,omitempty"`    // vae: mlp or conv; gan: mlp or dcgan
	Z       int     `yaml:"z,omitempty"`       // vae and gan
	Hidden  int     `yaml:"hidden,omitempty"`  // all but text
	Beta    float64 `yaml:"beta,omitempty"`    // vae
	Pairing string  `yaml:"pairing,omitempty"` // gan, and the next four
	R1      float64 `yaml:"r1,omitempty"`
	R2      float64 `yaml:"r2,omitempty"`
	EMA     float64 `yaml:"ema,omitempty"`
	Decay   int     `yaml:"decay,omitempty"` // steps over which the learning rate and the penalties fall to 0; 0: they stay
	Width   int     `yaml:"width,omitempty"` // translate and text, and the next three: d_model
	Heads   int     `yaml:"heads,omitempty"`
	Layers  int     `yaml:"layers,omitempty"`
	Dropout float64 `yaml:"dropout,omitempty"`
	Context int     `yaml:"context,omitempty"` // text, and the next
	Bias    bool    `yaml:"bias,omitempty"`
}

type optimConfig struct {
	LR          float64 `yaml:"lr"`
	Beta1       float64 `yaml:"beta1,omitempty"`
	Beta2       float64 `yaml:"beta2,omitempty"`
	WeightDecay float64 `yaml:"weight_decay,omitempty"` // translate and text, and all below
	MinLR       float64 `yaml:"min_lr,omitempty"`
	Warmup      int     `yaml:"warmup,omitempty"`
	Decay       int     `yaml:"decay,omitempty"` // steps over which the rate falls to min_lr; 0: it stays
	Clip        float64 `yaml:"clip,omitempty"`
	Smoothing   float64 `yaml:"smoothing,omitempty"` // of labels; translate
}

// presets are what train makes, by name; gpt is another one for text.
var presets = map[string]func() config{
	"vae": defaults, "gan": ganDefaults, "dcgan": dcganDefaults, "points": pointsDefaults,
	"translate": translateDefaults, "text": textDefaults, "gpt": textDefaults, "paper": paperDefaults,
}

// presetNames are in the order in which they are told.
var presetNames = []string{"vae", "gan", "dcgan", "points", "translate", "paper", "text"}

func defaults() config {
	v, adam := vae.Defaults(), optim.AdamDefaults()
	return config{
		Kind: "vae", Seed: 1, Steps: 2000, Batch: 128, Record: unset().Record,
		Data:  dataConfig{Name: "glyphs", Size: v.Size, Channels: 1, Binarize: true},
		Model: modelConfig{Arch: v.Arch, Z: v.Z, Hidden: v.Hidden, Beta: v.Beta},
		Optim: optimConfig{LR: adam.LR, Beta1: adam.Beta1, Beta2: adam.Beta2},
	}
}

func ganDefaults() config { return ofGAN(gan.Defaults(), optimConfig{LR: 2e-4, Beta1: 0, Beta2: 0.99}) }

// dcganDefaults has the rates of Radford et al. 2016.
func dcganDefaults() config {
	return ofGAN(gan.DCGANDefaults(), optimConfig{LR: 2e-4, Beta1: 0.5, Beta2: 0.999})
}

// pointsDefaults has what finds all modes of points:grid25.
func pointsDefaults() config {
	c := ofGAN(gan.PointsDefaults(), optimConfig{LR: 2e-3, Beta1: 0, Beta2: 0.99})
	c.Data.Name, c.Batch, c.Steps = "points:grid25", 256, c.Model.Decay
	return c
}

func ofGAN(g gan.Config, o optimConfig) config {
	c := defaults()
	c.Kind, c.Optim = "gan", o
	c.Data.Size, c.Data.Binarize = g.Size, false
	c.Model = modelConfig{Arch: g.Arch, Z: g.Z, Hidden: g.Hidden, Pairing: g.Pairing, R1: g.R1, R2: g.R2, EMA: g.EMA, Decay: g.Decay}
	return c
}

// translateDefaults learn to read dates in a few minutes on a CPU.
func translateDefaults() config {
	c := ofTransformer(transformer.Defaults())
	c.Optim = optimConfig{LR: 2e-3, Beta1: 0.9, Beta2: 0.98, Warmup: 100, MinLR: 1e-5, Clip: 1, Smoothing: 0.1}
	c.Batch, c.Steps = 64, 1200
	c.Optim.Decay = c.Steps
	return c
}

// paperDefaults have the base model of Vaswani et al. 2017 and what it was trained with, but for the schedule: theirs falls with the
// root of the step from the same peak, width^−½·warmup^−½.
func paperDefaults() config {
	c := ofTransformer(transformer.PaperDefaults())
	c.Optim = optimConfig{LR: 7e-4, Beta1: 0.9, Beta2: 0.98, Warmup: 4000, Clip: 1, Smoothing: 0.1}
	c.Batch, c.Steps = 64, 20000
	c.Optim.Decay = c.Steps
	return c
}

func ofTransformer(m transformer.Config) config {
	return config{
		Kind: "translate", Seed: 1, Record: unset().Record, Data: dataConfig{Name: "dates"},
		Model: modelConfig{Width: m.Width, Heads: m.Heads, Layers: m.Layers, Hidden: m.Hidden, Dropout: m.Dropout},
	}
}

// textDefaults are nanoGPT's for a CPU (its README, "I only have a macbook").
func textDefaults() config {
	m := transformer.GPTDefaults()
	return config{
		Kind: "text", Seed: 1, Steps: 2000, Batch: 12, Record: unset().Record,
		Model: modelConfig{Width: m.Width, Heads: m.Heads, Layers: m.Layers, Context: m.Context, Bias: m.Bias, Dropout: m.Dropout},
		Optim: optimConfig{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, MinLR: 1e-4, Warmup: 100, Decay: 2000, Clip: 1},
	}
}

// set changes the field that a dotted key names, as model.z=20.
func (c *config) set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return usageError{fmt.Errorf("--set %s: write key=value, as in model.z=20", assignment)}
	}
	if err := settings.Set(c, key, value); err != nil {
		return usageError{fmt.Errorf("--set %s: %w", assignment, err)}
	}
	return nil
}

// check says what is wrong with a configuration, from wherever it comes.
func (c *config) check() error {
	o := c.Optim
	if _, err := c.products(); err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"vae", "gan", "translate", "text"}, c.Kind):
		return fmt.Errorf("the kind of model is %q; vae, gan, translate and text are known", c.Kind)
	case c.Steps < 1:
		return fmt.Errorf("--steps %d: give 1 or more", c.Steps)
	case c.Record.Budget < 0:
		return fmt.Errorf("record.budget is %d and must be 0, for no recording, or the MiB that it may take", c.Record.Budget)
	case c.Batch < 1:
		return fmt.Errorf("--batch %d: give 1 or more", c.Batch)
	case c.Precision == "f16":
		return errors.New("--precision f16: its gradients underflow; bf16 takes as little memory and has the range of f32")
	case c.Kernels != "" && c.Kernels != tensor.ForGPU.String() && c.Kernels != tensor.ForLavapipe.String():
		return fmt.Errorf("kernels is %q and must be gpu or lavapipe, or left out for those that suit the device", c.Kernels)
	case c.Vectors != 0 && c.Vectors != 256 && c.Vectors != 512:
		return fmt.Errorf("vectors is %d and must be 256 or 512, or 0 for what is usual", c.Vectors)
	case !(o.LR > 0):
		return fmt.Errorf("optim.lr is %v and must be above 0", o.LR)
	case !(o.MinLR >= 0 && o.MinLR <= o.LR):
		return fmt.Errorf("optim.min_lr is %v and must be from 0 to optim.lr, %v", o.MinLR, o.LR)
	case !(o.Smoothing >= 0 && o.Smoothing < 1):
		return fmt.Errorf("optim.smoothing is %v and must be from 0 to below 1", o.Smoothing)
	}
	for _, s := range []struct {
		key   string
		value float64
	}{{"optim.weight_decay", o.WeightDecay}, {"optim.clip", o.Clip}, {"optim.warmup", float64(o.Warmup)}, {"optim.decay", float64(o.Decay)}} {
		if !(s.value >= 0) {
			return fmt.Errorf("%s is %v and must be at least 0", s.key, s.value)
		}
	}
	for i, beta := range []float64{o.Beta1, o.Beta2} {
		if !(beta >= 0 && beta < 1) {
			return fmt.Errorf("optim.beta%d is %v and must be from 0 to below 1", i+1, beta)
		}
	}
	if err := c.checkData(); err != nil {
		return err
	}
	return c.checkModel()
}

// checkData says what is wrong with the data that are named.
func (c *config) checkData() error {
	name := c.Data.Name
	switch {
	case strings.HasPrefix(name, "points:") != c.points():
		return fmt.Errorf("model.arch=%s and --data %s do not fit: genview train points takes points:ring8 or points:grid25, the others do not", c.Model.Arch, name)
	case c.Kind == "translate" && name != "dates":
		return fmt.Errorf("--data %s: genview train translate takes dates", name)
	case c.Kind == "text" && name == "":
		return errors.New("say what text to learn from: genview train text FILE")
	case c.Kind != "text" && c.Kind != "translate" && !c.fromPath() && !slices.Contains(dataSets(), name):
		return fmt.Errorf("there is no data set %q%s; there are %s, and folders of pictures, as ./%[1]s", name, meant(name, dataSets()), strings.Join(dataSets(), ", "))
	case strings.ContainsAny(name+c.Data.Dir, "\r\n"):
		return fmt.Errorf("the path %q has a line end in it, which config.yaml does not keep: give it another name", name+c.Data.Dir)
	}
	return nil
}

// checkModel says what is wrong with the model's settings.
func (c *config) checkModel() error {
	m := c.Model
	switch c.Kind {
	case "gan":
		return c.gan().Validate()
	case "vae":
		return c.vae().Validate()
	case "translate": // what is known of the data only when they are open is 1 here
		return transformer.Config{
			Vocab: transformer.Special + 1, Width: m.Width, Heads: m.Heads, Layers: m.Layers, Hidden: m.Hidden, Source: 1, Target: 1, Dropout: m.Dropout,
		}.Validate()
	}
	return transformer.GPTConfig{Vocab: 1, Context: m.Context, Width: m.Width, Heads: m.Heads, Layers: m.Layers, Dropout: m.Dropout}.Validate()
}

// products returns the type of products' operands.
func (c *config) products() (tensor.DType, error) {
	for _, dt := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
		if c.Precision == dt.String() {
			return dt, nil
		}
	}
	if c.Precision != "" {
		return tensor.F32, fmt.Errorf("--precision %s: give f32 or bf16%s", c.Precision, meant(c.Precision, []string{"f32", "bf16"}))
	}
	return tensor.F32, nil
}

func (c *config) vae() vae.Config {
	return vae.Config{
		Arch: c.Model.Arch, Z: c.Model.Z, Hidden: c.Model.Hidden, Beta: c.Model.Beta,
		Size: c.Data.Size, Channels: c.Data.Channels,
	}
}

func (c *config) gan() gan.Config {
	return gan.Config{
		Arch: c.Model.Arch, Z: c.Model.Z, Hidden: c.Model.Hidden, Size: c.Data.Size, Channels: c.Data.Channels,
		Pairing: c.Model.Pairing, R1: c.Model.R1, R2: c.Model.R2, EMA: c.Model.EMA, Decay: c.Model.Decay,
	}
}

func (c *config) adam() optim.AdamConfig {
	a := optim.AdamDefaults()
	a.LR, a.Beta1, a.Beta2, a.WeightDecay = c.Optim.LR, c.Optim.Beta1, c.Optim.Beta2, c.Optim.WeightDecay
	return a
}

func (c *config) transformer() transformer.TrainConfig {
	o := c.Optim
	return transformer.TrainConfig{
		Batch: c.Batch, Adam: c.adam(), MinLR: o.MinLR, Warmup: o.Warmup, Decay: o.Decay, Clip: o.Clip, Smoothing: o.Smoothing, Seed: c.Seed,
	}
}

// points tells whether the run is of points in the plane, and not of pictures.
func (c *config) points() bool { return c.Model.Arch == "points" }

// aTitle is title with its article.
func (c *config) aTitle() string {
	if c.Model.Arch == "mlp" { // as it is spoken
		return "an " + c.title()
	}
	return "a " + c.title()
}

// title says what is trained, as "MLP VAE".
func (c *config) title() string {
	switch {
	case c.Kind == "translate":
		return "Transformer"
	case c.Kind == "text":
		return "GPT"
	case c.points():
		return "GAN of points"
	case c.Model.Arch == "dcgan":
		return "DCGAN"
	}
	return strings.ToUpper(c.Model.Arch) + " " + strings.ToUpper(c.Kind)
}

// tooLarge adds to an error about size or memory what of the settings makes it, and can be made smaller; any other error it leaves.
func (c *config) tooLarge(err error) error {
	var size *tensor.SizeError
	var memory *vk.MemoryError
	if !errors.As(err, &size) && !errors.As(err, &memory) {
		return err
	}
	hint := []string{fmt.Sprintf("--batch %d", c.Batch)}
	for _, s := range []struct {
		key   string
		value int
	}{
		{"data.size", c.Data.Size},
		{"data.channels", c.Data.Channels},
		{"model.hidden", c.Model.Hidden},
		{"model.z", c.Model.Z},
		{"model.width", c.Model.Width},
		{"model.layers", c.Model.Layers},
		{"model.heads", c.Model.Heads},
		{"model.context", c.Model.Context},
	} {
		if s.value > 1 {
			hint = append(hint, fmt.Sprintf("%s=%d", s.key, s.value))
		}
	}
	return fmt.Errorf("the model is too large: %w; make one of these smaller: %s", err, strings.Join(hint, ", "))
}
