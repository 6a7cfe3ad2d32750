package data

import (
	"context"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	_ "image/gif" // the formats that a folder may hold
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// folder is the pictures of a folder, decoded when first read and then kept, a byte a value.
type folder struct {
	root    string
	paths   []string
	classes []int32
	c, size int

	mu    sync.Mutex
	cache [][]byte
}

func openFolder(_ context.Context, o Options) (*Dataset, error) {
	channels := o.Channels
	if channels == 0 {
		channels = 3
	}
	if channels != 1 && channels != 3 {
		return nil, fmt.Errorf("data: pictures have 1 or 3 channels, not %d", channels)
	}
	d := &Dataset{Name: filepath.Base(o.Dir)}
	train := &folder{root: o.Dir, c: channels, size: o.Size}
	test := &folder{root: o.Dir, c: channels, size: o.Size}
	err := filepath.WalkDir(o.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != o.Dir {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e.IsDir() || !slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(path))) {
			return nil
		}
		rel, err := filepath.Rel(o.Dir, path)
		if err != nil {
			return err
		}
		class := "." // the first folder below the root
		if first, _, below := strings.Cut(filepath.ToSlash(rel), "/"); below {
			class = first
		}
		if !slices.Contains(d.Classes, class) {
			d.Classes = append(d.Classes, class)
		}
		h := fnv.New32a()
		h.Write([]byte(filepath.ToSlash(rel)))
		set := train
		if h.Sum32()%10 == 0 { // one in ten is held out, the same one wherever the folder lies
			set = test
		}
		set.paths = append(set.paths, path)
		set.classes = append(set.classes, int32(slices.Index(d.Classes, class)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if len(train.paths)+len(test.paths) == 0 {
		return nil, fmt.Errorf("data: no pictures in %s: PNG, JPEG, GIF, BMP, TIFF and WebP files are read", o.Dir)
	}
	if len(train.paths) == 0 {
		train, test = test, train
	}
	if len(test.paths) == 0 { // too few to hold any out
		test.paths, test.classes = train.paths[:1], train.classes[:1]
	}
	train.cache, test.cache = make([][]byte, len(train.paths)), make([][]byte, len(test.paths))
	d.Train, d.Test = train, test
	return d, nil
}

func (f *folder) Len() int             { return len(f.paths) }
func (f *folder) Shape() (c, h, w int) { return f.c, f.size, f.size }

func (f *folder) Read(i int, rng *rand.Rand, dst []float32) (int32, error) {
	f.mu.Lock()
	p := f.cache[i]
	f.mu.Unlock()
	if p == nil {
		img, err := decodeFile(f.paths[i])
		if err != nil {
			return 0, err
		}
		p = planes(img, f.c, f.size, f.size)
		f.mu.Lock()
		f.cache[i] = p
		f.mu.Unlock()
	}
	for j, v := range p {
		dst[j] = float32(v) / 255
	}
	if rng != nil && rng.IntN(2) == 1 { // left and right are alike in most pictures
		for row := 0; row < len(dst); row += f.size {
			slices.Reverse(dst[row : row+f.size])
		}
	}
	return f.classes[i], nil
}

func decodeFile(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	img, _, err := image.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("data: %s cannot be read: %w; mend it or take it out of the folder", path, err)
	}
	return img, nil
}

// ReadImage reads a picture file as [C, H, W] in [0, 1], scaled to cover H × W and cut to its middle.
func ReadImage(path string, c, h, w int) ([]float32, error) {
	img, err := decodeFile(path)
	if err != nil {
		return nil, err
	}
	out := make([]float32, c*h*w)
	for i, v := range planes(img, c, h, w) {
		out[i] = float32(v) / 255
	}
	return out, nil
}

// planes scales a picture so that it covers w × h, cuts its middle out, and splits it into channels. Transparent parts are black;
// where only the transparency has a shape, that is the picture.
func planes(img image.Image, c, h, w int) []byte {
	b := img.Bounds()
	side := image.Rect(0, 0, b.Dx(), b.Dx()*h/w)
	if side.Dy() > b.Dy() {
		side = image.Rect(0, 0, b.Dy()*w/h, b.Dy())
	}
	side = side.Add(b.Min).Add(image.Pt((b.Dx()-side.Dx())/2, (b.Dy()-side.Dy())/2))
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(small, small.Rect, img, side, draw.Src, nil)
	silhouette := true
	for i := 0; i < len(small.Pix) && silhouette; i += 4 {
		silhouette = small.Pix[i] == 0 && small.Pix[i+1] == 0 && small.Pix[i+2] == 0
	}
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
