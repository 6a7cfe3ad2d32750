package present

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/vk"
)

// A Window is what a [Screen] shows pictures in.
type Window interface {
	// Extensions returns the extensions that the device must be opened with ([vk.Options]).
	Extensions() []string
	// Surface makes a surface of the device's instance: a VkSurfaceKHR.
	Surface(dev *vk.Device) (uintptr, error)
	// Size returns the size in pixels; 0 while the window is minimised.
	Size() (width, height int)
}

// A Picture is a picture [C, H, W] of float32 values from 0 to 1 in a device's memory, of one or three colours.
type Picture struct {
	View    vk.View
	C, H, W int
}

// Options say how pictures are shown.
type Options struct {
	Smooth bool // scale with a cubic; else each pixel has the nearest value, and the scale is a whole number
	Pace   vk.Pace
}

// A Screen shows a picture in a window. It is for one goroutine, the one that has opened the window.
type Screen struct {
	dev     *vk.Device
	window  Window
	picture Picture
	options Options
	place   *vk.Buffer

	surface *vk.Surface // nil: it was lost
	paces   []vk.Pace   // that the surface has

	// These belong to a size of the window. There are none while chain is nil.
	chain         *vk.Swapchain
	width, height int // of the window
	pixels        *vk.Buffer
	programs      []*vk.Program // for each image
	drawn         bool          // there was a Show
}

// New returns a screen that shows the picture as it is at each Show. The error is [vk.ErrCannotPresent] if the device's driver cannot show
// pictures in that window.
func New(dev *vk.Device, w Window, p Picture, o Options) (*Screen, error) {
	if p.C != 1 && p.C != 3 || p.H < 1 || p.W < 1 || p.View.Len() < 4*p.C*p.H*p.W {
		return nil, fmt.Errorf("present: a picture of %d × %d × %d values in %d bytes: it must have one or three colours", p.C, p.H, p.W, p.View.Len())
	}
	s := &Screen{dev: dev, window: w, picture: p, options: o}
	err := s.appear()
	if err == nil {
		s.place, err = dev.NewBuffer("place", binary.Size(place{}))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// appear makes the surface.
func (s *Screen) appear() error {
	h, err := s.window.Surface(s.dev)
	if err != nil {
		return err
	}
	if s.surface, err = s.dev.NewSurface(h); err != nil {
		return err
	}
	s.paces, err = s.surface.Paces()
	return err
}

// tries is how often Show follows a window that changes while it does.
const tries = 3

// Show shows the picture as it is when the device comes to it. It makes a new swapchain if the window has changed or its surface is lost,
// and waits for an image. It does not wait for the device. shown is false while the window is minimised or hidden: ask again later.
func (s *Screen) Show() (shown bool, err error) {
	for range tries {
		if ready, err := s.ready(); err != nil || !ready {
			return false, err
		}
		i, err := s.chain.Next()
		if err == nil {
			err = s.chain.Show(s.programs[i], i)
		}
		switch {
		case errors.Is(err, vk.ErrOutdated):
			s.forget()
		case errors.Is(err, vk.ErrSurfaceLost):
			s.disappear()
		case errors.Is(err, vk.ErrNoImage):
			return false, nil
		default:
			s.drawn = err == nil
			return s.drawn, err
		}
	}
	return false, nil
}

// ready makes what belongs to the window's size, unless it is there. It returns false if the window has no pixels. If a window cannot
// have another surface, or loses it at once, it does not exist any more.
func (s *Screen) ready() (bool, error) {
	w, h := s.window.Size()
	if w == 0 || h == 0 {
		return false, nil
	}
	if s.chain != nil && (w != s.width || h != s.height) {
		s.forget()
	}
	if s.chain != nil {
		return true, nil
	}
	var err error
	made := s.surface == nil
	if made {
		err = s.appear()
	}
	if err == nil {
		s.width, s.height = w, h
		err = s.make()
	}
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, vk.ErrOutdated): // the window was minimised just now
		err = nil
	case made && (errors.Is(err, vk.ErrSurfaceLost) || errors.Is(err, vk.ErrCannotPresent)):
		err = fmt.Errorf("present: the window is gone: %w", vk.ErrSurfaceLost)
	case errors.Is(err, vk.ErrSurfaceLost):
		s.disappear()
		err = nil
	}
	s.forget()
	return false, err
}

