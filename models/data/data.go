package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Set is a list of pictures of one size. It is safe for concurrent use.
type Set interface {
	// Len is the number of pictures.
	Len() int
	// Shape is channels, height and width.
	Shape() (c, h, w int)
	// Read writes picture i to dst [C, H, W], in [0, 1], and returns its class. With rng it may vary the picture; nil asks for it
	// as it is.
	Read(i int, rng *rand.Rand, dst []float32) (class int32, err error)
}

// A Dataset is pictures to train on and others to test with.
type Dataset struct {
	Name        string
	Train, Test Set
	Classes     []string
	LeftOut     int // files of a folder that are not read: damaged pictures, and files of other kinds

	// Identity is a line that tells two data sets apart. It is the same wherever the files lie, and another one as soon as a
	// picture is added, removed, renamed or has another size in bytes. Options do not change it, save the seed of what is made.
	Identity string
}

// Options says which data set to open.
type Options struct {
	Name     string // glyphs, mnist, fashion-mnist, or the path of a folder of pictures
	Dir      string // where the files are; empty: downloaded to CacheDir
	CacheDir string
	Size     int // pictures become Size × Size where the set leaves a choice; those of IDX files get a black margin where it is larger
	Channels int // 1 or 3, for folders
	Seed     uint64
	Log      func(string) // hears of downloads and of other work that takes long; may be nil
}

var openers = map[string]func(ctx context.Context, o Options) (*Dataset, error){
	"glyphs":        openGlyphs,
	"mnist":         openMNIST,
	"fashion-mnist": openFashion,
	"folder":        openFolder,
	"points:ring8":  openPoints,
	"points:grid25": openPoints,
}

// Names lists the data sets there are.
func Names() []string {
	var names []string
	for n := range openers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// IsPath tells whether a data set's name is the path of a folder, and none of [Names].
func IsPath(name string) bool { return strings.ContainsAny(name, `/\.`) }

// IsPoints tells whether a data set's name is that of points in the plane.
func IsPoints(name string) bool { return strings.HasPrefix(name, "points:") }

// Open opens a data set. A name that is a path opens that folder of pictures.
func Open(ctx context.Context, o Options) (*Dataset, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if IsPath(o.Name) {
		o.Name, o.Dir = "folder", o.Name
	}
	open, ok := openers[o.Name]
	if !ok {
		return nil, fmt.Errorf("data: there is no data set %q: choose %s, or give the path of a folder of pictures (as ./%s)",
			o.Name, strings.Join(Names(), ", "), o.Name)
	}
	return open(ctx, o)
}

// Classes returns the names of a data set's classes, in the order of their numbers, without reading its pictures. Those of a folder are the
// folders below it that hold pictures.
func Classes(ctx context.Context, name, dir string) ([]string, error) {
	switch {
	case name == mnist.name:
		return mnist.classes, nil
	case name == fashion.name:
		return fashion.classes, nil
	case name == "glyphs":
		return strings.Split(glyphChars, ""), nil
	case IsPath(name):
		dir = name
	case name != "folder":
		return nil, fmt.Errorf("data: %s has no pictures of classes", name)
	}
	l, err := list(ctx, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range l.pictures {
		if !slices.Contains(names, f.class()) {
			names = append(names, f.class())
		}
	}
	return names, nil
}

// stored is a set held in memory, a byte a value.
type stored struct {
	c, h, w int
	pixels  []byte
	classes []int32
}

func (s *stored) Len() int             { return len(s.classes) }
func (s *stored) Shape() (c, h, w int) { return s.c, s.h, s.w }

func (s *stored) Read(i int, _ *rand.Rand, dst []float32) (int32, error) {
	n := s.c * s.h * s.w
	for j, p := range s.pixels[i*n : (i+1)*n] {
		dst[j] = float32(p) / 255
	}
	return s.classes[i], nil
}

// first returns the set of only the first picture.
func (s *stored) first() stored {
	return stored{c: s.c, h: s.h, w: s.w, pixels: s.pixels[:s.c*s.h*s.w], classes: s.classes[:1]}
}

// framed returns the set with a black margin that makes the pictures size × size, or as it is where they are no smaller.
func (s *stored) framed(size int) *stored {
	if size <= s.h || size <= s.w {
		return s
	}
	out := &stored{c: s.c, h: size, w: size, classes: s.classes, pixels: make([]byte, len(s.classes)*s.c*size*size)}
	top, left := (size-s.h)/2, (size-s.w)/2
	for row := range len(s.classes) * s.c * s.h {
		plane, y := row/s.h, row%s.h
		copy(out.pixels[(plane*size+top+y)*size+left:], s.pixels[row*s.w:(row+1)*s.w])
	}
	return out
}

// A stream is random numbers that begin anew for each example: a generator made for each would be garbage after it. It is for one
// goroutine.
type stream struct {
	pcg rand.PCG
	rng *rand.Rand
}

func newStream() *stream {
	s := &stream{}
	s.rng = rand.New(&s.pcg)
	return s
}

// from returns the numbers that two seeds give, until it is called again.
func (s *stream) from(seed1, seed2 uint64) *rand.Rand {
	s.pcg.Seed(seed1, seed2)
	return s.rng
}
