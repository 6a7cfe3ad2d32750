package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"genview/vk/files"
)

// A source is a data set's four files: their HTTPS addresses, and the SHA-256 sums of the compressed files.
type source struct {
	name    string
	urls    []string
	sums    [4]string
	local   string // where a distribution's package installs them
	classes []string
}

var mnist = source{
	name: "mnist",
	urls: []string{"https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"},
	sums: [4]string{
		"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
		"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
	},
	classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
}

var fashion = source{
	name: "fashion-mnist",
	urls: []string{
		"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		"https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
	},
	sums: [4]string{
		"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
		"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
	},
	local:   "/usr/share/datasets/fashion-mnist",
	classes: []string{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"},
}

// ErrOffline says that a data set is not on this machine and may not be downloaded.
var ErrOffline = errors.New("is not on this machine: it is downloaded when the run goes on")

const maxDownload = 64 << 20 // bytes of a file; the largest has 26 MB

// download fetches the files that the cache folder lacks and returns that folder. It checks all files each time, because other programs may
// write to the cache, and fetches those with a wrong checksum again.
func (s source) download(ctx context.Context, o Options) (string, error) {
	if o.CacheDir == "" {
		return "", fmt.Errorf("data: %s cannot be kept, for there is no cache folder: set HOME or XDG_CACHE_HOME, or give a folder with its four files as data.dir", s.name)
	}
	dir := filepath.Join(o.CacheDir, s.name)
	if o.Offline {
		for i, name := range idxFiles {
			if err := verify(filepath.Join(dir, name+".gz"), s.sums[i]); err != nil {
				return "", fmt.Errorf("data: %s %w", s.name, ErrOffline)
			}
		}
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", s.unkept(err)
	}
	for i, name := range idxFiles {
		path := filepath.Join(dir, name+".gz")
		err := verify(path, s.sums[i])
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrNotExist) {
			o.Log(fmt.Sprintf("%v: it is fetched again", err))
		}
		p, err := s.fetch(ctx, name+".gz", s.sums[i], o.Log)
		if err != nil {
			return "", fmt.Errorf("data: %s could not be downloaded: %w; get its four files elsewhere and give their folder as data.dir", s.name, err)
		}
		if err := files.WriteBytes(path, p); err != nil {
			return "", s.unkept(err)
		}
	}
	return dir, nil
}

// unkept returns the error of a cache folder that cannot be written.
func (s source) unkept(err error) error {
	return fmt.Errorf("data: %s cannot be kept: %w; or give a folder with its four files as data.dir", s.name, err)
}

// verify returns an error unless the file at a path has a SHA-256 sum.
func verify(path, sum string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxDownload)); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("%s has the SHA-256 %s and should have %s", path, got, sum)
	}
	return nil
}

// fetch downloads a file from the first address whose file has the right sum.
func (s source) fetch(ctx context.Context, name, sum string, log func(string)) ([]byte, error) {
	var failed error
	for _, url := range s.urls {
		log("downloading " + url + name)
		p, err := fetch(ctx, url+name, sum, log)
		if err == nil {
			return p, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// fetch downloads a file and checks its SHA-256 sum. It passes lines about the progress to log.
func fetch(ctx context.Context, url, sum string, log func(string)) ([]byte, error) {
	const patience = 10 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
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
	var p bytes.Buffer
	from := &told{r: io.LimitReader(resp.Body, maxDownload), of: resp.ContentLength, log: log, next: time.Now().Add(time.Second)}
	if _, err := io.Copy(&p, from); err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	if got := sha256.Sum256(p.Bytes()); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("%s: its SHA-256 is %x and should be %s", url, got, sum)
	}
	return p.Bytes(), nil
}

// told is a reader that reports its progress every second.
type told struct {
	r        io.Reader
	read, of int64 // bytes; of is below 0 if the size is unknown
	log      func(string)
	next     time.Time
}

// Read reads, and says once a second how much has been read.
func (t *told) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.read += int64(n)
	if now := time.Now(); now.After(t.next) {
		t.next = now.Add(time.Second)
		line := fmt.Sprintf("  %.1f MB", float64(t.read)/1e6)
		if t.of > 0 {
			line += fmt.Sprintf(" of %.1f", float64(t.of)/1e6)
		}
		t.log(line)
	}
	return n, err
}
