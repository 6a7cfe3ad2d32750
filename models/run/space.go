package run

import (
	"context"
	"slices"

	"genview/models/data"
	"genview/models/directions"
	"genview/models/family"
	"genview/models/walk"
)

// Space returns the latent space of a session's model, whose points texts can name. The point of a picture is what the model encodes it as;
// with a search, or if the model does not encode, it is searched for, with o. A model that does not decode pictures has no space; that is a
// [*family.LackError].
func (s *Session) Space(search bool, o family.Search) (*walk.Space, error) {
	m, err := As[family.Decoder](s)
	if err != nil {
		return nil, err
	}
	c, h, w := m.Shape()
	find := func(ctx context.Context, file string) ([]float32, error) {
		picture, err := data.ReadImage(file, c, h, w)
		if err != nil {
			return nil, err
		}
		e, encodes := m.(family.Encoder)
		var z []float32
		if encodes {
			if z, err = e.Encode(ctx, picture); err != nil || !search {
				return z, err
			}
			o.From = [][]float32{z}
		}
		f, err := As[family.Finder](s)
		if err != nil {
			return nil, err
		}
		z, _, err = f.Find(ctx, picture, o)
		return z, err
	}
	space := &walk.Space{Z: m.Z(), Step: s.Step, Find: find}
	if s.Folder != nil {
		space.Direction = func(name string) ([]float32, error) { return directions.Read(s.Folder.Dir, name, m.Z()) }
	}
	return space, nil
}

// Shot returns the weights that a walk is drawn with: those of the session, or those that the run's recording has of the steps that the walk
// leads through.
func (s *Session) Shot(w *walk.Walk) (walk.Shot, error) {
	if !w.Trains() && w.Step(0) == s.Step {
		return walk.Shot{}, nil
	}
	keys, err := s.Keys()
	return walk.Shot{Keys: keys, Rewind: s.Rewinder()}, err
}

// Keys returns the steps of whose weights the session has some: those of the recording that are before its own, and its own.
func (s *Session) Keys() ([]int, error) {
	if s.Folder == nil {
		return nil, errNoRecording
	}
	r, err := s.Folder.Recording()
	if err != nil {
		return nil, err
	}
	keys := slices.DeleteFunc(r.Keys(), func(k int) bool { return k >= s.Step })
	return append(keys, s.Step), nil
}

// Rewinder returns a function that gives the model the weights of one of the [Session.Keys], at any time and in any order: for the step that
// the session is at now those that it has now, and those of the recording for the others.
func (s *Session) Rewinder() func(step int) error {
	own, whole := s.Step, s.Folder != nil && s.Weights == s.Folder.Checkpoint(s.Step)
	return func(step int) error {
		if step == own && whole {
			return s.load(own)
		}
		return s.Rewind(step)
	}
}
