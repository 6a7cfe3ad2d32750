package family

import (
	"context"
	"fmt"
)

// Examples are pictures with their classes.
type Examples struct {
	Pictures []float32 // [N, C, H, W] in [0, 1]
	Classes  []int32   // of each, from 0
	Names    []string  // of the classes; nil: they have none
}

// HeldOut returns the first n held-out pictures, or all if there are fewer.
func (m *Pictures) HeldOut(ctx context.Context, n int) (*Examples, error) {
	set, err := m.Open(ctx)
	if err != nil {
		return nil, err
	}
	n = min(n, set.Test.Len())
	if n == 0 {
		return nil, fmt.Errorf("family: %s holds no pictures out", set.Name)
	}
	c, h, w := m.Shape()
	if e := m.held; e != nil && len(e.Classes) >= n {
		return &Examples{Pictures: e.Pictures[:n*c*h*w], Classes: e.Classes[:n], Names: e.Names}, nil
	}
	e := &Examples{Pictures: make([]float32, n*c*h*w), Classes: make([]int32, n), Names: set.Classes}
	for i := range n {
		if e.Classes[i], err = set.Test.Read(i, nil, e.Pictures[i*c*h*w:(i+1)*c*h*w]); err != nil {
			return nil, err
		}
	}
	m.held = e
	return e, nil
}

// FirstHeldOut returns the first held-out picture [1, C, H, W]. Unlike HeldOut it does not open all data for that, nor download them.
func (m *Pictures) FirstHeldOut(ctx context.Context) (picture []float32, err error) {
	if m.first == nil {
		if picture, err = m.few(ctx, true, 1); err != nil {
			return nil, err
		}
		if len(picture) == 0 {
			return nil, fmt.Errorf("family: %s holds no pictures out", m.settings.Base())
		}
		m.first = picture
	}
	return m.first, nil
}
