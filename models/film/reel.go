package film

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"iter"
	"math"
	"sync"

	"golang.org/x/image/draw"

	"genview/models/lettering"
	"genview/models/watermark"
)

// A reel is a film whose first picture is there, and whose pictures are finished for a format: opaque, in their size, with their captions.
type reel struct {
	Film
	size   image.Point // of a finished picture
	repeat int         // the format is to show each pixel as repeat×repeat pixels
	ahead  int         // pictures that are made before they are asked for

	picture image.Point      // size without caption
	scaler  draw.Scaler      // nil: pixels are magnified by scale
	scale   int              // 1: not at all
	fonts   *lettering.Fonts // nil: there is no text
	style   lettering.Style
	labels  *labels             // nil: there are none
	mark    *watermark.Embedder // of each picture; nil: there is none
	small   sync.Once           // says that pictures are too small for it
	ground  color.RGBA          // behind transparent pictures
}

// mostPixels is the size of the largest picture in memory, which takes 2 GB.
const mostPixels = 1 << 29

// newReel returns the reel of a film whose pictures have a size.
func newReel(f Film, size image.Point, e format) (*reel, error) {
	scale := max(1, f.Scale)
	f.Buffers = cmp.Or(f.Buffers, new(Buffers))
	if size.X < 1 || size.Y < 1 || max(size.X, size.Y) > math.MaxInt32/scale || f.Size > math.MaxInt32/size.Y {
		return nil, errTooLarge
	}
	r := &reel{Film: f, repeat: 1, picture: size.Mul(scale), scale: scale, ground: ground(f.Background)}
	switch {
	case f.Size > 0:
		r.picture = image.Pt(f.Size, max(1, (2*size.Y*f.Size+size.X)/(2*size.X)))
		r.scaler = draw.CatmullRom.NewScaler(r.picture.X, r.picture.Y, size.X, size.Y)
	case e.magnifies && f.Captions == nil && f.Labels == nil && !f.marked():
		r.repeat, r.picture, r.scale = scale, size, 1
	}
	r.size = r.picture
	if f.Captions != nil || f.Labels != nil {
		fonts, err := lettering.New(lettering.Options{})
		if err != nil {
			return nil, err
		}
		r.fonts = fonts
	}
	if f.Labels != nil {
		var err error
		if r.labels, err = newLabels(f, size, r.picture); err != nil {
			return nil, err
		}
		r.size.Y += f.Cells.Y * bandOf(r.labels.style)
	}
	if f.Captions != nil {
		r.style = styleFor(r.picture.X, 20)
		r.size.Y += bandOf(r.style)
	}
	if r.size.X > mostPixels/r.size.Y {
		return nil, errTooLarge
	}
	if f.marked() {
		r.mark = watermark.NewEmbedder(watermark.ID(f.Watermark))
	}
	const most, room = 32, 64 << 20
	r.ahead = min(max(1, room/(4*r.size.X*r.size.Y)), most)
	return r, nil
}

// ground returns a colour laid over black.
func ground(c color.Color) color.RGBA {
	if c == nil {
		c = color.Black
	}
	over := color.RGBAModel.Convert(c).(color.RGBA) // multiplied by its alpha already
	over.A = 255
	return over
}

// pictures yields the finished pictures.
func (r *reel) pictures() iter.Seq2[*image.RGBA, error] {
	return inOrder(r.Pictures, r.ahead, r.finish)
}

// encoded yields what encode makes of each finished picture, on all cores.
func encoded[T any](r *reel, encode func(i int, img *image.RGBA) (T, error)) iter.Seq2[T, error] {
	return inOrder(r.Pictures, r.ahead, func(i int, img *image.RGBA) (out T, err error) {
		if img, err = r.finish(i, img); err != nil {
			return out, err
		}
		return encode(i, img)
	})
}

// finish returns picture i as it is shown. It does not change img, but may return it.
func (r *reel) finish(i int, img *image.RGBA) (*image.RGBA, error) {
	img = r.opaque(img)
	switch {
	case r.scaler != nil:
		out := image.NewRGBA(image.Rectangle{Max: r.picture})
		r.scaler.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
		img = out
	case r.scale > 1:
		img = magnify(img, r.scale)
	}
	if r.labels != nil {
		var err error
		if img, err = r.labelled(img, r.Labels(r.number(i))); err != nil {
			return nil, err
		}
	}
	if r.Captions != nil {
		img = r.captioned(img, r.Captions(r.number(i)))
	}
	return r.embed(r.mark, img), nil
}

// marked tells whether a film is to have a watermark.
func (f Film) marked() bool { return f.Watermark != "" && f.Source != Data }

// embed returns a finished picture with a mark, which may be nil.
func (r *reel) embed(mark *watermark.Embedder, img *image.RGBA) *image.RGBA {
	if mark == nil {
		return img
	}
	if size := img.Rect.Size(); !watermark.Holds(size) {
		r.small.Do(func() {
			if r.Say != nil {
				r.Say(fmt.Sprintf("%d × %d pixels hold no watermark: it takes %d in both directions", size.X, size.Y, watermark.Smallest))
			}
		})
	}
	return mark.Embed(img)
}

// opaque lays a transparent picture over the background.
func (r *reel) opaque(img *image.RGBA) *image.RGBA {
	if img.Opaque() && img.Rect.Min == (image.Point{}) && img.Stride == 4*img.Rect.Dx() {
		return img
	}
	out := r.canvas(img.Rect.Size())
	draw.Draw(out, out.Rect, img, img.Rect.Min, draw.Over)
	return out
}

// canvas returns an opaque picture of the background.
func (r *reel) canvas(size image.Point) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.NewUniform(r.ground), image.Point{}, draw.Src)
	return out
}

// magnify enlarges a picture by a whole factor.
func magnify(img *image.RGBA, by int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()*by, img.Rect.Dy()*by))
	for y := range img.Rect.Dy() {
		row := out.Pix[y*by*out.Stride:][:out.Stride]
		for x := range img.Rect.Dx() {
			px := img.Pix[y*img.Stride+4*x:][:4]
			for k := range by {
				copy(row[4*(x*by+k):], px)
			}
		}
		for k := 1; k < by; k++ {
			copy(out.Pix[(y*by+k)*out.Stride:], row)
		}
	}
	return out
}
