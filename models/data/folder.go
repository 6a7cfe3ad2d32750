package data

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// folder is the pictures of a folder. It decodes all of them when it is opened, so that a damaged one is known before training starts and
// not hours later.
type folder struct {
	stored
	files []pictureFile
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
	l, err := list(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	if err := affordable(len(l.pictures), channels, o.Size); err != nil {
		return nil, err
	}
	if n := len(l.pictures); n >= manyPictures {
		o.Log(fmt.Sprintf("reading %s of %s", pictureCount(n), shown(o.Dir)))
	}
	train := &folder{stored: stored{c: channels, h: o.Size, w: o.Size}}
	test := &folder{stored: stored{c: channels, h: o.Size, w: o.Size}}
	for _, f := range l.pictures {
		set := train
		if setAside(f.rel) {
			set = test
		}
		set.files = append(set.files, f)
	}
	failed := l.failed
	for _, set := range []*folder{train, test} {
		more, err := set.decode(ctx)
		if err != nil {
			return nil, err
		}
		failed = append(failed, more...)
	}
	slices.SortFunc(failed, func(a, b failure) int { return strings.Compare(a.path, b.path) })
	if err := l.tolerate(failed); err != nil {
		return nil, err
	}
	d := &Dataset{Name: filepath.Base(o.Dir), LeftOut: l.otherFiles() + len(failed)}
	d.Identity = identifyFolder(append(slices.Clone(train.files), test.files...))
	l.report(o.Log, len(train.files)+len(test.files), failed)
	d.Classes = classify(l.pictures, train, test)
	if len(train.files) == 0 {
		train, test = test, train
	}
	if len(test.files) == 0 { // too few to hold any out
		test = &folder{stored: train.first()}
	}
	d.Train, d.Test = train, test
	return d, nil
}

const manyPictures = 2000 // so many take long enough to read that the user is told

// setAside tells whether a picture belongs to the tenth that is held out. It does not depend on where the folder is.
func setAside(rel string) bool {
	h := fnv.New32a()
	h.Write([]byte(rel))
	return h.Sum32()%10 == 0
}

// maxStored is the most bytes of pictures that are kept in memory.
const maxStored = 8 << 30

// affordable returns an error if n pictures take more memory than maxStored.
func affordable(n, channels, size int) error {
	if most := maxStored / max(1, n) / channels; size > most/size {
		return fmt.Errorf("data: %s of %d×%d with %d channels take more than %d GiB of memory; make data.size smaller",
			pictureCount(n), size, size, channels, maxStored>>30)
	}
	return nil
}

// classify numbers the classes in the order of their first pictures, and returns their names.
func classify(all []pictureFile, sets ...*folder) []string {
	left := map[string]bool{}
	for _, set := range sets {
		for _, f := range set.files {
			left[f.class()] = true
		}
	}
	number, names := map[string]int32{}, []string(nil)
	for _, f := range all {
		name := f.class()
		if _, known := number[name]; !known && left[name] {
			number[name] = int32(len(names))
			names = append(names, name)
		}
	}
	for _, set := range sets {
		for _, f := range set.files {
			set.classes = append(set.classes, number[f.class()])
		}
	}
	return names
}

// identifyFolder hashes the paths below the root and the sizes in bytes, in the order of the paths.
func identifyFolder(files []pictureFile) string {
	slices.SortFunc(files, func(a, b pictureFile) int { return strings.Compare(a.rel, b.rel) })
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d\n", f.rel, f.size)
	}
	return fmt.Sprintf("%d pictures of a folder, sha256 %x", len(files), h.Sum(nil))
}

// decode reads all pictures, in parallel as far as processors and memory allow. It removes those that cannot be read from the set, and
// returns them.
func (f *folder) decode(ctx context.Context) ([]failure, error) {
	px := f.c * f.h * f.w
	f.pixels = make([]byte, len(f.files)*px)
	failed := make([]error, len(f.files))
	memory := newBudget()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(f.files) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				failed[i] = memory.with(ctx, f.files[i].path, func(r raster) {
					copy(f.pixels[i*px:], r.planes(f.c, f.h, f.w))
				})
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return f.drop(failed), nil
}

// drop removes the pictures that have an error, and returns them.
func (f *folder) drop(failed []error) []failure {
	px, kept := f.c*f.h*f.w, 0
	var out []failure
	for i, file := range f.files {
		if failed[i] != nil {
			out = append(out, failure{file.path, failed[i]})
			continue
		}
		if kept < i {
			f.files[kept] = file
			copy(f.pixels[kept*px:(kept+1)*px], f.pixels[i*px:])
		}
		kept++
	}
	f.files, f.pixels = f.files[:kept], f.pixels[:kept*px]
	return out
}

const (
	badShare = 10 // one in so many pictures may be damaged
	named    = 10 // most damaged pictures that a message names
)

// tolerate returns an error if too many pictures cannot be read.
func (l *listing) tolerate(failed []failure) error {
	total := len(l.pictures) + len(l.failed)
	if badShare*len(failed) <= total {
		return nil
	}
	what := "the only picture"
	if total > 1 {
		what = fmt.Sprintf("%s of %s", thousands(len(failed)), pictureCount(total))
	}
	var names []string
	for i, f := range failed {
		if i == named {
			names = append(names, thousands(len(failed)-i)+" more")
			break
		}
		names = append(names, f.String())
	}
	return fmt.Errorf("data: %s in %s cannot be read: %s; mend them or leave them out", what, shown(l.root), strings.Join(names, "; "))
}

// report logs what was read, and what was left out and why.
func (l *listing) report(log func(string), read int, failed []failure) {
	line := fmt.Sprintf("read %s of %s", pictureCount(read), shown(l.root))
	if n := l.otherFiles() + len(failed); n > 0 {
		line += fmt.Sprintf(", %s left out (%s)", thousands(n), l.leftOut(failed))
	}
	log(line)
	for i, f := range failed {
		if i == named {
			log(fmt.Sprintf("left out: %s more", thousands(len(failed)-i)))
			break
		}
		log("left out: " + f.String())
	}
}

func (f *folder) Read(i int, rng *rand.Rand, dst []float32) (int32, error) {
	class, err := f.stored.Read(i, nil, dst)
	if rng != nil && rng.IntN(2) == 1 { // most pictures look natural when mirrored
		mirror(dst, f.w)
	}
	return class, err
}
