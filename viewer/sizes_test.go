package viewer

import (
	"image"
	"slices"
	"strings"
	"testing"

	xdraw "golang.org/x/image/draw"
)

// screens are the windows that TestSizes draws each panel in, in pixels.
var screens = []image.Point{{640, 480}, {1280, 800}, {2560, 1440}, {3840, 2160}}

// TestSizes draws every panel in small and large windows, light and dark. The golden picture of a panel has all eight windows side by side,
// reduced to the same height: it is for what lies where, and for its colours; TestPictures is for details.
func TestSizes(t *testing.T) {
	const height, between = 216, 4
	width := -between
	for _, size := range screens {
		width += size.X*height/size.Y + between
	}
	for _, of := range [][2]string{
		{"past", "Samples"},
		{"dates", "Attention"},
		{"heads-text", "Attention"},
		{"grid", "Points"},
		{"classes", "Classes"},
		{"classes", "Layers"},
		{"features", "Model"},
		{"kernels", "Model"},
		{"latent-directions", "Latent space"},
		{"latent-map", "Latent space"},
		{"choosing", ""},
		{"settings", ""},
		{"showing", ""},
	} {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(of[0]+"-"+of[1], "-")), " ", "-")
		t.Run(name, func(t *testing.T) {
			sheet := image.NewRGBA(image.Rect(0, 0, width, 2*height))
			xdraw.Draw(sheet, sheet.Rect, image.Black, image.Point{}, xdraw.Src)
			for theme := range 2 {
				x := 0
				for _, size := range screens {
					img := drawnOn(t, of[0], of[1], size, theme == 1)
					tile := image.Rect(x, theme*height, x+size.X*height/size.Y, (theme+1)*height)
					xdraw.BiLinear.Scale(sheet, tile, img, img.Rect, xdraw.Src, nil)
					x = tile.Max.X + between
				}
			}
			compare(t, "sizes-"+name, sheet)
		})
	}
}

// drawnOn draws one of the drawings as a window of that size has it, with the panel of that title in front.
func drawnOn(t *testing.T, name, title string, size image.Point, light bool) *image.RGBA {
	t.Helper()
	w := drawings[slices.IndexFunc(drawings, func(w drawing) bool { return w.name == name })]
	w.scale = zoomOf(madeFor(w.show()), float64(size.X), float64(size.Y), 1)
	w.size = Point{float64(size.X) / w.scale, float64(size.Y) / w.scale}
	d := w.open(t)
	if light {
		inLight(d)
	}
	if title != "" {
		if p := d.titled(title); p >= 0 {
			d.raiseTab(p)
		} else {
			t.Fatalf("%s has no panel %q, it has %q", name, title, d.Titles())
		}
	}
	return draw(t, d.State, w.scale)
}
