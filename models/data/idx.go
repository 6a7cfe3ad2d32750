package data

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2/maybe"
)

// The four files of MNIST and of whatever has its names.
var idxFiles = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

// A source is where the four files come from, and the MD5 sums of the compressed files as their publishers give them.
type source struct {
	name    string
	urls    []string
	sums    [4]string
	local   string // where a distribution's package puts them
	classes []string
}

var mnist = source{
	name: "mnist",
	urls: []string{"https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"},
	sums: [4]string{
		"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
		"9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
	},
	classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
}

var fashion = source{
	name: "fashion-mnist",
	urls: []string{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
	sums: [4]string{
		"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
		"bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
	},
	local:   "/usr/share/datasets/fashion-mnist",
	classes: []string{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"},
}

func openMNIST(ctx context.Context, o Options) (*Dataset, error) { return mnist.open(ctx, o) }

func openFashion(ctx context.Context, o Options) (*Dataset, error) { return fashion.open(ctx, o) }

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
	if err := affordable(train.Len()+test.Len(), 1, max(o.Size, train.h, train.w)); err != nil {
		return nil, err
	}
	return &Dataset{
		Name: s.name, Train: train.framed(o.Size), Test: test.framed(o.Size), Classes: s.classes,
		Identity: identifyIDX(parts),
	}, nil
}

// identifyIDX hashes what the four files hold, so that a compressed file and the same one expanded are one data set.
func identifyIDX(parts [4]idx) string {
	h := sha256.New()
	for _, f := range parts {
		fmt.Fprintln(h, f.dims)
		h.Write(f.data)
	}
	return fmt.Sprintf("%d pictures of IDX files, sha256 %x", parts[0].dims[0]+parts[2].dims[0], h.Sum(nil))
}

// download fetches what the cache folder lacks and returns that folder. Every file is checked before it gets its name.
func (s source) download(ctx context.Context, o Options) (string, error) {
	dir := filepath.Join(o.CacheDir, s.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", s.unkept(err)
	}
	for i, name := range idxFiles {
		path := filepath.Join(dir, name+".gz")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		var failed error
		for _, url := range s.urls {
			o.Log("downloading " + url + name + ".gz")
			p, err := fetch(ctx, url+name+".gz", s.sums[i])
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			if err := maybe.WriteFile(path, p, 0o644); err != nil {
				return "", s.unkept(err)
			}
			failed = nil
			break
		}
		if failed != nil {
			return "", fmt.Errorf("data: %s could not be downloaded: %w; get its four files elsewhere and give their folder with --data-dir", s.name, failed)
		}
	}
	return dir, nil
}

// unkept is the error of a cache folder that takes no files.
func (s source) unkept(err error) error {
	return fmt.Errorf("data: %s cannot be kept: %w; make room there, or give a folder with its four files as --data-dir", s.name, err)
}

func fetch(ctx context.Context, url, sum string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	p, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	if got := hex.EncodeToString(hash(p)); got != sum {
		return nil, fmt.Errorf("%s: its checksum is %s and should be %s", url, got, sum)
	}
	return p, nil
}

// hash is MD5, because that is what the publishers give: it shows a broken download.
func hash(p []byte) []byte {
	h := md5.Sum(p)
	return h[:]
}

// idx is a file of the MNIST format: bytes with sizes of axes.
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
		if !info.Mode().IsRegular() { // to open a pipe would wait for its writer
			return idx{}, fmt.Errorf("%s: %w", path, errNotRegular)
		}
		file, err := os.Open(path)
		if err != nil {
			return idx{}, err
		}
		defer file.Close()
		f, err := parseIDX(path, file, info.Size())
		if err != nil {
			return idx{}, fmt.Errorf("%w; replace it by a whole copy, or delete it if it was downloaded: it is then fetched again", err)
		}
		return f, nil
	}
	return idx{}, fmt.Errorf("%s has no %s.gz; give a folder with all four files as --data-dir, or none to download them", dir, name)
}

const (
	maxIDX       = 1 << 30 // bytes that a file may hold once it is expanded; MNIST's largest holds 47 million
	deflateRatio = 1032    // bytes that one of a compressed file can stand for at most
)

// parseIDX reads a file of that many bytes, compressed or not. What it claims to hold is checked before memory is taken for it.
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
	switch _, err := r.ReadByte(); { // also checks the sum of a compressed file
	case err == nil:
		return idx{}, torn(fmt.Errorf("it has more than %d bytes", want))
	case !errors.Is(err, io.EOF):
		return idx{}, torn(err)
	}
	return f, nil
}

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
