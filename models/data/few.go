package data

import (
	"context"
	"fmt"
)

// Few reads n pictures of a set, evenly spaced, or all if there are fewer: [N, C, H, W] in [0, 1].
func Few(set Set, n int) ([]float32, error) {
	n = min(n, set.Len())
	c, h, w := set.Shape()
	size := c * h * w
	p := make([]float32, n*size)
	for i := range n {
		if _, err := set.Read(i*set.Len()/n, nil, p[i*size:(i+1)*size]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Few is [Few] for data that are not open: for the pictures to learn from, or those held out. It reads none of a folder's other pictures,
// leaves out those that cannot be read, and does not ask whether they are those that the run began with. It downloads nothing: a set that
// lacks files is [ErrOffline].
func (s *PictureSettings) Few(ctx context.Context, o Options, held bool, n int) ([]float32, error) {
	if dir, ok := s.folder(); ok {
		return s.fewOf(ctx, dir, held, n)
	}
	o.Offline = true
	set, err := s.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if held {
		return Few(set.Test, n)
	}
	return Few(set.Train, n)
}

// folder returns the folder of pictures that the settings name, if they name one.
func (s *PictureSettings) folder() (dir string, ok bool) {
	if s.Name == "folder" {
		return s.Dir, true
	}
	return s.Name, IsPath(s.Name)
}

// fewOf reads a few pictures of a folder.
func (s *PictureSettings) fewOf(ctx context.Context, dir string, held bool, n int) (p []float32, err error) {
	l, err := list(ctx, dir)
	if err != nil {
		return nil, err
	}
	var of []pictureFile
	for _, f := range l.pictures {
		if setAside(f.rel) == held {
			of = append(of, f)
		}
	}
	switch {
	case len(of) == 0 && held: // as openFolder does with few pictures
		of = l.pictures[:1]
	case len(of) == 0:
		of = l.pictures
	}
	memory := newBudget()
	for _, f := range spread(of, n) {
		bad := memory.with(ctx, f.path, func(r raster) { p = append(p, r.values(s.Channels, s.Size, s.Size)...) })
		if ctx.Err() != nil {
			return nil, fmt.Errorf("data: %w", ctx.Err())
		}
		if bad != nil {
			err = fmt.Errorf("data: %s cannot be read: %w", shown(f.path), bad)
		}
	}
	if p == nil {
		return nil, err
	}
	return p, nil
}
