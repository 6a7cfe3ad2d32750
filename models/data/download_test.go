package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// server serves a data set of two pictures of 1×1, and counts requests.
type server struct {
	source
	files map[string][]byte
	asked []string
}

func newServer(t *testing.T) *server {
	t.Helper()
	images, labels := []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9}, []byte{0, 0, 8, 1, 0, 0, 0, 2, 0, 1}
	s := &server{files: map[string][]byte{}}
	s.name, s.classes = "digits", []string{"0", "1"}
	for i, p := range [][]byte{images, labels, images, labels} {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Name = idxFiles[i] // so that no two files are alike
		if _, err := z.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		s.files[idxFiles[i]+".gz"] = b.Bytes()
		s.sums[i] = fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.URL.Path)
		p, ok := s.files[path.Base(r.URL.Path)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(p)
	}))
	t.Cleanup(web.Close)
	s.urls = []string{web.URL + "/a/", web.URL + "/b/"}
	return s
}

// TestDownload downloads once, and again what was changed in the cache, even if its length is the same.
func TestDownload(t *testing.T) {
	s, cache := newServer(t), t.TempDir()
	var heard []string
	o := Options{CacheDir: cache, Log: func(line string) { heard = append(heard, line) }}
	for range 2 {
		if set, err := s.open(context.Background(), o); err != nil || set.Train.Len() != 2 {
			t.Fatalf("got %v, %v", set, err)
		}
		if len(s.asked) != 4 {
			t.Fatalf("asked for %v", s.asked)
		}
	}
	name := idxFiles[2] + ".gz"
	file := filepath.Join(cache, s.name, name)
	changed := slices.Clone(s.files[name])
	changed[len(changed)-1] ^= 1
	for _, planted := range [][]byte{changed, changed[:5], {}, []byte(strings.Repeat("x", 100))} {
		if err := os.WriteFile(file, planted, 0o644); err != nil {
			t.Fatal(err)
		}
		s.asked, heard = nil, nil
		if _, err := s.open(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, s.files[name]) || len(s.asked) != 1 || !strings.Contains(strings.Join(heard, "\n"), "it is fetched again") {
			t.Errorf("%q in the cache: asked for %v, said %q, and the file is right: %v", planted, s.asked, heard, bytes.Equal(got, s.files[name]))
		}
	}
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	delete(s.files, name)
	if _, err := s.open(context.Background(), o); err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "data.dir") {
		t.Errorf("a changed file that is nowhere else: %v", err)
	}
	if _, err := s.open(context.Background(), Options{Log: o.Log}); err == nil || !strings.Contains(err.Error(), "XDG_CACHE_HOME") {
		t.Errorf("without a cache folder: %v", err)
	}
}

// TestWrongChecksum downloads from a server that has the first file whole and another file in place of the second.
func TestWrongChecksum(t *testing.T) {
	s, cache := newServer(t), t.TempDir()
	s.files[idxFiles[1]+".gz"] = []byte("not what was published")
	_, err := s.open(context.Background(), Options{CacheDir: cache, Log: func(string) {}})
	wrong := fmt.Sprintf("%s%s.gz: its SHA-256 is %x and should be %s", s.urls[1], idxFiles[1], sha256.Sum256([]byte("not what was published")), s.sums[1])
	for _, want := range []string{wrong, "data.dir"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	left, err := os.ReadDir(filepath.Join(cache, s.name))
	if err != nil || len(left) != 1 || left[0].Name() != idxFiles[0]+".gz" {
		t.Errorf("the cache has %v, %v; want only the file that was right", left, err)
	}
}

// TestSourcesAreSecure wants HTTPS and a SHA-256 sum for each file.
func TestSourcesAreSecure(t *testing.T) {
	sum := regexp.MustCompile("^[0-9a-f]{64}$")
	for _, s := range []source{mnist, fashion} {
		for _, url := range s.urls {
			if !strings.HasPrefix(url, "https://") || !strings.HasSuffix(url, "/") {
				t.Errorf("%s comes from %s", s.name, url)
			}
		}
		for i, got := range s.sums {
			if !sum.MatchString(got) || slices.Index(s.sums[:], got) != i {
				t.Errorf("%s: %s has the sum %s", s.name, idxFiles[i], got)
			}
		}
	}
}
