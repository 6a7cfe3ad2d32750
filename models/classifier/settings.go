package classifier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"genview/models/data"
	"genview/models/family"
	"genview/models/optim"
	"genview/models/settings"
	"genview/models/step"
	"genview/models/watch"
)

// Family is the family of classifiers of pictures.
var Family = family.Family{
	Kind: "classifier",
	Presets: []family.Preset{
		{
			Name:    "classifier",
			Aliases: []string{"cnn"},
			About:   "a convolutional network that tells classes of pictures",
			Choice: &watch.Choice{
				Title: "Letters told by a network",
				About: "A convolutional network learns which letter it sees. Watch which ones it takes for which.",
			},
			Steps: cnnSteps, Batch: 64, Settings: func() family.Settings { return preset(CNNDefaults(), 3e-3, cnnSteps) },
		},
		{
			Name:  "vit",
			About: "a Vision Transformer that does the same, whose attention can be looked at",
			Choice: &watch.Choice{
				Title: "Letters told by a Transformer",
				About: "A Vision Transformer learns which letter it sees, patch by patch. See which patches each of its heads looks at.",
			},
			Steps: vitSteps, Batch: 64, Settings: func() family.Settings { return preset(ViTDefaults(), 1e-3, vitSteps) },
		},
	},
	New: func() family.Settings { return new(Settings) },
}

// Steps of the presets, over which the learning rate falls.
const (
	cnnSteps = 6000
	vitSteps = 6000
)

// Settings are the settings of a run.
type Settings struct {
	Data struct {
		data.PictureSettings `yaml:",inline"`

		Flip    bool        `yaml:"flip,omitempty" doc:"mirror half of the pictures, left and right, at random"`
		Shift   int         `yaml:"shift,omitempty" doc:"move pictures at random by up to so many pixels along each axis" range:"[0,16384]"`
		Classes data.Quoted `yaml:"classes,omitempty" found:"yes" doc:"names of all classes in order, separated by slashes; found in the data"`
	} `yaml:"data"`
	Model struct {
		Arch    string  `yaml:"arch,omitempty" doc:"network: cnn for convolutions, vit for a Vision Transformer" oneof:"cnn,vit"`
		Hidden  int     `yaml:"hidden,omitempty" doc:"cnn: channels at full size; vit: units of the feed-forward layers" range:"[1,)" large:"yes"`
		Dropout float64 `yaml:"dropout,omitempty" doc:"dropout probability in training" range:"[0,1)"`
		Patch   int     `yaml:"patch,omitempty" doc:"vit: width and height of a patch in pixels; divides data.size" range:"[0,16384]"`
		Width   int     `yaml:"width,omitempty" doc:"vit: size of the vectors; a multiple of heads" range:"[0,)" large:"yes"`
		Heads   int     `yaml:"heads,omitempty" doc:"vit: heads of each attention layer" range:"[0,)" large:"yes"`
		Layers  int     `yaml:"layers,omitempty" doc:"vit: number of attention layers" range:"[0,128]" large:"yes"`
	} `yaml:"model"`
	Optim struct {
		optim.ScheduleSettings `yaml:",inline"`

		Smoothing float64 `yaml:"smoothing,omitempty" doc:"label smoothing: probability that is spread over all classes" range:"[0,1)"`
	} `yaml:"optim"`
}

func preset(c Config, lr float64, steps int) *Settings {
	s := &Settings{}
	s.Data.Name, s.Data.Size, s.Data.Channels, s.Data.Shift = "glyphs", c.Size, 1, shiftOf(c.Size)
	s.architecture(c)
	s.Optim.AdamSettings = optim.AdamSettings{LR: lr, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.05}
	s.Optim.MinLR, s.Optim.Warmup, s.Optim.Decay, s.Optim.Clip, s.Optim.Smoothing = lr/100, 100, steps, 1, 0.1
	return s
}

// architecture copies the network's settings from c.
func (s *Settings) architecture(c Config) {
	m := &s.Model
	m.Arch, m.Hidden, m.Patch, m.Width, m.Heads, m.Layers = c.Arch, c.Hidden, c.Patch, c.Width, c.Heads, c.Layers
}

// shiftOf returns by how much pictures of a size are moved: 2 pixels for 28.
func shiftOf(size int) int { return max(1, size/14) }

// Title describes the network.
func (s *Settings) Title() string {
	if s.Model.Arch == "vit" {
		return "Vision Transformer"
	}
	return "CNN classifier"
}

// Task returns the task's name on the Hugging Face Hub.
func (s *Settings) Task() string { return "image-classification" }

// Source returns the settings of the data.
func (s *Settings) Source() family.Source { return &s.Data }

// classes returns the names of the classes; none before they are read.
func (s *Settings) classes() []string {
	if s.Data.Classes == "" {
		return nil
	}
	return strings.Split(string(s.Data.Classes), "/")
}

// Config returns the description of the network.
func (s *Settings) Config() Config {
	m := s.Model
	return Config{
		Arch: m.Arch, Classes: len(s.classes()), Size: s.Data.Size, Channels: s.Data.Channels, Hidden: m.Hidden, Dropout: m.Dropout,
		Patch: m.Patch, Width: m.Width, Heads: m.Heads, Layers: m.Layers,
	}
}

