package main

import (
	"context"
	"fmt"

	"genview/models/data"
	"genview/models/gan"
	"genview/models/picture"
	"genview/models/watch"
)

// points is a GAN of points in the plane.
type points struct {
	feed
	judge   func(ctx context.Context, xy []float32) ([]float32, error) // the discriminator's logits
	latents []float32
	real    []float32 // points to compare with
	places  []float32 // where the surface is looked at
}

const (
	cloud   = 4000 // points of a sample
	surface = 64   // places along each axis at which the discriminator is asked

	mostPoints = 10_000_000 // that are made at a time
)

func newPoints(s *session) (*points, error) {
	c := s.config
	t, err := gan.NewTrainer(s.rt, c.gan(), gan.TrainConfig{Batch: c.Batch, Adam: c.adam(), Seed: c.Seed})
	if err != nil {
		return nil, err
	}
	m := &points{feed: feed{maker: t, session: s}, judge: t.Judge}
	if m.latents, err = m.seeds(1, cloud); err != nil {
		return nil, err
	}
	reach := data.Reach(c.Data.Name)
	for i := range surface * surface {
		x, y := float64(i%surface)+0.5, float64(i/surface)+0.5
		m.places = append(m.places, float32(reach*(2*x/surface-1)), float32(reach*(1-2*y/surface)))
	}
	return m, nil
}

func (m *points) begin(ctx context.Context, step int) (string, error) {
	set, err := m.session.dataset(ctx)
	if err != nil {
		return "", err
	}
	return countOf(set.Train.Len(), "point"), m.feed.begin(set.Train, step)
}

func (m *points) dummy() func(ctx context.Context) error { return m.timed(2) }

// held returns the points that the model was not trained on.
func (m *points) held(ctx context.Context) (*data.Points, error) {
	set, err := m.session.dataset(ctx)
	if err != nil {
		return nil, err
	}
	return set.Test.(*data.Points), nil
}

// Look makes points and asks the discriminator of the plane.
func (m *points) Look(ctx context.Context) ([]watch.View, error) {
	if m.real == nil {
		p, err := m.held(ctx)
		if err != nil {
			return nil, err
		}
		m.real = make([]float32, 2*cloud)
		for i := range cloud {
			if _, err := p.Read(i, nil, m.real[2*i:]); err != nil {
				return nil, err
			}
		}
	}
	fake, err := m.Decode(ctx, m.latents)
	if err != nil {
		return nil, err
	}
	logits, err := m.judge(ctx, m.places)
	if err != nil {
		return nil, err
	}
	return []watch.View{&watch.Scatter{
		Name: "Points", Reach: m.reach(),
		Sets:  []watch.Points{{Name: "generated", XY: fake}, {Name: "real", XY: m.real}},
		Field: &watch.Field{Name: "logit", Low: "seems generated", High: "seems real", Side: surface, Values: logits},
	}}, nil
}

func (m *points) reach() float64 { return data.Reach(m.session.config.Data.Name) }

// Answer has nothing to answer.
func (m *points) Answer(context.Context, watch.Request) bool { return false }

// sample draws n points of seeds from first on.
func (m *points) sample(ctx context.Context, first, n int, path string) error {
	xy, err := m.made(ctx, first, n)
	if err != nil {
		return err
	}
	return picture.Save(path, picture.Scatter(xy, m.reach()))
}

// made returns n points of seeds from first on.
func (m *points) made(ctx context.Context, first, n int) ([]float32, error) {
	if n > mostPoints {
		return nil, usageError{fmt.Errorf("%d points are too many: give %d or fewer", n, mostPoints)}
	}
	xy := make([]float32, 0, 2*n)
	for at := 0; at < n; at += cloud { // latents take more memory than points
		m.session.console.count("points", at, n)
		z, err := m.seeds(first+at, min(cloud, n-at))
		if err != nil {
			return nil, err
		}
		p, err := m.Decode(ctx, z)
		if err != nil {
			return nil, err
		}
		xy = append(xy, p...)
	}
	return xy, nil
}
