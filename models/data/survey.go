package data

import (
	"context"
	"fmt"
	"image"
	"slices"

	"genview/models/data/codec"

	"golang.org/x/image/draw"
)

// A Survey describes the pictures of a folder.
type Survey struct {
	Pictures      int
	Width, Height int  // of the picture with the median shorter side
	Grey          bool // no colours were found
}

// Look examines some pictures, evenly spaced over a folder: the headers of at most 64, and if these do not rule out colours, the pixels of
// at most 16, until one has colours or 64 million pixels were examined.
func Look(ctx context.Context, dir string) (Survey, error) {
	const heads, decoded, pixels = 64, 16, 64 << 20
	l, err := list(ctx, dir)
	if err != nil {
		return Survey{}, err
	}
	s := Survey{Pictures: len(l.pictures), Grey: true}
	var sizes []image.Point
	var doubtful []string // pictures that may have colours
	memory := newBudget()
	for _, f := range spread(l.pictures, heads) {
		p, done, err := memory.file(ctx, f.path)
		if err != nil {
			continue // reading the folder leaves it out
		}
		if pic, err := codec.Open(p); err == nil {
			sizes = append(sizes, image.Pt(pic.Width, pic.Height))
			if !pic.Grey {
				doubtful = append(doubtful, f.path)
			}
		}
		done()
	}
	if err := ctx.Err(); err != nil {
		return Survey{}, fmt.Errorf("data: %w", err)
	}
	if len(sizes) == 0 { // opening the folder returns the error
		return s, nil
	}
	slices.SortStableFunc(sizes, func(a, b image.Point) int { return min(a.X, a.Y) - min(b.X, b.Y) })
	middle := sizes[len(sizes)/2]
	s.Width, s.Height = middle.X, middle.Y
	seen := 0
	for _, path := range spread(doubtful, decoded) {
		err := memory.with(ctx, path, func(r raster) {
			size := r.Bounds().Size()
			seen += size.X * size.Y
			s.Grey = !colourful(r.Image)
		})
		if err == nil && !s.Grey || seen > pixels {
			break
		}
	}
	return s, nil
}

// spread returns at most n evenly spaced elements of a list.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// colourful tells whether a picture has colours: channels that differ more than JPEG makes those of grey differ. It examines at most 64 ×
// 64 pixels.
func colourful(img image.Image) bool {
	const side, tolerance = 64, 8
	b := img.Bounds()
	few := image.NewRGBA(image.Rect(0, 0, min(side, b.Dx()), min(side, b.Dy())))
	draw.NearestNeighbor.Scale(few, few.Rect, img, b, draw.Src, nil)
	for i := 0; i < len(few.Pix); i += 4 {
		p := few.Pix[i : i+3]
		if slices.Max(p)-slices.Min(p) > tolerance {
			return true
		}
	}
	return false
}
