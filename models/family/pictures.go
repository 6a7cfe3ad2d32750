package family

import (
	"context"
	"fmt"
	"image"
	"slices"

	"genview/models/data"
	"genview/models/nn"
	"genview/models/picture"
	"genview/models/walk"
	"genview/models/watch"
	"genview/tensor"
)

// A Latent is a network in training that maps latent vectors to examples.
type Latent interface {
	Step(ctx context.Context, inputs ...any) error
	Metrics() (watch.Metrics, error)
	SetRate(factor float64) error
	State() []nn.Named
	Drawn() []nn.Named
	// Net is the network: it maps z [N, Z] to what Decode returns, [N, ...].
	Net(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor
	Decode(ctx context.Context, z []float32) ([]float32, error)
	Z() int
	Parameters() int
	Programs() []*tensor.Program
	Close()
}

// A Fed is a network that maps latent vectors to examples, with the data that it learns from: a [Model] without its views. Families embed
// it.
type Fed struct {
	Latent
	Env Env

	loader   *data.Loader
	binarize bool
	size     int // number of values in an example
}

// NewFed returns a network whose examples have size values. binarize: pixels are sampled as black or white.
func NewFed(e Env, l Latent, size int, binarize bool) Fed {
	return Fed{Latent: l, Env: e, size: size, binarize: binarize}
}

// Feed sets the data that the network learns from, with batches that continue from a step.
func (f *Fed) Feed(set data.Set, step int) (err error) {
	f.loader, err = data.NewLoader(set, data.LoaderOptions{Batch: f.Env.Batch, Seed: f.Env.Seed, Binarize: f.binarize}, step)
	return err
}

// Epoch returns the number of steps in which the data are seen once; 0 before Feed.
func (f *Fed) Epoch() int {
	if f.loader == nil {
		return 0
	}
	return f.loader.Epoch()
}

// parted is a network of which a step has parts that can be made alone.
type parted interface {
	Parts() []string
	Only(part int)
}

// Parts names the parts of a step that can be made alone; nil: there are none.
func (f *Fed) Parts() []string {
	if p, ok := f.Latent.(parted); ok {
		return p.Parts()
	}
	return nil
}

// Only makes the next step run one of the Parts alone.
func (f *Fed) Only(part int) {
	if p, ok := f.Latent.(parted); ok {
		p.Only(part)
	}
}

// Step trains on the next batch. A step is never interrupted, because a checkpoint must not hold half an update.
func (f *Fed) Step(ctx context.Context) error {
	b, err := f.loader.Next(ctx)
	if err != nil {
		return err
	}
	defer f.loader.Release(b)
	return f.Latent.Step(context.WithoutCancel(ctx), b.Images)
}

// Rehearse returns steps on made-up examples.
func (f *Fed) Rehearse() func(ctx context.Context) error {
	x := Pixels(f.Env.Batch * f.size)
	return func(ctx context.Context) error { return f.Latent.Step(ctx, x) }
}

// Pixels returns made-up values from 0 to 1 that resemble those of pictures.
func Pixels(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(uint32(i)*2654435761>>8&0xff) / 255 // the multiplier is near 2³² times the golden ratio's fraction
	}
	return x
}

// Close ends the loader and frees the programs.
func (f *Fed) Close() {
	if f.loader != nil {
		f.loader.Close()
	}
	f.Latent.Close()
}

// Seeds returns the latent vectors of n seeds, starting at first, one after another.
func (f *Fed) Seeds(first, n int) []float32 {
	var z []float32
	for i := range n {
		z = append(z, walk.Seed(uint64(first+i), f.Z())...)
	}
	return z
}

// Pictures is a network that maps latent vectors to pictures: a [Model], a [Sampler] and a [Decoder]. Families embed it.
type Pictures struct {
	Fed
	settings *data.PictureSettings
	latents  []float32     // latent vectors of the samples
	seeds    []string      // their names
	latent   *watch.Latent // points that a watcher's plane can be spanned by
	search   *search       // nil until Find is first called
	held     *Examples     // nil until HeldOut is first called
	first    []float32     // nil until FirstHeldOut is first called
	set      *data.Dataset // nil until Open is first called
	beside   bool          // Look shows pictures that the network learns from, too
	real     []*image.RGBA // these pictures; nil: they were not read yet, or cannot be
}

const (
	learned     = 32 // number of pictures that the network learns from, beside its samples
	sampled     = 64 // number of samples
	planePoints = 32 // number of points that a watcher's latent plane can be spanned by
)

// NewPictures returns a network for the pictures that the settings describe.
func NewPictures(e Env, l Latent, s *data.PictureSettings) *Pictures {
	m := &Pictures{Fed: NewFed(e, l, s.Channels*s.Size*s.Size, s.Binarize), settings: s}
	m.latents = m.Seeds(1, sampled)
	m.latent = &watch.Latent{Name: "Latent space", Z: m.Z(), Layers: m.Layers()}
	for i := range sampled {
		m.seeds = append(m.seeds, fmt.Sprintf("seed:%d", i+1))
	}
	for i := range planePoints {
		m.latent.Points = append(m.latent.Points, watch.Point{Name: m.seeds[i], Z: m.latents[i*m.Z() : (i+1)*m.Z()]})
	}
	return m
}