// Validate returns an error if the settings are wrong.
func (s *Settings) Validate() error {
	if err := s.Data.Validate(); err != nil {
		return err
	}
	if err := s.Optim.Validate(); err != nil {
		return err
	}
	switch m := s.Model; {
	case m.Arch != "vit":
	case m.Patch < 1 || s.Data.Size%m.Patch != 0:
		return settings.Errorf("model.patch", "is %d and must divide data.size, %d", m.Patch, s.Data.Size)
	case m.Heads < 1 || m.Width%m.Heads != 0:
		return settings.Errorf("model.heads", "is %d and must divide model.width, %d", m.Heads, m.Width)
	}
	c := s.Config()
	if s.Data.Classes == "" { // as before the data are read
		c.Classes = 2
	}
	return c.Validate()
}

// Schedule makes the fall of the learning rate, if there is one, as long as the training.
func (s *Settings) Schedule(steps int) {
	if s.Optim.Decay > 0 {
		s.Optim.Decay = steps
	}
}

// Follow adapts the settings to the pictures and the network. It mirrors photographs, but not letters.
func (s *Settings) Follow(ctx context.Context, asked func(key string) bool) (string, error) {
	s.follow(asked)
	step, least := 1, 1
	if s.Model.Arch == "vit" {
		step, least = s.Model.Patch, s.Model.Patch
	}
	told, err := s.Data.Follow(ctx, asked, max(step, 1), least)
	if err != nil {
		return "", err
	}
	if photographs := s.Data.Name == "fashion-mnist" || s.Data.Name == "folder" || data.IsPath(s.Data.Name); photographs && !asked("data.flip") {
		s.Data.Flip = true
		also := "trained with data.flip=true"
		if told != "" {
			also = strings.TrimPrefix(also, "trained with ")
			told += ", "
		} else {
			told = "pictures are photographs: "
		}
		told += also
	}
	if !asked("data.shift") {
		s.Data.Shift = shiftOf(s.Data.Size)
	}
	return told, nil
}

// follow sets the settings that the user did not set to the defaults of the network that the user chose, if that is not the preset's.
func (s *Settings) follow(asked func(key string) bool) {
	m, d := &s.Model, CNNDefaults()
	if m.Arch == "vit" {
		d = ViTDefaults()
	}
	other := false
	for _, of := range []struct {
		key      string
		value    *int
		standard int
	}{{"patch", &m.Patch, d.Patch}, {"width", &m.Width, d.Width}, {"heads", &m.Heads, d.Heads}, {"layers", &m.Layers, d.Layers}} {
		if (*of.value == 0) != (of.standard == 0) && !asked("model."+of.key) {
			*of.value, other = of.standard, true
		}
	}
	if other && !asked("model.hidden") {
		m.Hidden = d.Hidden
	}
}

// Read finds the classes of the pictures.
func (s *Settings) Read(ctx context.Context) error {
	names, err := data.Classes(ctx, s.Data.Name, s.Data.Dir)
	if err != nil {
		return err
	}
	if len(names) < 2 {
		return fmt.Errorf("classifier: the pictures of %s are all of one class: put those of each class into a folder of its own below it", s.Data.Name)
	}
	s.Data.Classes = data.Quoted(strings.Join(names, "/"))
	return nil
}

// Rehearse makes up ten classes.
func (s *Settings) Rehearse() { s.Data.Classes = "0/1/2/3/4/5/6/7/8/9" }

// Build makes the model.
func (s *Settings) Build(_ context.Context, e family.Env) (family.Model, error) {
	o := s.Optim
	t, err := NewTrainer(e.Runtime, s.Config(), TrainConfig{
		Batch: e.Batch, Seed: e.Seed, Smoothing: o.Smoothing,
		Descent: step.Descent{Adam: o.Config(), MinLR: o.MinLR, Warmup: o.Warmup, Decay: o.Decay, Clip: o.Clip},
	})
	if err != nil {
		return nil, err
	}
	m := &model{Trainer: t, env: e, settings: s, classes: s.classes()}
	if s.Model.Arch == "vit" {
		return &vitModel{model: m, text: firstPicture}, nil
	}
	return m, nil
}

// open opens the pictures, with the model's class numbers.
func (s *Settings) open(ctx context.Context, e family.Env, classes []string) (*data.Dataset, error) {
	set, err := s.Data.Open(ctx, data.Options{CacheDir: e.CacheDir, Seed: e.Seed, Log: e.Tell})
	if err != nil || slices.Equal(set.Classes, classes) {
		return set, err
	}
	numbers := make([]int32, len(set.Classes))
	for i, name := range set.Classes {
		n := slices.Index(classes, name)
		if n < 0 {
			return nil, fmt.Errorf("classifier: %s has the class %s, and the model knows %s", s.Data.Name, name, strings.Join(classes, ", "))
		}
		numbers[i] = int32(n)
	}
	set.Train, set.Test, set.Classes = renumbered{set.Train, numbers}, renumbered{set.Test, numbers}, classes
	return set, nil
}