// make makes a swapchain for the window's size, and a program for each of its images.
func (s *Screen) make() (err error) {
	if s.chain, err = s.surface.NewSwapchain(s.width, s.height, s.Pace()); err != nil {
		return err
	}
	w, h := s.chain.Size()
	if s.pixels, err = s.dev.NewBuffer("pixels", 4*w*h); err != nil {
		return err
	}
	p := s.picture
	var at bytes.Buffer
	if err := binary.Write(&at, binary.NativeEndian, fit(h, w, p.H, p.W, s.options.Smooth)); err != nil {
		return err
	}
	if _, err := s.place.WriteAt(at.Bytes(), 0); err != nil {
		return err
	}
	values, texels := p.View.Slice(0, 4*p.C*p.H*p.W), p.View.Slice(0, 4)
	lavapipe := s.dev.Info().Lavapipe
	if lavapipe {
		texels = values
	}
	k, err := s.dev.NewKernel(shaders.Present, constants(p, s.options.Smooth, s.chain.BlueFirst(), lavapipe)...)
	if err != nil {
		return err
	}
	defer k.Close()
	for i := range s.chain.Images() {
		rec := s.dev.NewRecorder()
		rec.Dispatch(k, vk.Threads(w, h), values, texels, s.place.View(), s.pixels.View())
		rec.Show(s.chain, i, s.pixels.View())
		program, err := rec.Finish()
		if err != nil {
			return err
		}
		s.programs = append(s.programs, program)
	}
	return nil
}

// constants returns the constants of the kernel, which says what they mean.
func constants(p Picture, smooth, blueFirst, texels bool) []spirv.Const {
	values := map[string]uint32{"C": uint32(p.C), "H": uint32(p.H), "W": uint32(p.W)}
	for name, on := range map[string]bool{"SMOOTH": smooth, "BLUE_FIRST": blueFirst, "TEXELS": texels} {
		if on {
			values[name] = 1
		}
	}
	var all []spirv.Const
	for _, c := range shaders.Present.Consts {
		all = append(all, spirv.Const{ID: c.ID, Value: values[c.Name]})
	}
	return all
}

// Paces returns the paces that the window has, in order: [vk.Fifo] and perhaps others.
func (s *Screen) Paces() []vk.Pace { return s.paces }

// Pace returns the pace at which pictures are shown: that of the options if the window has it, else [vk.Fifo].
func (s *Screen) Pace() vk.Pace {
	if slices.Contains(s.paces, s.options.Pace) {
		return s.options.Pace
	}
	return vk.Fifo
}

// SetPace changes the pace from the next Show on.
func (s *Screen) SetPace(p vk.Pace) {
	s.options.Pace = p
	s.forget()
}

// ErrNothing says that nothing was shown that a picture could be taken of.
var ErrNothing = errors.New("nothing is shown")

// Shot returns the window's pixels as they were shown last. The error is [ErrNothing] if there was no Show, or the window has changed since.
func (s *Screen) Shot() (*image.RGBA, error) {
	if !s.drawn {
		return nil, ErrNothing
	}
	w, h := s.chain.Size()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	if _, err := s.pixels.ReadAt(img.Pix, 0); err != nil {
		return nil, err
	}
	if s.chain.BlueFirst() {
		for i := 0; i < len(img.Pix); i += 4 {
			img.Pix[i], img.Pix[i+2] = img.Pix[i+2], img.Pix[i]
		}
	}
	return img, nil
}

// forget frees what belongs to the window's size.
func (s *Screen) forget() {
	for _, p := range s.programs {
		p.Close()
	}
	s.programs = nil
	if s.chain != nil {
		s.chain.Close()
	}
	if s.pixels != nil {
		s.pixels.Close()
	}
	s.chain, s.pixels, s.drawn = nil, nil, false
}

// disappear also frees the surface.
func (s *Screen) disappear() {
	s.forget()
	if s.surface != nil {
		s.surface.Close()
	}
	s.surface = nil
}

// Close frees the screen; the window stays.
func (s *Screen) Close() {
	s.disappear()
	if s.place != nil {
		s.place.Close()
	}
}
