package script

import (
	"errors"
	"fmt"
	"image"
	"iter"
	"math"

	"genview/models/film"

	"go.starlark.net/starlark"
)

// A drawing is a picture in a script. It cannot be changed.
type drawing struct{ *image.RGBA }

// String, Type, Freeze, Truth, Hash, Attr and AttrNames make a drawing a value of Starlark.
func (p drawing) String() string        { return fmt.Sprintf("picture(%d × %d)", p.Rect.Dx(), p.Rect.Dy()) }
func (p drawing) Type() string          { return "picture" }
func (p drawing) Freeze()               {}
func (p drawing) Truth() starlark.Bool  { return true }
func (p drawing) Hash() (uint32, error) { return 0, errors.New("a picture cannot be a key") }
func (p drawing) AttrNames() []string   { return methodNames("picture") }

// Attr returns the width or the height.
func (p drawing) Attr(name string) (starlark.Value, error) {
	switch name {
	case "width":
		return starlark.MakeInt(p.Rect.Dx()), nil
	case "height":
		return starlark.MakeInt(p.Rect.Dy()), nil
	}
	return nil, nil
}

// mostPixels is the largest picture that a script makes.
const mostPixels = 1 << 26

func callGrid(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Iterable
	columns, pad := 0, 1
	if err := starlark.UnpackArgs(name, args, kwargs, "pictures", &list, "columns?", &columns, "pad?", &pad); err != nil {
		return nil, err
	}
	var images []*image.RGBA
	for v := range starlark.Elements(list) {
		p, ok := v.(drawing)
		if !ok {
			return nil, fmt.Errorf("grid: element %d is a %s and no picture", len(images), v.Type())
		}
		images = append(images, p.RGBA)
	}
	img, err := gridOf(images, columns, pad)
	return drawing{img}, err
}

// gridOf draws pictures of one size in a grid; columns 0: a square.
func gridOf(images []*image.RGBA, columns, pad int) (*image.RGBA, error) {
	if len(images) == 0 {
		return nil, errors.New("grid: there are no pictures")
	}
	if columns == 0 {
		columns = int(math.Ceil(math.Sqrt(float64(len(images)))))
	}
	if columns < 0 || pad < 0 || pad > 1000 {
		return nil, fmt.Errorf("grid: %d columns, with %d pixels between them: give 1 or more, and 0 to 1000", columns, pad)
	}
	size := images[0].Rect.Size()
	for i, img := range images {
		if img.Rect.Size() != size {
			return nil, fmt.Errorf("grid: picture %d is %v large, the first one %v", i, img.Rect.Size(), size)
		}
	}
	if rows := (len(images)-1)/columns + 1; (size.X+pad)*columns*(size.Y+pad)*rows > mostPixels {
		return nil, fmt.Errorf("grid: %d pictures of %v are more than %d million pixels", len(images), size, mostPixels/1_000_000)
	}
	return film.Grid(images, columns, pad, nil), nil
}

func callSave(h *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string

	size, scale := 0, 0
	var v starlark.Value
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path, "picture", &v, "size?", &size, "scale?", &scale); err != nil {
		return nil, err
	}
	p, ok := v.(drawing)
	if !ok {
		return nil, fmt.Errorf("save: a %s and no picture: m.draw(z) makes one", v.Type())
	}
	f := film.Still(p.RGBA, film.Trained)
	f.Size, f.Scale = size, scale
	return starlark.None, h.write(path, f)
}

// write writes a film below the folder of the script.
func (h *host) write(path string, f film.Film) error {
	return h.inside(path, func(path string) error { return h.o.Write(path, f) })
}

// mostFrames is the length of the longest film of a script.
const mostFrames = 1_000_000

func callFilm(h *host, t *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	var frames int
	var draw starlark.Callable
	var caption starlark.Callable
	f := film.Film{FPS: 25, Source: film.Trained}
	columns, with := 0, h.last
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path, "frames", &frames, "draw", &draw, "model??", &with,
		"fps?", &f.FPS, "size?", &f.Size, "scale?", &f.Scale, "columns?", &columns, "caption??", &caption); err != nil {
		return nil, err
	}
	if frames < 1 || frames > mostFrames {
		return nil, fmt.Errorf("film: %d frames: give 1 to %d", frames, mostFrames)
	}
	s := &scene{h: h, t: t, frames: frames, draw: draw, caption: caption, columns: columns, model: with}
	f.Frames = frames
	f.Pictures = s.pictures()
	if caption != nil {
		if err := s.readCaptions(); err != nil {
			return nil, err
		}
		f.Captions = func(n int) string { return s.captions[n] }
	}
	return starlark.None, h.write(path, f)
}

