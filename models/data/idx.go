package data

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// The four files of MNIST, and of data sets with the same file names.
var idxFiles = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

func openMNIST(ctx context.Context, o Options) (*Dataset, error) { return mnist.open(ctx, o) }

func openFashion(ctx context.Context, o Options) (*Dataset, error) { return fashion.open(ctx, o) }

// open reads the four files of the source: from the given folder or, without one, from the local folder; if that is not there either, it
// downloads them.
func (s source) open(ctx context.Context, o Options) (*Dataset, error) {
	dir := o.Dir
	if dir == "" && s.local != "" {
		if _, err := os.Stat(s.local); err == nil {
			dir = s.local
		}
	}
	if dir == "" {
		var err error
		if dir, err = s.download(ctx, o); err != nil {
			return nil, err
		}
	}
	var parts [4]idx
	for i, name := range idxFiles {
		var err error
		if parts[i], err = readIDX(dir, name); err != nil {
			return nil, fmt.Errorf("data: %s: %w", s.name, err)
		}
	}
	train, err := pair(parts[0], parts[1])
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.name, err)
	}
	test, err := pair(parts[2], parts[3])
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.name, err)
	}
	for i, set := range []*stored{train, test} {
		if most := slices.Max(set.classes); int(most) >= len(s.classes) {
			return nil, fmt.Errorf("data: %s names class %d, and %s has the classes 0 to %d; replace it by one of this data set",
				parts[2*i+1].name, most, s.name, len(s.classes)-1)
		}
	}
	if err := affordable(train.Len()+test.Len(), 1, max(o.Size, train.h, train.w)); err != nil {
		return nil, err
	}
	return &Dataset{
		Name: s.name, Train: train.framed(o.Size), Test: test.framed(o.Size), Classes: s.classes,
		Identity: identifyIDX(parts),
	}, nil
}

// identifyIDX hashes the contents of the four files, so that a file has the same identity compressed or not.
func identifyIDX(parts [4]idx) string {
	h := sha256.New()
	for _, f := range parts {
		fmt.Fprintln(h, f.dims)
		h.Write(f.data)
	}
	return fmt.Sprintf("%d pictures of IDX files, sha256 %x", parts[0].dims[0]+parts[2].dims[0], h.Sum(nil))
}

// idx is a file of the MNIST format: bytes, and the sizes of its axes.
type idx struct {
	name string
	dims []int
	data []byte
}

// readIDX reads a file, compressed or not.
func readIDX(dir, name string) (idx, error) {
	for _, n := range []string{name + ".gz", name, name[:len(name)-len("-idx3-ubyte")] + "." + name[len(name)-len("idx3-ubyte"):]} {
		path := filepath.Join(dir, n)
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return idx{}, err
		}
		if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
			return idx{}, fmt.Errorf("%s: %w", path, errNotRegular)
		}
		file, err := os.Open(path)
		if err != nil {
			return idx{}, err
		}
		defer file.Close()
		f, err := parseIDX(path, file, info.Size())
		if err != nil {
			return idx{}, fmt.Errorf("%w; replace it by a whole copy", err)
		}
		return f, nil
	}
	return idx{}, fmt.Errorf("%s has no %s.gz; give a folder with all four files as data.dir, or none to download them", dir, name)
}

const (
	maxIDX       = 1 << 30 // most bytes of an expanded file; MNIST's largest has 47 million
	deflateRatio = 1032    // most bytes that a byte of a compressed file can expand to
)

// parseIDX parses a file of that many bytes, compressed or not. It checks the sizes that the file claims before it allocates memory for
// them.
func parseIDX(name string, file io.Reader, size int64) (idx, error) {
	r := bufio.NewReader(file)
	torn := func(err error) error { return fmt.Errorf("%s is truncated or damaged: %w", name, err) }
	holds := size
	if magic, err := r.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			return idx{}, torn(err)
		}
		r, holds = bufio.NewReader(z), deflateRatio*size
	}
	var start [4]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return idx{}, torn(err)
	}
	if start[0] != 0 || start[1] != 0 || start[2] != 8 || start[3] < 1 || start[3] > 4 {
		return idx{}, fmt.Errorf("%s is no IDX file of bytes", name)
	}
	axes := make([]byte, 4*int(start[3]))
	if _, err := io.ReadFull(r, axes); err != nil {
		return idx{}, torn(err)
	}
	f, want := idx{name: name}, int64(1)
	for ; len(axes) > 0; axes = axes[4:] {
		d := int64(binary.BigEndian.Uint32(axes))
		if d < 1 || want > maxIDX/d {
			return idx{}, fmt.Errorf("%s is damaged or too large: its axis of size %d would make more than %d MiB", name, d, maxIDX>>20)
		}
		f.dims = append(f.dims, int(d))
		want *= d
	}
	if want > holds {
		return idx{}, torn(fmt.Errorf("%d bytes cannot hold %d", size, want))
	}
	f.data = make([]byte, want)
	n, err := io.ReadFull(r, f.data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return idx{}, torn(fmt.Errorf("it has %d of %d bytes", n, want))
	}
	if err != nil {
		return idx{}, torn(err)
	}
	switch _, err := r.ReadByte(); { // also checks the checksum of a compressed file
	case err == nil:
		return idx{}, torn(fmt.Errorf("it has more than %d bytes", want))
	case !errors.Is(err, io.EOF):
		return idx{}, torn(err)
	}
	return f, nil
}

// pair puts images and their labels together, if there are as many of both.
func pair(images, labels idx) (*stored, error) {
	if len(images.dims) != 3 || len(labels.dims) != 1 || images.dims[0] != labels.dims[0] {
		return nil, fmt.Errorf("%s %v and %s %v do not belong together; replace them by a pair that does",
			images.name, images.dims, labels.name, labels.dims)
	}
	s := &stored{c: 1, h: images.dims[1], w: images.dims[2], pixels: images.data}
	for _, l := range labels.data {
		s.classes = append(s.classes, int32(l))
	}
	return s, nil
}
