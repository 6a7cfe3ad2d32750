package classifier

import (
	"slices"
	"testing"
)

// TestOtherNetwork: settings that the user did not set follow the network that the user chose.
func TestOtherNetwork(t *testing.T) {
	cnn, vit := CNNDefaults(), ViTDefaults()
	for _, c := range []struct {
		from  Config
		arch  string
		asked []string
		want  Config
	}{
		{cnn, "cnn", nil, cnn},
		{cnn, "vit", nil, vit},
		{vit, "vit", nil, vit},
		{vit, "cnn", nil, cnn},
		{cnn, "vit", []string{"model.width", "model.patch"}, Config{Patch: 7, Width: 32, Heads: vit.Heads, Layers: vit.Layers, Hidden: vit.Hidden}},
		{vit, "cnn", []string{"model.hidden"}, Config{Hidden: vit.Hidden}},
	} {
		s := preset(c.from, 1e-3, 10)
		s.Model.Arch = c.arch
		if slices.Contains(c.asked, "model.width") {
			s.Model.Width, s.Model.Patch = 32, 7
		}
		s.follow(func(key string) bool { return slices.Contains(c.asked, key) })
		got := s.Config()
		if got.Patch != c.want.Patch || got.Width != c.want.Width || got.Heads != c.want.Heads || got.Layers != c.want.Layers || got.Hidden != c.want.Hidden {
			t.Errorf("%s of the preset %s with %q: got %+v, want %+v", c.arch, c.from.Arch, c.asked, got, c.want)
		}
	}
}