// A scene draws the frames of a script's film.
type scene struct {
	h        *host
	t        *starlark.Thread
	frames   int
	draw     starlark.Callable
	caption  starlark.Callable
	captions []string
	columns  int
	model    *model // draws latent vectors; nil: there is none
}

// call calls a function of the script for a frame.
func (s *scene) call(f starlark.Callable, i int) (starlark.Value, error) {
	s.h.computes(true)
	defer s.h.computes(false)
	return starlark.Call(s.t, f, starlark.Tuple{starlark.MakeInt(i), starlark.Float(float64(i) / float64(max(s.frames-1, 1)))}, nil)
}

// readCaptions asks the script for all captions, before the first frame: several goroutines write them, and a script runs in one.
func (s *scene) readCaptions() error {
	for i := range s.frames {
		v, err := s.call(s.caption, i)
		if err != nil {
			return err
		}
		text, ok := starlark.AsString(v)
		if !ok {
			text = v.String()
		}
		s.captions = append(s.captions, text)
	}
	return nil
}

// a frame is a picture, or latent vectors that become one.
type frame struct {
	picture *image.RGBA
	z       [][]float32
	grid    bool
}

// batch is how many latent vectors are decoded together.
const batch = 64

// pictures asks the script for frames, and draws those that are latent vectors together.
func (s *scene) pictures() iter.Seq2[*image.RGBA, error] {
	return func(yield func(*image.RGBA, error) bool) {
		for at := 0; at < s.frames; {
			var some []frame
			points := 0
			for ; at < s.frames && points < batch && len(some) < batch; at++ {
				f, err := s.frame(at)
				if err != nil {
					yield(nil, err)
					return
				}
				some = append(some, f)
				points += len(f.z)
			}
			for _, f := range some {
				if f.picture == nil {
					if err := s.drawAll(some); err != nil {
						yield(nil, err)
						return
					}
					break
				}
			}
			for i := range some {
				if !yield(some[i].picture, s.h.ctx.Err()) {
					return
				}
				s.h.count("pictures")(at-len(some)+i+1, s.frames)
			}
		}
	}
}

// frame asks the script for a frame.
func (s *scene) frame(i int) (frame, error) {
	v, err := s.call(s.draw, i)
	if err != nil {
		return frame{}, err
	}
	switch v := v.(type) {
	case drawing:
		return frame{picture: v.RGBA}, nil
	case Latent:
		return frame{z: [][]float32{v}}, s.drawable()
	case starlark.Iterable:
		z, err := latents(v)
		if err == nil && len(z) == 0 {
			err = errors.New("the list is empty")
		}
		if err != nil {
			return frame{}, fmt.Errorf("film: what %s returns for frame %d: %w", s.draw.Name(), i, err)
		}
		return frame{z: z, grid: true}, s.drawable()
	}
	return frame{}, fmt.Errorf("film: %s returns a %s for frame %d: return a picture, a latent vector or a list of some", s.draw.Name(), v.Type(), i)
}

// drawable returns an error if there is no model to draw latent vectors with.
func (s *scene) drawable() error {
	if s.model == nil {
		return errors.New("film: no model is open to draw latent vectors with: call model() before, or give model=m")
	}
	return nil
}

// drawAll draws the frames that are latent vectors.
func (s *scene) drawAll(some []frame) error {
	var z [][]float32
	for _, f := range some {
		z = append(z, f.z...)
	}
	images, err := s.model.draw(z)
	if err != nil {
		return err
	}
	for i, f := range some {
		n := len(f.z)
		switch {
		case f.grid:
			if some[i].picture, err = gridOf(images[:n], s.columns, 1); err != nil {
				return err
			}
		case n > 0:
			some[i].picture = images[0]
		}
		images = images[n:]
	}
	return nil
}
