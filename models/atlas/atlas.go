// Package atlas maps held-out pictures in the latent space of a model that encodes them: by their principal components, or by t-SNE.
//
//	a, err := atlas.Of(ctx, model, atlas.Options{Pictures: 1000, TSNE: true})
//	err = atlas.Write(file, "svg", a)
//
// Principal components keep distances as far as a plane can. t-SNE keeps who is near whom: what lies together is alike, and how far groups
// are apart means little.
package atlas

import (
	"context"
	"fmt"

	"genview/models/data"
	"genview/models/directions"
	"genview/models/family"
	"genview/models/watch"
)

// Options are those of a map.
type Options struct {
	Pictures   int // held out; 0: 400
	TSNE       bool
	Perplexity float64 // of t-SNE; 0: 30
}

// Bounds of a map's pictures. The memory of t-SNE grows with their square.
const (
	usual = 400
	least = 3
	Most  = directions.MostPoints
)

// Encode returns held-out pictures, n at most, and their latent vectors.
func Encode(ctx context.Context, m family.Surveyed, n int) (*family.Examples, [][]float32, error) {
	held, err := m.HeldOut(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	z, err := family.EncodeAll(ctx, m, held.Pictures)
	return held, z, err
}

// Of maps held-out pictures.
func Of(ctx context.Context, m family.Surveyed, o Options) (*watch.Atlas, error) {
	a, err := Gather(ctx, m, o.Pictures)
	if err != nil {
		return nil, err
	}
	return a, Arrange(ctx, a, o)
}

// Gather encodes held-out pictures, n at most; 0: 400. They have no places yet.
func Gather(ctx context.Context, m family.Surveyed, n int) (*watch.Atlas, error) {
	if n == 0 {
		n = usual
	}
	if n < least || n > Most {
		return nil, fmt.Errorf("atlas: a map of %d pictures: give %d to %d", n, least, Most)
	}
	held, z, err := Encode(ctx, m, n)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	return &watch.Atlas{Z: z, Images: data.Images(held.Pictures, c, h, w), Classes: held.Classes, Names: held.Names}, nil
}

// Arrange gives the pictures their places. A latent space of two dimensions is its own map, unless t-SNE is asked for. It computes on the
// host alone.
func Arrange(ctx context.Context, a *watch.Atlas, o Options) (err error) {
	z := a.Z
	if len(z) < least {
		return fmt.Errorf("atlas: there are %d held-out pictures, a map needs %d", len(z), least)
	}
	if o.TSNE {
		a.Places, err = TSNE(ctx, z, o.Perplexity)
		return err
	}
	if len(z[0]) == 2 {
		a.Mean, a.Axes = make([]float32, 2), [][]float32{{1, 0}, {0, 1}}
		return nil
	}
	found, err := directions.PCA(z, z, min(2, len(z[0]), len(z)-1))
	if err != nil {
		return err
	}
	a.Mean = directions.Mean(z)
	for _, f := range found {
		a.Axes, a.Shares = append(a.Axes, directions.Unit(f.Z)), append(a.Shares, f.Share)
	}
	return nil
}
