package gan_test

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"genview/models/family"
	"genview/models/family/familytest"
	"genview/models/gan"
	"genview/models/run"
	"genview/models/watch"
	"genview/vk"
	"genview/vk/vktest"
)

func TestFamily(t *testing.T) {
	for _, trial := range []familytest.Trial{
		{Preset: "gan", Falls: "d_loss", Steps: 24, Set: []string{"batch=16", "data.size=8", "model.hidden=16", "model.z=3", "optim.lr=0.001"}},
		{Preset: "points", Falls: "d_loss", Steps: 40, Set: []string{"batch=32", "model.hidden=16"}},
	} {
		t.Run(trial.Preset, func(t *testing.T) { familytest.Run(t, gan.Family, trial) })
	}
}

// TestLookOpensNoData: to look at a network, or into one, only a few of a folder's pictures are read, and nothing is downloaded.
func TestLookOpensNoData(t *testing.T) {
	vktest.Open(t) // skips the test if there is no device
	dir := pictureFolder(t, 100)
	cache, said := t.TempDir(), []string(nil)
	h := run.Host{
		NoTuning: true, CacheDir: cache, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }, Say: func(line string) { said = append(said, line) },
	}
	started := func(preset, data, size string) *run.Session {
		t.Helper()
		c, err := run.New(preset)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]string{"data.name": data, "data.size": size, "batch": "4", "model.hidden": "8", "model.z": "2"} {
			if err := c.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		s, err := h.Start(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	for _, c := range []struct {
		data, size string
		learned    int
	}{{dir, "8", 32}, {"mnist", "28", 0}} {
		views, err := started("gan", c.data, c.size).Model.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		beside := map[byte]bool{}
		for _, p := range watch.Find[*watch.Pictures](views, "Samples").Real {
			beside[p.Pix[0]] = true
		}
		if len(beside) != c.learned {
			t.Errorf("%s: %d pictures are shown beside the samples, want %d", c.data, len(beside), c.learned)
		}
	}
	example, err := started("vae", dir, "8").Model.(family.Traced).Trace().Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range example.Feed {
		if p := x.([]float32); len(p) != 64 || p[0] == 0 || p[1] != 0 {
			t.Errorf("the example is %v", p)
		}
	}
	if downloaded, err := filepath.Glob(filepath.Join(cache, "mnist*")); err != nil || downloaded != nil || said != nil {
		t.Errorf("data were opened: it says %q, and the cache has %v (%v)", said, downloaded, err)
	}
}

// pictureFolder makes a folder of n pictures. The first pixels differ; the others are black.
func pictureFolder(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		grey := image.NewGray(image.Rect(0, 0, 8, 8))
		grey.SetGray(0, 0, color.Gray{Y: byte(1 + i)})
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(100+i)+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, grey); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
