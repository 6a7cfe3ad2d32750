package data

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	_ "image/gif" // the formats that a folder may hold
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// folder is the pictures of a folder. All are decoded when it is opened, so that a damaged one is known before training starts and
// not hours into it.
type folder struct {
	stored
	paths []string
}

// identifyFolder hashes paths below the root and sizes in bytes, in the order of the paths.
func identifyFolder(files map[string]int64) string {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d\n", path, files[path])
	}
	return fmt.Sprintf("%d pictures of a folder, sha256 %x", len(files), h.Sum(nil))
}

func openFolder(ctx context.Context, o Options) (*Dataset, error) {
	channels := o.Channels
	if channels == 0 {
		channels = 3
	}
	if channels != 1 && channels != 3 {
		return nil, fmt.Errorf("data: pictures have 1 or 3 channels, not %d", channels)
	}
	if o.Size < 1 {
		return nil, fmt.Errorf("data: pictures are 1 pixel wide or more, not %d", o.Size)
	}
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("data: there is no folder %s: give the path of a folder of pictures, or the name of a data set", o.Dir)
	}
	d := &Dataset{Name: filepath.Base(o.Dir)}
	train := &folder{stored: stored{c: channels, h: o.Size, w: o.Size}}
	test := &folder{stored: stored{c: channels, h: o.Size, w: o.Size}}
	files := map[string]int64{}
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
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)] = info.Size()
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
		return nil, fmt.Errorf("data: no pictures in %s: give a folder with PNG, JPEG, GIF, BMP, TIFF or WebP files", o.Dir)
	}
	if n := len(train.paths) + len(test.paths); n >= manyPictures {
		o.Log(fmt.Sprintf("reading %d pictures of %s", n, o.Dir))
	}
	if len(train.paths) == 0 {
		train, test = test, train
	}
	if len(test.paths) == 0 { // too few to hold any out
		test.paths, test.classes = train.paths[:1], train.classes[:1]
	}
	for _, f := range []*folder{train, test} {
		if err := f.decode(ctx); err != nil {
			return nil, err
		}
	}
	d.Train, d.Test, d.Identity = train, test, identifyFolder(files)
	return d, nil
}

const manyPictures = 2000 // take long enough to read that one should be told

// decode reads all pictures, as many at once as there are processors. Of several damaged ones the error names the first.
func (f *folder) decode(ctx context.Context) error {
	px := f.c * f.h * f.w
	f.pixels = make([]byte, len(f.paths)*px)
	failed := make([]error, len(f.paths))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(f.paths) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				img, err := decodeFile(f.paths[i])
				if err != nil {
					failed[i] = err
					continue
				}
				copy(f.pixels[i*px:], planes(img, f.c, f.h, f.w))
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	failed = slices.DeleteFunc(failed, func(err error) bool { return err == nil })
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0]
	}
	return fmt.Errorf("%w; so it is with %d more", failed[0], len(failed)-1)
}

func (f *folder) Read(i int, rng *rand.Rand, dst []float32) (int32, error) {
	class, err := f.stored.Read(i, nil, dst)
	if rng != nil && rng.IntN(2) == 1 { // left and right are alike in most pictures
		for row := 0; row < len(dst); row += f.w {
			slices.Reverse(dst[row : row+f.w])
		}
	}
	return class, err
}

// maxPixels is above what cameras take; a header that claims more would have the decoder allocate more than there is.
const maxPixels = 1 << 28

func decodeFile(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	img, err := decode(file)
	if err != nil {
		return nil, fmt.Errorf("data: %s cannot be read: %w; mend it or leave it out", path, err)
	}
	return img, nil
}

func decode(r io.ReadSeeker) (image.Image, error) {
	head, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, err
	}
	if head.Width < 1 || head.Height < 1 || head.Width > maxPixels/head.Height {
		return nil, fmt.Errorf("it says to be %d×%d pixels", head.Width, head.Height)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(r)
	return img, err
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
