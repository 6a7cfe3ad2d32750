package viewer

import (
	"reflect"
	"testing"

	"genview/models/watch"
)

// steered is a training whose rate can be changed, in a state.
func steered(state watch.State) *watch.Snapshot {
	s := bare()
	s.State, s.Rate, s.Home = state, 0.5, true
	return s
}

// halves is a GAN's training.
func halves(state watch.State) *watch.Snapshot {
	s := steered(state)
	s.Parts = []string{"discriminator", "generator"}
	return s
}

// TestSteering: the buttons of the bar and their keys ask for the same; what makes no sense now is not asked for.
func TestSteering(t *testing.T) {
	done := func() *watch.Snapshot {
		s := steered(watch.Done)
		s.Trainable = true
		return s
	}
	for _, c := range []struct {
		name string
		s    *watch.Snapshot
		area func(p *Status, size Point, s *watch.Snapshot) Rect
		key  string
		want []watch.Request
	}{
		{"sample", steered(watch.Training), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).once }, "g", []watch.Request{watch.Sample{}}},
		{"one step", steered(watch.Paused), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).once }, "o", []watch.Request{watch.Step{}}},
		{"lower", steered(watch.Training), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).lower }, ",", []watch.Request{watch.Rate{Factor: 0.25}}},
		{"higher", steered(watch.Paused), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).higher }, ".", []watch.Request{watch.Rate{Factor: 1}}},
		{"home from a pause", steered(watch.Paused), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).home }, "h", []watch.Request{watch.Home{}}},
		{"home", done(), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.resting(z, s).home }, "h", []watch.Request{watch.Home{}}},
		{"train the rest", done(), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.resting(z, s).train }, "b", []watch.Request{watch.Train{Steps: 5000}}},
		{"not home from a training", steered(watch.Training), nil, "h", nil},
		{"no step of what runs", steered(watch.Training), nil, "o", nil},
		{"no rate of what is done", done(), nil, ",.", nil},
		{"nothing of what cannot", bare(), nil, "go,.hb", nil},
		{"nothing more of what another process trains", func() *watch.Snapshot { s := done(); s.State = watch.Following; return s }(), nil, "b", nil},
		{"one step of a half", halves(watch.Paused), func(p *Status, z Point, s *watch.Snapshot) Rect { return p.tuning(z, s).parts[1] }, "2", []watch.Request{watch.Step{Only: "generator"}}},
		{"no half of what runs", halves(watch.Training), nil, "12", nil},
		{"no third half", halves(watch.Paused), nil, "3", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, c.s)
			i, p := panel[*Status](d)
			if c.area != nil {
				r := c.area(p, d.size(i), c.s)
				if r.W <= 0 || r.X < 0 {
					t.Fatalf("the button is at %v", r)
				}
				d.click(d.middle(i, r))
				if got := d.take(); !reflect.DeepEqual(got, c.want) {
					t.Errorf("a click asks for %v, want %v", got, c.want)
				}
			}
			d.e.Typed = c.key
			d.tick()
			if got := d.take(); !reflect.DeepEqual(got, c.want) {
				t.Errorf("the key asks for %v, want %v", got, c.want)
			}
		})
	}
}

// TestFurtherSteps: the rest is offered first, or as many steps again; the keys halve and double it.
func TestFurtherSteps(t *testing.T) {
	s := steered(watch.Done)
	s.Trainable, s.Step = true, s.Steps
	d := newDesk(t, s)
	for _, c := range []struct {
		keys string
		want int
	}{{"b", 10000}, {",", 0}, {"b", 7500}, {".", 0}, {".", 0}, {"b", 15000}} {
		d.e.Typed = c.keys
		d.tick()
		var want []watch.Request
		if c.want > 0 {
			want = []watch.Request{watch.Train{Steps: c.want}}
		}
		if got := d.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: asked for %v, want %v", c.keys, got, want)
		}
	}
}
