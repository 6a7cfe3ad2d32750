package run

import (
	"context"
	"fmt"

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
		kept, err := directions.Load(s.Folder.Dir)
		if err != nil {
			return nil, err
		}
		space.Direction = kept.Get
	}
	return space, nil
}

// Shot returns the weights that a walk is drawn with: those of the session, or those that the run's recording has of the steps that the walk
// leads through.
func (s *Session) Shot(w *walk.Walk) (walk.Shot, error) {
	if !w.Trains() && w.Step(0) == s.Step {
		return walk.Shot{}, nil
	}
	if s.Folder == nil {
		return walk.Shot{}, errNoRecording
	}
	r, err := s.Folder.Recording()
	if err != nil {
		return walk.Shot{}, err
	}
	keys := r.Keys()
	if len(keys) == 0 {
		return walk.Shot{}, fmt.Errorf("run: the recording of %s has no weights: it was trained with record.budget=0, or before there were any", s.Folder.Dir)
	}
	return walk.Shot{Keys: keys, Rewind: s.Rewind}, nil
}