// Encodes says that pictures have latent vectors: the family has an [Encoder].
func (m *Pictures) Encodes() { m.latent.Encodes = true }

// Beside has Look show pictures that the network learns from beside its samples.
func (m *Pictures) Beside() { m.beside = true }

// Open opens the pictures that the network learns from, once.
func (m *Pictures) Open(ctx context.Context) (*data.Dataset, error) {
	if m.set == nil {
		set, err := m.settings.Open(ctx, m.options())
		if err != nil {
			return nil, err
		}
		m.set = set
	}
	return m.set, nil
}

// options returns those of the data that the settings do not have.
func (m *Pictures) options() data.Options {
	return data.Options{CacheDir: m.Env.CacheDir, Seed: m.Env.Seed, Log: m.Env.Tell}
}

// few returns n pictures that the network learns from, or that are held out, or fewer. To open all data for them would take long, or download
// them: if they are not open yet, they stay so.
func (m *Pictures) few(ctx context.Context, held bool, n int) ([]float32, error) {
	switch {
	case m.set == nil:
		return m.settings.Few(ctx, m.options(), held, n)
	case held:
		return data.Few(m.set.Test, n)
	}
	return data.Few(m.set.Train, n)
}

// readReal reads the pictures that are shown beside the samples. A run whose pictures are gone is shown without them.
func (m *Pictures) readReal(ctx context.Context) {
	if !m.beside || m.real != nil {
		return
	}
	pixels, err := m.few(ctx, false, learned)
	if err != nil {
		m.beside = ctx.Err() != nil
		return
	}
	c, h, w := m.Shape()
	m.real = data.Images(pixels, c, h, w)
}

// Binarized tells whether pixels are sampled as black or white.
func (m *Pictures) Binarized() bool { return m.settings.Binarize }

// Begin opens the pictures.
func (m *Pictures) Begin(ctx context.Context, step int) (string, error) {
	set, err := m.Open(ctx)
	if err != nil {
		return "", err
	}
	what := CountOf(set.Train.Len(), "picture")
	if set.LeftOut > 0 {
		what += fmt.Sprintf(", %s left out", CountOf(set.LeftOut, "file"))
	}
	return what, m.Feed(set.Train, step)
}

// Close ends the loader and frees the programs.
func (m *Pictures) Close() {
	if m.search != nil {
		m.search.program.Close()
	}
	m.Fed.Close()
}

// Shape returns the shape of a picture.
func (m *Pictures) Shape() (c, h, w int) {
	return m.settings.Channels, m.settings.Size, m.settings.Size
}

// Draw returns the pictures of latent vectors z [N, Z].
func (m *Pictures) Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) {
	p, err := m.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	return data.Images(p, c, h, w), nil
}

// Decoding compiles a program that decodes n latent vectors on the device.
func (m *Pictures) Decoding(n int) (*Decoding, error) {
	c, h, w := m.Shape()
	d := &Decoding{Z: tensor.Input("z", tensor.F32, n, m.Z()), Pictures: tensor.Var("pictures", tensor.Full(0, n, c, h, w))}
	var err error
	d.Program, err = m.Env.Runtime.Compile(tensor.Outputs{Update: []tensor.Update{{Var: d.Pictures, Value: m.Net(nn.Eval(), d.Z).Reshape(n, c, h, w)}}})
	return d, err
}

// Look draws the samples.
func (m *Pictures) Look(ctx context.Context) ([]watch.View, error) {
	images, err := m.Draw(ctx, m.latents)
	if err != nil {
		return nil, err
	}
	m.readReal(ctx)
	return []watch.View{&watch.Pictures{Name: "Samples", Images: images, Points: m.seeds, Real: m.real}, m.latent}, nil
}

// Answer decodes latent vectors.
func (m *Pictures) Answer(ctx context.Context, r watch.Request) bool {
	d, ok := r.(watch.Decode)
	if !ok {
		return false
	}
	for _, z := range d.Z {
		if len(z) != m.Z() {
			return false
		}
	}
	if images, err := m.Draw(ctx, slices.Concat(d.Z...)); err == nil { // on an error the request stays unanswered: the next step fails, too, and reports why
		d.Reply(images)
	}
	return false
}

// Sample draws n pictures of seeds, starting at first, in a square.
func (m *Pictures) Sample(ctx context.Context, first, n int) (*image.RGBA, error) {
	if most := picture.MostOfSheet(m.settings.Size); n > most {
		return nil, fmt.Errorf("%d pictures of this size are %w for one sheet: give %d or fewer", n, ErrTooMany, most)
	}
	images, err := walk.Draw(ctx, m, slices.Collect(slices.Chunk(m.Seeds(first, n), m.Z())), m.Env.Counter("pictures"))
	if err != nil {
		return nil, err
	}
	cols := 1
	for cols*cols < n {
		cols++
	}
	return picture.Sheet(images, cols), nil
}
