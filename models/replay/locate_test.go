package replay_test

import (
	"context"
	"image"
	"math"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"genview/models/data"
	"genview/models/family"
	"genview/models/film"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/watch"
)

// searcher is a model without an encoder, as GANs are.
type searcher struct {
	family.Model
	family.Finder
}

// TestLocate: a picture is encoded, or searched for while requests are served; a file that is no picture is one line; the next picture ends a
// search.
func TestLocate(t *testing.T) {
	for name, encodes := range map[string]bool{"encoded": true, "searched for": false} {
		t.Run(name, func(t *testing.T) {
			h, own := opened(t, "vae")
			dir := t.TempDir()
			recorded(t, own.Folder.Dir, weights(t, own), 8)
			m := own.Model.(family.Finder)
			z := make([]float32, m.Z())
			z[0] = 0.5
			drawn, err := m.Draw(t.Context(), z)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "a.png")
			if err := film.Write(path, film.Still(drawn[0], film.Trained)); err != nil {
				t.Fatal(err)
			}
			s := play(t, replay.Options{Folder: own.Folder, Open: func(ctx context.Context, step int) (*run.Session, error) {
				s, err := h.OpenRecorded(ctx, own.Folder.Dir, step, run.Place{})
				if err == nil && !encodes {
					s.Model = searcher{s.Model, s.Model.(family.Finder)}
				}
				return s, err
			}})
			s.until(s.past, "of a step", func(s *watch.Snapshot) bool { return s.Past != nil && len(s.Past.Steps) == 1 })
			heard, decoded := 0, make(chan bool, 9)
			locate := func(path string, heard func(done, of int)) (*watch.Located, error) {
				return answered(t, func(reply func(*watch.Located, error)) {
					s.past.Send(watch.Locate{Path: path, Step: -1, Heard: heard, Reply: reply})
				})
			}
			got, err := locate(path, func(done, of int) {
				if heard++; heard == 1 {
					s.past.Send(watch.Decode{Z: [][]float32{z}, Step: 8, Reply: func([]*image.RGBA) { decoded <- true }})
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if encodes {
				c, h, w := m.Shape()
				values, err := data.ReadImage(path, c, h, w)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.(family.Encoder).Encode(t.Context(), values)
				if err != nil || heard != 0 || math.Abs(float64(got.Z[0]-want[0])) > 0.05 {
					t.Errorf("encoded as %v, want %v (%v)", got.Z, want, err)
				}
			} else if heard == 0 || len(decoded) != 1 || got.MSE > 0.01 {
				t.Errorf("found with an error of %v, heard of %d times, and served %d requests meanwhile", got.MSE, heard, len(decoded))
			}
			if _, err := locate(filepath.Join(own.Folder.Dir, "config.yaml"), nil); err == nil || !strings.Contains(err.Error(), "config.yaml cannot be read") || strings.Contains(err.Error(), "\n") {
				t.Errorf("a file that is no picture: %v", err)
			}
			if encodes {
				return
			}
			var next atomic.Bool
			_, err = locate(path, func(done, of int) {
				if !next.Swap(true) {
					s.past.Send(watch.Locate{Path: path, Step: -1, Reply: func(*watch.Located, error) { decoded <- true }})
				}
			})
			if err == nil || !strings.Contains(err.Error(), "another picture") {
				t.Errorf("a search that another picture ends: %v", err)
			}
		})
	}
}
