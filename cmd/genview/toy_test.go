package main

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/data"
	"genview/models/family"
	"genview/models/family/familytest"
	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/models/zoo"
	"genview/tensor"
)

// toy is a family in one piece: a linear autoencoder, which finds the principal components of pictures.
var toy = family.Family{
	Kind:    "toy",
	Presets: []family.Preset{{Name: "toy", About: "the principal components of pictures", Steps: 100, Batch: 16, Settings: toyDefaults}},
	New:     func() family.Settings { return &toySettings{} },
}

type toySettings struct {
	Data  data.PictureSettings `yaml:"data"`
	Model struct {
		Z int `yaml:"z" doc:"how many components" range:"[1,64]"`
	} `yaml:"model"`
	Optim optim.AdamSettings `yaml:"optim"`
}

func toyDefaults() family.Settings {
	s := &toySettings{Optim: optim.AdamSettings{LR: 0.01, Beta1: 0.9, Beta2: 0.999}}
	s.Data.Name, s.Data.Size, s.Data.Channels, s.Model.Z = "glyphs", 8, 1, 4
	return s
}

func (s *toySettings) Title() string         { return "PCA" }
func (s *toySettings) Source() family.Source { return &s.Data }
func (s *toySettings) Validate() error       { return s.Data.Validate() }

func (s *toySettings) Build(_ context.Context, e family.Env) (family.Model, error) {
	n := s.Data.Channels * s.Data.Size * s.Data.Size
	t := &toyTrainer{Trainer: step.New(e.Runtime, e.Seed), z: s.Model.Z}
	encoder, decoder := nn.NewLinear(t.Scope.Sub("encoder"), n, s.Model.Z), nn.NewLinear(t.Scope.Sub("decoder"), s.Model.Z, n)
	x := tensor.Input("images", tensor.F32, e.Batch, s.Data.Channels, s.Data.Size, s.Data.Size)
	t.Inputs(x)
	flat := x.Reshape(e.Batch, n)
	loss := decoder.Forward(encoder.Forward(flat)).Sub(flat).Square().Mean()
	adam := optim.NewAdam(s.Optim.Config(), t.Scope.Vars())
	t.Optimizer("", adam)
	t.Part([]step.Metric{{Name: "loss", Value: loss}}, adam.Update(tensor.Grad(loss, t.Scope.Vars()...)))
	t.net = decoder
	t.decoder = t.Apply(16, []int{s.Model.Z}, decoder.Forward)
	if err := t.Compile(); err != nil {
		return nil, err
	}
	return family.NewPictures(e, t, &s.Data), nil
}

type toyTrainer struct {
	*step.Trainer
	net     *nn.Linear
	decoder *nn.Apply
	z       int
}

func (t *toyTrainer) Z() int            { return t.z }
func (t *toyTrainer) Drawn() []nn.Named { return t.Scope.Named() }

func (t *toyTrainer) Net(_ *nn.Pass, z *tensor.Tensor) *tensor.Tensor { return t.net.Forward(z) }

func (t *toyTrainer) Decode(ctx context.Context, z []float32) ([]float32, error) {
	return t.decoder.Run(ctx, z)
}

// TestToyFamily: a family that no other file knows is trained, resumed, shown and walked through, and help names it.
func TestToyFamily(t *testing.T) {
	familytest.Run(t, toy, familytest.Trial{Preset: "toy", Falls: "loss", Steps: 24, Set: []string{"model.z=3"}})
	before := zoo.Families
	zoo.Families = append(before[:len(before):len(before)], toy)
	defer func() { zoo.Families = before }()
	dir := t.TempDir()
	say := func(words ...string) string {
		out, err := os.Create(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		to := &results{to: out}
		root := newRoot(nil, to)
		root.SetArgs(words)
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Errorf("genview %s: %v", strings.Join(words, " "), err)
		}
		if err := to.done(); err != nil {
			t.Error(err)
		}
		p, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(p)
	}
	for _, words := range [][]string{{"train", "--help"}, {"presets"}, {"bench", "--help"}, {"view", "--help"}} {
		if help := say(words...); !strings.Contains(help, "toy") {
			t.Errorf("genview %s: %s", strings.Join(words, " "), help)
		}
	}
	if help := say("presets", "show", "toy"); !strings.Contains(help, "how many components (from 1 to 64)") {
		t.Errorf("presets show: %s", help)
	}
	run, film := filepath.Join(dir, "run"), filepath.Join(dir, "walk.png")
	say("train", "toy", "--steps", "10", "--out", run, "--no-tune")
	say("walk", run, "--frames", "4", "-o", film, "--no-tune")
	f, err := os.Open(film)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, kind, err := image.DecodeConfig(f); err != nil || kind != "png" || c.Width < 4*8 {
		t.Errorf("the walk is a %s of %+v, %v", kind, c, err)
	}
}
