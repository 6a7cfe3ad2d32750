package replay_test

import (
	"context"
	"slices"
	"testing"

	"genview/models/replay"
	"genview/models/run"
	"genview/models/watch"
)

// TestInside: whoever asks sees what the model is made of at the step that is shown, and as it is now, with the values of a layer; until they
// ask for no more of it.
func TestInside(t *testing.T) {
	h, own := opened(t, "vae")
	recorded(t, own.Folder.Dir, weights(t, own), 1, 8)
	live := watch.NewBus()
	live.Publish(&watch.Snapshot{Views: []watch.View{&watch.Table{Name: "Scores"}}})
	for _, o := range []replay.Options{
		{Folder: own.Folder, Open: func(ctx context.Context, step int) (*run.Session, error) {
			return h.OpenRecorded(ctx, own.Folder.Dir, step, run.Place{})
		}},
		{Folder: own.Folder, Session: own, Live: live, Fixed: func() error { return nil }},
	} {
		s := play(t, o)
		s.past.Send(watch.Seek{Step: 8})
		s.past.Send(watch.Inspect{On: true, Layer: "fc3"})
		buses := []*watch.Bus{s.past}
		if o.Live != nil {
			live.Send(watch.Inspect{On: true, Layer: "fc3"})
			buses = append(buses, live)
		}
		for _, bus := range buses {
			now := s.until(bus, "the inside", func(s *watch.Snapshot) bool { return watch.Find[*watch.Layers](s.Views, "Model") != nil })
			v := watch.Find[*watch.Layers](now.Views, "Model")
			if v.Features == nil || v.Features.Layer != "fc3" || len(v.Features.Values) != v.Features.Shape[0] || v.Example != "held-out picture 1" {
				t.Fatalf("of %q are shown %+v (%s)", v.Example, v.Features, v.Problem)
			}
			i := slices.IndexFunc(v.Layers, func(l watch.Layer) bool { return l.Name == "fc3.weight" })
			if i < 0 || v.Layers[i].Of != "fc3" || v.Layers[i].Weight.Counts == nil {
				t.Errorf("the parameters are %+v", v.Layers)
			}
			if bus.Send(watch.Inspect{}); len(now.Views) < 2 {
				t.Errorf("there are only %d views", len(now.Views))
			}
			s.until(bus, "no more of it", func(s *watch.Snapshot) bool {
				return len(s.Views) == len(now.Views)-1 && watch.Find[*watch.Layers](s.Views, "Model") == nil
			})
		}
		s.end()
	}
}
