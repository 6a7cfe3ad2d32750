package data

import (
	"context"
	"fmt"
	"image"
	"slices"

	"genview/models/data/codec"

	"golang.org/x/image/draw"
)

// A Survey is what the pictures of a folder are like.
type Survey struct {
	Pictures      int
	Width, Height int  // of the picture whose shorter side is in the middle of all that were looked at
	Grey          bool // no colours were seen
}

// Look looks at some pictures of a folder, spread over all of them: at the headers of 64 at most, and where these do not say that
// there are no colours, at the pixels of 16 at most, until one has some or 64 million pixels were looked at.
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
			continue // it is left out when the folder is read
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
	if len(sizes) == 0 { // opening says what is wrong with all of them
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

// spread returns at most n of a list, at equal distances.
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

// colourful tells whether a picture has colours: channels that are further apart than what JPEG makes of grey. It looks at a picture of
// at most 64 × 64 of its pixels.
func colourful(img image.Image) bool {
	const side, apart = 64, 8
	b := img.Bounds()
	few := image.NewRGBA(image.Rect(0, 0, min(side, b.Dx()), min(side, b.Dy())))
	draw.NearestNeighbor.Scale(few, few.Rect, img, b, draw.Src, nil)
	for i := 0; i < len(few.Pix); i += 4 {
		p := few.Pix[i : i+3]
		if slices.Max(p)-slices.Min(p) > apart {
			return true
		}
	}
	return false
}
