package main

import (
	"bytes"
	"image/gif"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/walk"
)

// walks has a run of a VAE walk in all ways: twice the same film, a part of one, several stops, pictures, grids and training.
func walks(t *testing.T, run, picture string) {
	t.Helper()
	dir := t.TempDir()
	film := func(name string, words ...string) []byte {
		path := filepath.Join(dir, name)
		must(t, append([]string{"walk", run, "--no-provenance", "-o", path}, words...)...)
		return read(t, path)
	}
	frames := func(p []byte) []*gifFrame { return gifFrames(t, p) }
	npy := filepath.Join(dir, "z.npy")
	a := film("a.gif", "seeds:1-3", "--interp", "cubic", "--loop", "--ease", "in-out", "--truncation", "0.5:1", "--pulses", "2", "--frames", "9", "--latents", npy)
	again := film("again.gif", "seed:1", "seed:2", "seeds:3", "--interp", "cubic", "--loop", "--ease", "in-out", "--truncation", "0.5:1", "--pulses", "2", "--frames", "9")
	if !bytes.Equal(a, again) {
		t.Error("the same walk gives other bytes")
	}
	all := frames(a)
	part := frames(film("part.gif", "seeds:1-3", "--interp", "cubic", "--loop", "--ease", "in-out", "--truncation", "0.5:1", "--pulses", "2", "--frames", "9", "--first", "3", "--last", "5"))
	if len(all) != 9 || len(part) != 3 || !slices.Equal(part[1].pix, all[4].pix) {
		t.Errorf("%d frames, of which %d are drawn alone", len(all), len(part))
	}
	z, err := walk.ReadLatents(npy, 4)
	if err != nil || len(z) != 9 {
		t.Errorf("%d latent vectors are kept, %v", len(z), err)
	}
	saved := frames(film("saved.gif", "z:"+npy, "--interp", "lerp", "--frames", "9"))
	if !slices.Equal(saved[4].pix, all[4].pix) {
		t.Error("the latent vectors of a walk give another film")
	}
	refused(t, 1, "would take the place of", "walk", run, "z:"+npy, "--latents", npy, "-o", filepath.Join(dir, "never.gif"))
	refused(t, 1, "would take the place of", "walk", run, "image:"+picture, "-o", picture)
	refused(t, 1, "would take the place of", "reconstruct", run, picture, "-o", picture)
	film("image.gif", "image:"+picture, "seed:1+0.5*(image:"+picture+"-mean)", "--search", "--seconds", "0.1")
	if got := frames(film("noise.gif", "seed:5", "--interp", "noise", "--frames", "4", "--grid", "3x2", "--scale", "1")); len(got) != 4 || got[0].w != 3*28+4 || got[0].h != 2*28+3 {
		t.Errorf("a grid of noise has %d frames of %d × %d", len(got), got[0].w, got[0].h)
	}
	labelled(t, film)
	refused(t, 1, "from one seed on, and no other stops", "walk", run, "seeds:1-2", "--interp", "noise")
	refused(t, 2, "give --labels for those of its walks", "walk", run, "seeds:1-4", "--grid", "2x1", "--captions")
	refused(t, 1, "a circle goes through two stops, and not through 3", "walk", run, "seeds:1-3", "--interp", "circle")
	film("corners.png", "seeds:1-4", "--grid", "5x5", "--corners", "--frames", "1")
	learned := frames(film("learned.gif", "seed:3@step:0", "seed:3@step:last", "--frames", "7"))
	if slices.Equal(learned[0].pix, learned[6].pix) {
		t.Error("a film through training ends as it begins")
	}
	refused(t, 1, "the run has none", "walk", run, "dir:smile")
	if out := must(t, "directions", "pca", run, "-n", "2", "--points", "40"); !strings.Contains(out, "fc3.pc1, ") {
		t.Errorf("the components are %q", out)
	}
	chart := filepath.Join(filepath.Dir(run), "map.csv")
	must(t, "map", run, "--tsne", "-n", "40", "-o", chart)
	if lines := strings.Count(string(read(t, chart)), "\n"); lines != 41 {
		t.Errorf("the map's table has %d lines, want 41", lines)
	}
	refused(t, 2, "give --tsne", "map", run, "--perplexity", "3", "-o", chart)
	must(t, "directions", "difference", run, "smile", "--from", "seeds:1-3", "--to", "seed:4", "--to", "image:"+picture, "--orthogonal-to", "fc3.pc1,fc3.pc2")
	moved := frames(film("moved.gif", "seed:1-3*dir:smile", "seed:1+3*dir:smile", "--frames", "3"))
	if slices.Equal(moved[0].pix, moved[2].pix) {
		t.Error("a direction changes nothing")
	}
	must(t, "directions", "remove", run, "fc3.pc2")
	if out := must(t, "directions", run); out != "fc3.pc1\nsmile\n" {
		t.Errorf("the directions are %q", out)
	}
	refused(t, 1, "no layer \"fc9\", but fc3", "directions", "pca", run, "--layer", "fc9")
	refused(t, 2, "cannot be the name of a direction", "directions", "difference", run, "a-b", "--from", "seed:1", "--to", "seed:2")
	refused(t, 2, "give --from and --to", "directions", "difference", run, "smile")
	refused(t, 1, "step:41: the run is at step 40", "walk", run, "seed:1@step:41")
	refused(t, 1, `"sed:" names no kind of point`, "walk", run, "sed:1")
	refused(t, 1, "none.png", "walk", run, "image:none.png")
	if out := must(t, "walk", "--help"); !strings.Contains(out, "image:FILE is found for a picture") {
		t.Error("help does not say how points are named")
	}
}

// labelled films a grid with labels on two backgrounds.
func labelled(t *testing.T, film func(name string, words ...string) []byte) {
	t.Helper()
	labels := []string{"labels.gif", "seeds:1-4", "--grid", "2x1", "--labels", "--frames", "2", "--scale", "1", "--background"}
	black, white := gifFrames(t, film(labels[0], append(labels[1:], "black")...)), gifFrames(t, film(labels[0], append(labels[1:], "#fff")...))
	if black[0].h != 28+2+18 || slices.Equal(black[0].pix, white[0].pix) {
		t.Errorf("a grid with labels is %d high, on black as on white: %v", black[0].h, slices.Equal(black[0].pix, white[0].pix))
	}
}

// gifFrames returns the frames of a GIF.
func gifFrames(t *testing.T, p []byte) (all []*gifFrame) {
	t.Helper()
	g, err := gif.DecodeAll(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range g.Image {
		all = append(all, &gifFrame{f.Rect.Dx(), f.Rect.Dy(), f.Pix})
	}
	return all
}

// gifFrame is a frame of a GIF of few colours, which holds whole pictures.
type gifFrame struct {
	w, h int
	pix  []byte
}
