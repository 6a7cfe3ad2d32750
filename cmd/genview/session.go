package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"

	"genview/models/data"
	"genview/models/gan"
	"genview/models/train"
	"genview/models/vae"
	"genview/models/walk"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// network is a model of any kind on a device.
type network interface {
	train.Model
	Parameters() int
	Programs() []*tensor.Program // of a step
	Close()
}

// session is a model on a device.
type session struct {
	config config
	dev    *vk.Device
	rt     *tensor.Runtime
	model  network
}

func (a *app) start(c config, profile bool) (*session, error) {
	dev, err := a.open(profile)
	if err != nil {
		return nil, err
	}
	s := &session{config: c, dev: dev, rt: tensor.NewRuntime(dev)}
	if c.Kind == "gan" {
		s.model, err = made(gan.NewTrainer(s.rt, c.gan(), gan.TrainConfig{Batch: c.Batch, Adam: c.adam(), Seed: c.Seed}))
	} else {
		s.model, err = made(vae.NewTrainer(s.rt, c.vae(), vae.TrainConfig{Batch: c.Batch, Adam: c.adam(), Seed: c.Seed}))
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// made keeps a model that could not be made from looking like one.
func made[M network](m M, err error) (network, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// vae returns the model of a run that has to be a VAE.
func (s *session) vae(what string) (*vae.Trainer, error) {
	m, ok := s.model.(*vae.Trainer)
	if !ok {
		return nil, fmt.Errorf("%s needs a VAE, this run's model is a %s: see genview sample and genview walk", what, strings.ToUpper(s.config.Kind))
	}
	return m, nil
}

func (s *session) close() error {
	if s.model != nil {
		s.model.Close()
	}
	s.rt.Close()
	return s.dev.Close()
}

// load opens a run with its newest weights.
func (a *app) load(dir string) (*session, *train.Run, int, error) {
	c := defaults() // for what older runs did not write
	run, err := train.OpenRun(dir, &c)
	if err != nil {
		return nil, nil, 0, err
	}
	if err := c.check(); err != nil {
		return nil, nil, 0, fmt.Errorf("%s: %w", dir, err)
	}
	if _, _, err := run.Newest(); err != nil {
		return nil, nil, 0, err
	}
	s, err := a.start(c, false)
	if err != nil {
		return nil, nil, 0, err
	}
	step, err := run.Load(s.rt, s.model.State())
	if err != nil {
		return nil, nil, 0, errors.Join(err, s.close())
	}
	return s, run, step, nil
}

func (s *session) dataset(ctx context.Context) (*data.Dataset, error) {
	d := s.config.Data
	set, err := data.Open(ctx, data.Options{
		Name: d.Name, Dir: d.Dir, CacheDir: cacheDir(), Size: d.Size, Channels: d.Channels, Seed: s.config.Seed,
		Log: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return nil, err
	}
	if s.config.points() {
		return set, nil
	}
	if c, h, w := set.Train.Shape(); c != d.Channels || h != d.Size || w != d.Size {
		return nil, fmt.Errorf("the pictures of %s are %d×%d with %d channels; give --set data.size=%d", d.Name, w, h, c, h)
	}
	return set, nil
}

// images draws pictures of the run's size, one image each; points all in one.
func (s *session) images(values []float32) []*image.RGBA {
	d := s.config.Data
	if s.config.points() {
		return []*image.RGBA{data.Scatter(values, data.Reach(d.Name), 320)}
	}
	return data.Images(values, d.Channels, d.Size, d.Size)
}

// sheet draws pictures side by side.
func (s *session) sheet(images []*image.RGBA, cols int) *image.RGBA {
	return magnify(data.Grid(images, cols, 2), 2)
}

const (
	sheetSide   = 8    // pictures in a row and in a column of a sheet of samples
	cloud       = 4000 // points of a sample
	planePoints = 32   // that a watcher's latent plane can be spanned by
)

// snapshot returns what every snapshot of a run says.
func (s *session) snapshot(run *train.Run, set *data.Dataset) (watch.Snapshot, error) {
	var latent *watch.Latent // of points there is no picture to drag for
	if !s.config.points() {
		latent = &watch.Latent{Z: s.model.Z()}
	}
	for i := 0; latent != nil && i < planePoints; i++ {
		name := fmt.Sprintf("seed:%d", i+1)
		z, err := walk.Point(name, latent.Z)
		if err != nil {
			return watch.Snapshot{}, err
		}
		latent.Points = append(latent.Points, watch.Point{Name: name, Z: z})
	}
	w := watch.Snapshot{
		Title: filepath.Base(run.Dir), Device: s.dev.Info().Name, Steps: s.config.Steps, Latent: latent,
		Model: fmt.Sprintf("%s, %s", s.config.title(), countOf(s.model.Parameters(), "parameter")),
		Data:  s.config.Data.Name,
	}
	if set != nil {
		what := "picture"
		if s.config.points() {
			what = "point"
		}
		w.Data += ", " + countOf(set.Train.Len(), what)
	}
	return w, nil
}

// countOf writes how many there are of what, as 652,824 parameters.
func countOf(n int, what string) string {
	return message.NewPrinter(language.English).Sprintf("%d %ss", n, what)
}

// samples returns the latents that samples are drawn from.
func (s *session) samples() ([]float32, error) {
	if s.config.points() {
		return s.seeds(1, cloud)
	}
	return s.seeds(1, sheetSide*sheetSide)
}

// seeds returns the latents of seeds first, first+1, ….
func (s *session) seeds(first, n int) ([]float32, error) {
	var z []float32
	for i := range n {
		p, err := walk.Point(fmt.Sprintf("seed:%d", first+i), s.model.Z())
		if err != nil {
			return nil, err
		}
		z = append(z, p...)
	}
	return z, nil
}

// magnify enlarges a picture by whole pixels, for what is looked at by itself.
func magnify(img *image.RGBA, by int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()*by, img.Rect.Dy()*by))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, img.RGBAAt(x/by, y/by))
		}
	}
	return out
}
