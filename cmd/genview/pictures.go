package main

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"genview/models/data"
	"genview/models/gan"
	"genview/models/nn"
	"genview/models/picture"
	"genview/models/vae"
	"genview/models/walk"
	"genview/models/watch"
	"genview/tensor"
)

// maker is a network in training that makes examples from latents.
type maker interface {
	Step(ctx context.Context, batch ...any) error
	Metrics() (watch.Metrics, error)
	State() []nn.Named
	Drawn() []nn.Named
	Decode(ctx context.Context, z []float32) ([]float32, error)
	Z() int
	Parameters() int
	Programs() []*tensor.Program
	Close()
}

// feed is a maker that is fed by a loader.
type feed struct {
	maker
	session *session
	loader  *data.Loader
}

// Step trains on the next batch. The step must not be cut short: what it updates is what will be saved.
func (f *feed) Step(ctx context.Context) error {
	b, err := f.loader.Next(ctx)
	if err != nil {
		return err
	}
	defer f.loader.Release(b)
	return f.maker.Step(context.WithoutCancel(ctx), b.Images)
}

func (f *feed) Close() {
	if f.loader != nil {
		f.loader.Close()
	}
	f.maker.Close()
}

func (f *feed) begin(set data.Set, step int) (err error) {
	c := f.session.config
	f.loader, err = data.NewLoader(set, data.LoaderOptions{Batch: c.Batch, Seed: c.Seed, Binarize: c.Data.Binarize}, step)
	return err
}

// timed starts steps on what looks like examples of that many values.
func (f *feed) timed(size int) func(ctx context.Context) error {
	x := make([]float32, f.session.config.Batch*size)
	for i := range x {
		x[i] = float32(i*2654435761>>8&0xff) / 255
	}
	return func(ctx context.Context) error { return f.maker.Step(ctx, x) }
}

// seeds returns the latents of seeds first, first+1, ….
func (f *feed) seeds(first, n int) ([]float32, error) {
	var z []float32
	for i := range n {
		p, err := walk.Point(fmt.Sprintf("seed:%d", first+i), f.Z())
		if err != nil {
			return nil, err
		}
		z = append(z, p...)
	}
	return z, nil
}

const onlyPictures = "walks and reconstructions take a VAE or a GAN of pictures; see genview --help"

// pictures is a VAE or a GAN that makes pictures.
type pictures struct {
	feed
	latents []float32     // what samples are decoded from
	latent  *watch.Latent // what a watcher's plane can be spanned by
}

const (
	sampled     = 64 // pictures
	planePoints = 32 // that a watcher's latent plane can be spanned by
)

func newPictures(s *session) (*pictures, error) {
	c := s.config
	m := &pictures{feed: feed{session: s}}
	var err error
	if c.Kind == "gan" {
		m.maker, err = gan.NewTrainer(s.rt, c.gan(), gan.TrainConfig{Batch: c.Batch, Adam: c.adam(), Seed: c.Seed})
	} else {
		m.maker, err = vae.NewTrainer(s.rt, c.vae(), vae.TrainConfig{Batch: c.Batch, Adam: c.adam(), Seed: c.Seed})
	}
	if err != nil {
		return nil, err
	}
	if m.latents, err = m.seeds(1, sampled); err != nil {
		return nil, err
	}
	m.latent = &watch.Latent{Name: "Latent space", Z: m.Z()}
	for i := range planePoints {
		m.latent.Points = append(m.latent.Points, watch.Point{Name: fmt.Sprintf("seed:%d", i+1), Z: m.latents[i*m.Z() : (i+1)*m.Z()]})
	}
	return m, nil
}

func (m *pictures) begin(ctx context.Context, step int) (string, error) {
	set, err := m.dataset(ctx)
	if err != nil {
		return "", err
	}
	m.session.config.announce(m.session.console)
	what := countOf(set.Train.Len(), "picture")
	if set.LeftOut > 0 {
		what += fmt.Sprintf(", %s left out", countOf(set.LeftOut, "file"))
	}
	return what, m.feed.begin(set.Train, step)
}

func (m *pictures) dataset(ctx context.Context) (*data.Dataset, error) {
	set, err := m.session.dataset(ctx)
	if err != nil {
		return nil, err
	}
	d := m.session.config.Data
	if c, h, w := set.Train.Shape(); c != d.Channels || h != d.Size || w != d.Size {
		return nil, misfit(d, c, h, w)
	}
	return set, nil
}

// misfit says which settings make a model fit pictures [C, H, W].
func misfit(d dataConfig, c, h, w int) error {
	var give []string
	if h != d.Size {
		give = append(give, fmt.Sprintf("--set data.size=%d", h))
	}
	if c != d.Channels {
		give = append(give, fmt.Sprintf("--set data.channels=%d", c))
	}
	if h != w {
		give = []string{"square ones, which are all that models take"}
	}
	return usageError{fmt.Errorf("the pictures of %s are %d×%d with %s: give %s", d.Name, w, h, countOf(c, "channel"), strings.Join(give, " "))}
}

func (m *pictures) dummy() func(ctx context.Context) error {
	d := m.session.config.Data
	return m.timed(d.Channels * d.Size * d.Size)
}

// draw returns the pictures of latents, an image each.
func (m *pictures) draw(ctx context.Context, z []float32) ([]*image.RGBA, error) {
	p, err := m.Decode(ctx, z)
	return m.images(p), err
}

func (m *pictures) images(values []float32) []*image.RGBA {
	d := m.session.config.Data
	return data.Images(values, d.Channels, d.Size, d.Size)
}

// Look draws the samples.
func (m *pictures) Look(ctx context.Context) ([]watch.View, error) {
	images, err := m.draw(ctx, m.latents)
	if err != nil {
		return nil, err
	}
	return []watch.View{&watch.Pictures{Name: "Samples", Images: images}, m.latent}, nil
}

// Answer decodes latents.
func (m *pictures) Answer(ctx context.Context, r watch.Request) bool {
	d, ok := r.(watch.Decode)
	if !ok {
		return false
	}
	for _, z := range d.Z {
		if len(z) != m.Z() {
			return false
		}
	}
	if images, err := m.draw(ctx, slices.Concat(d.Z...)); err == nil { // else unanswered: the next step fails too and says why
		d.Reply(images)
	}
	return false
}

// sample draws n pictures of seeds from first on, in a square.
func (m *pictures) sample(ctx context.Context, first, n int, path string) error {
	if most := picture.MostOfSheet(m.session.config.Data.Size); n > most {
		return usageError{fmt.Errorf("-n %d: give %d or fewer, for pictures of this size on one sheet", n, most)}
	}
	z, err := m.seeds(first, n)
	if err != nil {
		return err
	}
	var images []*image.RGBA
	for img, err := range m.along(ctx, func(i int) []float32 { return z[i*m.Z() : (i+1)*m.Z()] }, n) {
		if err != nil {
			return err
		}
		images = append(images, img)
	}
	cols := 1
	for cols*cols < n {
		cols++
	}
	return picture.Save(path, picture.Sheet(images, cols))
}
