package data

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"runtime"

	"genview/models/data/codec"

	"golang.org/x/image/draw"
	"golang.org/x/sync/semaphore"
)

// Limits of pictures. The largest photographs have about 150 million pixels, of three bytes each in JPEG decoders; a small file that claims
// more would use up the memory.
const (
	maxFile    = 1 << 30 // bytes of a file
	maxDecoded = 1 << 30 // most bytes of all pictures that are decoded at once
	largeBytes = 1 << 27 // from this size on, garbage is collected before the next picture is decoded
)

// budget limits the memory of all decoders together. Files and decoded pictures have separate budgets: a decoder that holds a file may wait
// for room to decode it, but never the other way round, so there is no deadlock.
type budget struct{ files, decoded *semaphore.Weighted }

func newBudget() budget {
	return budget{semaphore.NewWeighted(maxFile), semaphore.NewWeighted(maxDecoded)}
}

// A raster is a decoded picture, and how it must be turned.
type raster struct {
	image.Image
	turn codec.Orientation
}

// with reads a picture and passes it to use. The picture's memory counts as free when use returns.
func (b budget) with(ctx context.Context, path string, use func(raster)) error {
	p, done, err := b.file(ctx, path)
	if err != nil {
		return err
	}
	defer done()
	pic, err := codec.Open(p)
	if err != nil {
		return err
	}
	if pic.Bytes > maxDecoded {
		return fmt.Errorf("it has %d×%d pixels and would take %d MiB of memory, of which %d are allowed; make it smaller",
			pic.Width, pic.Height, pic.Bytes>>20, maxDecoded>>20)
	}
	if err := b.decoded.Acquire(ctx, pic.Bytes); err != nil {
		return err
	}
	defer b.decoded.Release(pic.Bytes)
	if pic.Bytes >= largeBytes {
		defer runtime.GC() // before the next pictures are decoded on top of the garbage
	}
	img, err := pic.Decode()
	if err != nil {
		return err
	}
	use(raster{img, pic.Orientation})
	return nil
}

// file reads a file. Its memory counts as taken until done is called.
func (b budget) file(ctx context.Context, path string) (p []byte, done func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	size := info.Size()
	if size > maxFile {
		return nil, nil, fmt.Errorf("it has %d MiB, of which %d are allowed", size>>20, maxFile>>20)
	}
	if err := b.files.Acquire(ctx, size); err != nil {
		return nil, nil, err
	}
	done = func() { b.files.Release(size) }
	f, err := os.Open(path)
	if err != nil {
		done()
		return nil, nil, bare(err)
	}
	defer f.Close()
	p = make([]byte, size)
	n, err := io.ReadFull(f, p)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		done()
		return nil, nil, bare(err)
	}
	return p[:n], done, nil
}

// ReadImage reads a picture file as [C, H, W] in [0, 1], scaled to cover H × W and cropped to its centre.
func ReadImage(path string, c, h, w int) ([]float32, error) {
	var out []float32
	err := newBudget().with(context.Background(), path, func(r raster) { out = r.values(c, h, w) })
	if err != nil {
		return nil, fmt.Errorf("data: %s cannot be read: %w; mend it or leave it out", shown(path), err)
	}
	return out, nil
}

// DecodeImage reads a picture as [ReadImage] does, from the bytes of a file, if it has no more than a number of pixels.
func DecodeImage(p []byte, c, h, w, most int) ([]float32, error) {
	pic, err := codec.Open(p)
	if err != nil {
		return nil, fmt.Errorf("data: the picture cannot be read: %w", err)
	}
	if pixels := int64(pic.Width) * int64(pic.Height); pixels > int64(most) || pic.Bytes > maxDecoded {
		return nil, fmt.Errorf("data: the picture has %d×%d pixels, of which %d are read: make it smaller", pic.Width, pic.Height, most)
	}
	img, err := pic.Decode()
	if err != nil {
		return nil, fmt.Errorf("data: the picture cannot be read: %w", err)
	}
	return raster{img, pic.Orientation}.values(c, h, w), nil
}

// values returns a picture as [C, H, W] in [0, 1].
func (r raster) values(c, h, w int) []float32 {
	out := make([]float32, c*h*w)
	for i, v := range r.planes(c, h, w) {
		out[i] = float32(v) / 255
	}
	return out
}

// planes scales a picture so that it covers w × h, crops it to its centre, turns it upright, and splits it into channels. Transparent parts
// are black. A picture that is black with transparent parts is a silhouette; its opacity is used.
func (r raster) planes(c, h, w int) []byte {
	lyingW, lyingH := r.turn.Stored(w, h)
	small := r.turn.Upright(cover(r.Image, lyingW, lyingH))
	silhouette := black(small) && !opaque(r.Image)
	out := make([]byte, c*h*w)
	for i := range h * w {
		p := small.Pix[4*i : 4*i+4]
		switch {
		case silhouette:
			for k := range c {
				out[k*h*w+i] = p[3]
			}
		case c == 1:
			out[i] = color.GrayModel.Convert(color.RGBA{p[0], p[1], p[2], 255}).(color.Gray).Y
		default:
			for k := range c {
				out[k*h*w+i] = p[k]
			}
		}
	}
	return out
}

// cover scales the centre of a picture to w × h.
func cover(img image.Image, w, h int) *image.RGBA {
	b := img.Bounds()
	side := image.Rect(0, 0, b.Dx(), max(1, b.Dx()*h/w))
	if side.Dy() > b.Dy() {
		side = image.Rect(0, 0, max(1, b.Dy()*w/h), b.Dy())
	}
	side = side.Add(b.Min).Add(image.Pt((b.Dx()-side.Dx())/2, (b.Dy()-side.Dy())/2))
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(small, small.Rect, img, side, draw.Src, nil)
	return small
}

func black(img *image.RGBA) bool {
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 0 || img.Pix[i+1] != 0 || img.Pix[i+2] != 0 {
			return false
		}
	}
	return true
}

// opaque tells whether a picture has no transparent parts.
func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
