package run

import (
	"errors"
	"fmt"
	"strings"

	"genview/models/family"
	"genview/models/settings"
	"genview/models/train"
	"genview/models/zoo"
	"genview/tensor"

	"github.com/goccy/go-yaml"
)

// version is the version of config.yaml that this program writes. A file without a version is of version 1, in which the settings of all
// kinds were one struct.
const version = 2

// Config is the configuration of a run, as its config.yaml holds it. Zero values are not written.
type Config struct {
	Header
	Settings family.Settings // of the model's kind
}

// Header holds the settings that all kinds of models have.
type Header struct {
	Version int    `yaml:"version,omitempty" found:"yes" doc:"version of this file"`
	Kind    string `yaml:"kind" found:"yes" doc:"family of the model"`
	Seed    uint64 `yaml:"seed" doc:"seed of weights, noise and the order of examples"`
	Steps   int    `yaml:"steps" doc:"number of training steps in all" range:"[1,)"`
	Batch   int    `yaml:"batch" doc:"examples per step" range:"[1,)" large:"yes"`

	Record struct {
		Budget int `yaml:"budget" doc:"largest size of the recording in MiB; 0: nothing is recorded" range:"[0,1048576]"`

		TensorBoard bool `yaml:"tensorboard,omitempty" doc:"write event files, which TensorBoard shows, into the run's folder"`
	} `yaml:"record"`

	Save struct {
		Every string `yaml:"every" doc:"steps or time between checkpoints, as 500 or 5m, beside the last one and the best; 0: there are no others"`
		Keep  int    `yaml:"keep" doc:"newest checkpoints that are kept, beside the best one" range:"[1,10000]"`
	} `yaml:"save"`
	Eval struct {
		Every    int `yaml:"every" doc:"steps between measurements on held-out data, which say what checkpoint is the best; 0: there are none" range:"[0,)"`
		Patience int `yaml:"patience" doc:"measurements without a better one that end the training early; 0: none do" range:"[0,)"`
	} `yaml:"eval"`

	Watermark string `yaml:"watermark,omitempty" doc:"text or number that is put into pictures and films that are made with the model, where nobody sees it; empty: none is"`
	Precision string `yaml:"precision,omitempty" doc:"type of the operands of products: f32, or bf16 for less memory and, on GPUs with matrix units, more speed" oneof:",f32,bf16"`
	Kernels   string `yaml:"kernels,omitempty" doc:"family of kernels, which changes the last bits of sums; empty: the one that suits the device" oneof:",gpu,lavapipe"`
	Vectors   int    `yaml:"vectors,omitempty" doc:"width of lavapipe's vectors in bits, which changes the last bits of sums; 0: the processor's usual width"`
}

// New returns the configuration of a preset.
func New(preset string) (*Config, error) {
	p, f, ok := zoo.Preset(preset)
	if !ok {
		names := zoo.Names(func(family.Preset) bool { return true })
		return nil, fmt.Errorf("there is no preset %s%s; there are %s", preset, meant(preset, names), strings.Join(names, ", "))
	}
	h := header()
	h.Kind, h.Seed, h.Steps, h.Batch = f.Kind, 1, p.Steps, p.Batch
	return &Config{h, p.Settings()}, nil
}

// header returns the defaults of the settings that all kinds have.
func header() Header {
	h := Header{Version: version}
	h.Record.Budget = 256
	h.Save.Every, h.Save.Keep, h.Eval.Every = "1000", 3, 200
	return h
}

// Parse reads a config.yaml. An error names the line that is wrong.
func Parse(p []byte) (*Config, error) {
	doc, err := settings.Parse(p)
	if err != nil {
		return nil, err
	}
	c := &Config{Header: header()}
	c.Version = 1
	if err := doc.Take(&c.Header); err != nil {
		return nil, err
	}
	if c.Version > version {
		return nil, fmt.Errorf("it is of version %d, and this genview reads versions up to %d: take a newer one", c.Version, version)
	}
	f, ok := zoo.Find(c.Kind)
	if !ok {
		return nil, settings.Errorf("kind", "is %q%s; there are %s", c.Kind, meant(c.Kind, zoo.Kinds()), strings.Join(zoo.Kinds(), ", "))
	}
	if c.Version < 2 { // such files may hold settings of other kinds
		for _, other := range zoo.Families {
			doc.Pass(settings.Keys(other.New(), "")...)
		}
	}
	c.Version, c.Settings = version, f.New()
	if err := doc.Take(c.Settings); err != nil {
		return nil, fmt.Errorf("%w (kind is %s)", err, c.Kind)
	}
	if err := doc.Rest(); err != nil {
		return nil, fmt.Errorf("%w (kind is %s)", err, c.Kind)
	}
	return c, nil
}

