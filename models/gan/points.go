package gan

import (
	"context"
	"fmt"
	"image"

	"genview/models/data"
	"genview/models/family"
	"genview/models/nn"
	"genview/models/picture"
	"genview/models/watch"
)

// points is a GAN of points in the plane.
type points struct {
	family.Fed
	trainer *Trainer
	source  *data.SourceSettings
	set     *data.Dataset // nil until open is first called
	latents []float32
	mixture *data.Points // held-out points; nil until they are first needed
	real    []float32    // some of them to compare with
	places  []float32    // positions of the surface's grid
}

const (
	cloud   = 4000 // points of a sample
	traced  = 64   // points that are followed through the networks
	surface = 64   // positions along each axis at which the discriminator is evaluated

	mostPoints = 10_000_000 // most points that are made at once
)

func newPoints(e family.Env, t *Trainer, s *data.SourceSettings) *points {
	m := &points{Fed: family.NewFed(e, t, 2, false), trainer: t, source: s}
	m.latents = m.Seeds(1, cloud)
	reach := data.Reach(s.Name)
	for i := range surface * surface {
		x, y := float64(i%surface)+0.5, float64(i/surface)+0.5
		m.places = append(m.places, float32(reach*(2*x/surface-1)), float32(reach*(1-2*y/surface)))
	}
	return m
}

// open opens the data, once.
func (m *points) open(ctx context.Context) (*data.Dataset, error) {
	if m.set == nil {
		set, err := m.source.Open(ctx, data.Options{CacheDir: m.Env.CacheDir, Seed: m.Env.Seed, Log: m.Env.Tell})
		if err != nil {
			return nil, err
		}
		m.set = set
	}
	return m.set, nil
}

// Begin opens the data.
func (m *points) Begin(ctx context.Context, step int) (string, error) {
	set, err := m.open(ctx)
	if err != nil {
		return "", err
	}
	return family.CountOf(set.Train.Len(), "point"), m.Feed(set.Train, step)
}

// held returns held-out points.
func (m *points) held(ctx context.Context) (*data.Points, error) {
	set, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	return set.Test.(*data.Points), nil
}

// compared reads the held-out points to compare with, once.
func (m *points) compared(ctx context.Context) error {
	if m.mixture != nil {
		return nil
	}
	p, err := m.held(ctx)
	if err != nil {
		return err
	}
	m.real = make([]float32, 2*cloud)
	for i := range cloud {
		if _, err := p.Read(i, nil, m.real[2*i:]); err != nil {
			return err
		}
	}
	m.mixture = p
	return nil
}

// Best names the share of points that cover the mixture, or, of points that are not drawn from a known one, the distance from held-out ones,
// which says less: two sets of held-out points are apart, too.
func (m *points) Best() (metric string, higher bool) {
	if data.IsPointsFile(m.source.Name) {
		return distance, false
	}
	return covered, true
}

const covered = "held_out_covered"

// Measure measures the discriminator's loss on held-out points and generated ones, how far these are from those, how many modes they find,
// the share of them that lies near one, and the same with no mode counted for more than its share.
func (m *points) Measure(ctx context.Context) (watch.Metrics, error) {
	if err := m.compared(ctx); err != nil {
		return nil, err
	}
	const some = 2000
	fake, err := m.Decode(ctx, m.latents[:some*m.Z()])
	if err != nil {
		return nil, err
	}
	all, err := m.trainer.heldOut(ctx, m.real[:2*some], fake, 2)
	if m.mixture.Modes == nil {
		return all, err
	}
	modes, good := m.mixture.Cover(fake)
	return append(all, watch.Metric{Name: "held_out_modes", Value: float64(modes)}, watch.Metric{Name: "held_out_good", Value: good},
		watch.Metric{Name: covered, Value: m.mixture.Covered(fake)}), err
}

