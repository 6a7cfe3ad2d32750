// Package picture draws views as pictures for files and pages, on the CPU alone. The viewer draws its own moving ones.
//
// [Write] is the one place that decides which file a view of each kind becomes.
package picture

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"strings"

	"genview/models/encrypt"
	"genview/models/film"
	"genview/models/lettering"
	"genview/models/watch"
)

const (
	sheetSide   = 8   // pictures in a row of a sheet
	sheetPad    = 2   // pixels around pictures
	sheetScale  = 2   // magnification
	scatterSide = 320 // width in pixels of a picture of points
)

// Write writes the first of views that has a file form. path has no ending; Write adds it: .png for what [Of] draws, .txt for a text that a
// model wrote. Texts with a correct answer, tables, curves and latents have no file form. cacheDir holds the index of the system's fonts;
// "": they are not used. The file is encrypted to some recipients; nil: it is plain.
func Write(path string, views []watch.View, cacheDir string, to *encrypt.Recipients) error {
	for _, v := range views {
		if t, ok := v.(*watch.Texts); ok && !t.Judged() {
			var all strings.Builder
			for _, e := range t.Examples {
				all.WriteString(strings.TrimLeft(e.Input+e.Output, "\n") + "\n")
			}
			return to.WriteBytes(to.Path(path+".txt"), []byte(all.String()))
		}
		if !Drawn(v) {
			continue
		}
		var fonts *lettering.Fonts
		if _, ok := v.(*watch.HeatMaps); ok { // the only ones with text
			var err error
			if fonts, err = lettering.New(lettering.Options{CacheDir: cacheDir}); err != nil {
				return err
			}
		}
		var b bytes.Buffer
		if err := film.WriteTo(&b, ".png", film.Still(Of(fonts, v), SourceOf(v))); err != nil {
			return err
		}
		return to.WriteBytes(to.Path(path+".png"), b.Bytes())
	}
	return nil
}

// Drawn tells whether [Of] draws a view.
func Drawn(v watch.View) bool {
	switch v := v.(type) {
	case *watch.Pictures, *watch.Scatter:
		return true
	case *watch.HeatMaps:
		return len(v.Maps) > 0
	}
	return false
}

// Of draws a view: pictures, heat maps, and points that a model made; nil for any other. Heat maps alone need fonts.
func Of(fonts *lettering.Fonts, v watch.View) *image.RGBA {
	if !Drawn(v) {
		return nil
	}
	switch v := v.(type) {
	case *watch.Pictures:
		return Sheet(v.Images, sheetSide)
	case *watch.Scatter:
		return Scatter(v.Sets[0].XY, v.Reach)
	case *watch.HeatMaps:
		return HeatMaps(fonts, v)
	}
	panic("unreachable: Drawn knows the kinds above")
}

// SourceOf returns how what [Of] draws of a view came to be.
func SourceOf(v watch.View) film.Source {
	if _, ok := v.(*watch.HeatMaps); ok {
		return film.Data
	}
	return film.Trained
}

// Sheet draws images of one size side by side in rows of cols, magnified twice.
func Sheet(images []*image.RGBA, cols int) *image.RGBA {
	return magnify(film.Grid(images, cols, sheetPad, nil), sheetScale)
}

// MostOfSheet returns how many images of size by size fit on a square sheet of 8,192 pixels, which takes half a gigabyte.
func MostOfSheet(size int) int {
	const side = 8192 / sheetScale
	in := max(1, (side-sheetPad)/(size+sheetPad))
	return in * in
}

// Scatter draws points [N, 2] of the plane from −reach to reach on both axes, brighter where there are more.
func Scatter(xy []float32, reach float64) *image.RGBA {
	const size = scatterSide
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	count := make([]int, size*size)
	for i := range len(xy) / 2 {
		x := int(math.Floor((float64(xy[2*i])/reach + 1) / 2 * size))
		y := int(math.Floor((1 - float64(xy[2*i+1])/reach) / 2 * size))
		if x >= 0 && x < size && y >= 0 && y < size {
			count[y*size+x]++
		}
	}
	for at, n := range count {
		v := byte(255 * (1 - math.Pow(0.6, float64(n))))
		img.SetRGBA(at%size, at/size, color.RGBA{v, v, v, 255})
	}
	return magnify(img, sheetScale)
}

// magnify enlarges a picture by a whole factor.
func magnify(img *image.RGBA, by int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()*by, img.Rect.Dy()*by))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetRGBA(x, y, img.RGBAAt(x/by, y/by))
		}
	}
	return out
}

func between(a, b color.RGBA, t float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}