// meant returns the part of an error about an unknown word that suggests a known one ("; did you mean …?"), or "" if none is close.
func meant(word string, known []string) string {
	if near := settings.Nearest(word, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// Bytes returns the configuration in the form of config.yaml.
func (c *Config) Bytes() ([]byte, error) {
	head, err := yaml.Marshal(c.Header)
	if err != nil {
		return nil, err
	}
	rest, err := yaml.Marshal(c.Settings)
	return append(head, rest...), err
}

// Set changes the setting with a dotted key, such as model.z, to a value in the form in which a user types it. It refuses settings that a
// run determines by itself.
func (c *Config) Set(key, value string) error {
	for _, s := range c.List() {
		if s.Key == key && s.Found {
			return settings.Errorf(key, "is what a run finds out by itself, and is not to be set")
		}
	}
	return settings.Set(key, value, &c.Header, c.Settings)
}

// SetSteps changes the number of steps, and the settings that depend on it.
func (c *Config) SetSteps(n int) {
	c.Steps = n
	if s, ok := c.Settings.(family.Scheduled); ok {
		s.Schedule(n)
	}
}

// List returns all settings.
func (c *Config) List() []settings.Setting {
	return append(settings.List(&c.Header), settings.List(c.Settings)...)
}

// ErrInvalid says that the values of settings are wrong.
var ErrInvalid = errors.New("invalid settings")

type invalid struct{ error }

func (invalid) Is(target error) bool { return target == ErrInvalid }
func (e invalid) Unwrap() error      { return e.error }

// Validate returns an [ErrInvalid] error if a configuration is wrong, whether a user typed it or a file holds it.
func (c *Config) Validate() error {
	if err := c.validate(); err != nil {
		return invalid{err}
	}
	return nil
}

// validate checks the settings of every run, then those of the family.
func (c *Config) validate() error {
	if c.Precision == "f16" {
		return settings.Errorf("precision", "is f16, whose gradients underflow: bf16 takes as little memory and has the range of f32")
	}
	if err := settings.Check(&c.Header); err != nil {
		return err
	}
	if _, err := train.ParseEvery(c.Save.Every); err != nil {
		return settings.Errorf("save.every", "is %q and must be a number of steps, as 500, or a time from a second on, as 5m", c.Save.Every)
	}
	if c.Eval.Patience > 0 && c.Eval.Every == 0 {
		return settings.Errorf("eval.patience", "is %d, and nothing is measured: give eval.every, too", c.Eval.Patience)
	}
	if c.Vectors != 0 && c.Vectors != 256 && c.Vectors != 512 {
		return settings.Errorf("vectors", "is %d and must be 256 or 512, or 0 for what is usual", c.Vectors)
	}
	if err := settings.Check(c.Settings); err != nil {
		return err
	}
	return c.Settings.Validate()
}

// products returns the type of products' operands. f16 is only for timing.
func (c *Config) products() tensor.DType {
	for _, dt := range []tensor.DType{tensor.BF16, tensor.F16} {
		if c.Precision == dt.String() {
			return dt
		}
	}
	return tensor.F32
}

// ErrTooLarge says that a model does not fit on a device.
var ErrTooLarge = errors.New("too large")

// tooLarge adds to an error about size or memory the settings that can be made smaller. It returns any other error unchanged.
func (c *Config) tooLarge(err error) error {
	if !ofSize(err) {
		return err
	}
	return fmt.Errorf("the model is %w: %w; make one of these smaller: %s", ErrTooLarge, err, c.large())
}

// large lists the settings that can be made smaller, with their values.
func (c *Config) large() string {
	var hint []string
	for _, s := range c.List() {
		if s.Large > 1 {
			hint = append(hint, fmt.Sprintf("%s=%d", s.Key, s.Large))
		}
	}
	return strings.Join(hint, ", ")
}