// Look draws points and evaluates the discriminator on the plane.
func (m *points) Look(ctx context.Context) ([]watch.View, error) {
	if err := m.compared(ctx); err != nil {
		return nil, err
	}
	fake, err := m.Decode(ctx, m.latents)
	if err != nil {
		return nil, err
	}
	logits, err := m.trainer.Judge(ctx, m.places)
	if err != nil {
		return nil, err
	}
	said := ""
	if m.mixture.Modes != nil {
		modes, good := m.mixture.Cover(fake)
		said = fmt.Sprintf("%d of %d modes, %.0f %% good", modes, len(m.mixture.Modes), 100*good)
	}
	return []watch.View{&watch.Scatter{
		Name: "Points", Reach: m.reach(),
		Sets:  []watch.Points{{Name: "generated", XY: fake}, {Name: "real", XY: m.real}},
		Field: &watch.Field{Name: "logit", Low: "seems generated", High: "seems real", Side: surface, Values: logits},
		Said:  said,
	}}, nil
}

// Trace passes some points through both networks.
func (m *points) Trace() *nn.Trace { return m.trainer.trace(traced, m.latents[:traced*m.Z()]) }

func (m *points) reach() float64 { return data.Reach(m.source.Name) }

// Answer does nothing: there are no requests for points.
func (m *points) Answer(context.Context, watch.Request) bool { return false }

// Sample draws n points of seeds, starting at first.
func (m *points) Sample(ctx context.Context, first, n int) (*image.RGBA, error) {
	xy, err := m.made(ctx, first, n)
	if err != nil {
		return nil, err
	}
	return picture.Scatter(xy, m.reach()), nil
}

// made returns n points of seeds, starting at first.
func (m *points) made(ctx context.Context, first, n int) ([]float32, error) {
	if n > mostPoints {
		return nil, fmt.Errorf("%d points are %w: give %d or fewer", n, family.ErrTooMany, mostPoints)
	}
	xy := make([]float32, 0, 2*n)
	for at := 0; at < n; at += cloud { // in parts, because latent vectors take more memory than points
		m.Env.Heard("points", at, n)
		p, err := m.Decode(ctx, m.Seeds(first+at, min(cloud, n-at)))
		if err != nil {
			return nil, err
		}
		xy = append(xy, p...)
	}
	return xy, nil
}

// coverage is the result of evaluating a GAN of points.
type coverage struct {
	Modes    int     `json:"modes"` // with at least one generated point in 500 within 3 σ
	Total    int     `json:"modes_total"`
	Quality  float64 `json:"hq_share"` // of generated points, those within 3 σ of a mode
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

func (e coverage) String() string {
	return fmt.Sprintf("%d of %d modes, %.1f %% of %d generated points lie within 3 σ of one", e.Modes, e.Total, 100*e.Quality, e.Examples)
}

// Scores returns how many modes are covered, and how well.
func (e coverage) Scores() family.Scores {
	return family.Scores{
		Measures: watch.Metrics{{Name: "modes", Value: float64(e.Modes)}, {Name: "hq_share", Value: e.Quality}},
		Higher:   true, Split: e.Split, Examples: e.Examples,
	}
}

// nearness is the result of evaluating a GAN of a file's points, which have no modes.
type nearness struct {
	Distance float64 `json:"distance"` // the sliced Wasserstein distance from held-out points
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

func (e nearness) String() string {
	return fmt.Sprintf("%d generated points are at a sliced Wasserstein distance of %.4f from held-out ones", e.Examples, e.Distance)
}

// Scores returns the distance.
func (e nearness) Scores() family.Scores {
	return family.Scores{Measures: watch.Metrics{{Name: "distance", Value: e.Distance}}, Split: e.Split, Examples: e.Examples}
}

// Evaluate counts the modes that are covered or, if the data have none, measures how far the points are from held-out ones.
func (m *points) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, error) {
	p, err := m.held(ctx)
	if err != nil {
		return nil, err
	}
	n := o.Usual()
	xy, err := m.made(ctx, 1, n)
	if err != nil {
		return nil, err
	}
	if p.Modes == nil {
		real, k := make([]float32, 2*n), p.Len()
		for i := range n {
			if _, err := p.Read(i%k, nil, real[2*i:2*i+2]); err != nil {
				return nil, err
			}
		}
		return nearness{family.Sliced(real, xy, 2), "test", n}, nil
	}
	modes, quality := p.Cover(xy)
	return coverage{modes, len(p.Modes), quality, "generated", n}, nil
}
