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
	// Len returns the number of pictures.
	Len() int
	// Shape returns channels, height and width.
	Shape() (c, h, w int)
	// Read writes picture i to dst [C, H, W], in [0, 1], and returns its class. It may vary the picture with rng; nil: it does not.
	Read(i int, rng *rand.Rand, dst []float32) (class int32, err error)
}

// A Dataset is pictures to train on and others to test with.
type Dataset struct {
	Name        string
	Train, Test Set
	Classes     []string
	LeftOut     int // number of files in a folder that are not read: damaged pictures, and files of other kinds

	// Identity is a line that differs between data sets. It does not depend on where the files are, and changes when a picture is added,
	// removed, renamed or changes its size in bytes. Options do not change it, except for the seed of generated data.
	Identity string
}

// Options says which data set to open.
type Options struct {
	Name     string // glyphs, mnist, fashion-mnist, or the path of a folder of pictures or of a file of points
	Dir      string // where the files are; empty: downloaded to CacheDir
	CacheDir string
	Size     int // pictures become Size × Size if the set allows a choice; those of IDX files get a black margin if Size is larger
	Channels int // 1 or 3, for folders
	Seed     uint64
	Offline  bool         // nothing is downloaded: a set that lacks files is [ErrOffline]
	Log      func(string) // receives messages about downloads and other long work; may be nil
}

var openers = map[string]func(ctx context.Context, o Options) (*Dataset, error){
	"glyphs":        openGlyphs,
	"mnist":         openMNIST,
	"fashion-mnist": openFashion,
	"folder":        openFolder,
	"points:ring8":  openPoints,
	"points:grid25": openPoints,
}

// Names lists the data sets by name.
func Names() []string {
	var names []string
	for n := range openers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// IsPath tells whether a data set's name is the path of a folder.
func IsPath(name string) bool { return strings.ContainsAny(name, `/\.`) }

// IsPoints tells whether a data set's name is that of a set of points in the plane, or of a file of such points.
func IsPoints(name string) bool { return strings.HasPrefix(name, "points:") || IsPointsFile(name) }

// Open opens a data set by its name or, if the name is a path, the pictures in that folder.
func Open(ctx context.Context, o Options) (*Dataset, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if IsPath(o.Name) && IsPointsFile(o.Name) {
		return openPointsFile(o)
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

// Classes returns the names of a data set's classes, in the order of their numbers, without reading its pictures. The classes of a folder
// are the folders in it that hold pictures.
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

// stored is a set held in memory, one byte per value.
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

// first returns the set with only its first picture.
func (s *stored) first() stored {
	return stored{c: s.c, h: s.h, w: s.w, pixels: s.pixels[:s.c*s.h*s.w], classes: s.classes[:1]}
}

// framed returns the set with a black margin that makes the pictures size × size. It returns larger pictures unchanged.
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

// A stream is a random number generator that is reseeded for each example, because a new generator for each would be garbage afterwards. It
// is for one goroutine.
type stream struct {
	pcg rand.PCG
	rng *rand.Rand
}

func newStream() *stream {
	s := &stream{}
	s.rng = rand.New(&s.pcg)
	return s
}

// from returns the generator with two seeds, until the next call.
func (s *stream) from(seed1, seed2 uint64) *rand.Rand {
	s.pcg.Seed(seed1, seed2)
	return s.rng
}
