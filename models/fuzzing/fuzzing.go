// Package fuzzing holds the readers of files from outside to what users are promised of bad input: a reader takes time and memory in
// proportion to a file, however much its header claims, and its error is one short line. Signs in it that control terminals are the business of
// the command, which escapes them wherever it prints.
//
// It is for tests. Every fuzz target of a reader calls [Check] or [File] with the bytes that it is given.
package fuzzing

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// The bounds of a reading.
const (
	base     = 4 << 20         // bytes that a reader may allocate whatever it reads
	multiple = 100             // bytes that it may allocate for each that it reads
	longest  = 5 * time.Second // a reading; far more than any takes, since machines are busy
	longText = 1200            // bytes of an error, in which some of the file's are escaped
)

// Usage says how much more than usual a reader may take.
type Usage struct {
	Base     int64 // bytes that it may allocate whatever it reads; 0: the usual
	Multiple int64 // bytes that it may allocate for each that it reads; 0: the usual
}

// Check has a reader read bytes, and fails if it allocates too much, takes too long, or returns an error that is no short line. It returns that error.
func Check(t testing.TB, p []byte, u Usage, read func() error) error {
	t.Helper()
	if u.Base == 0 {
		u.Base = base
	}
	if u.Multiple == 0 {
		u.Multiple = multiple
	}
	began, before := time.Now(), allocated()
	err := read()
	made, took := allocated()-before, time.Since(began)
	if most := u.Base + u.Multiple*int64(len(p)); made > most {
		t.Errorf("%d bytes take %d bytes of memory, where %d are allowed", len(p), made, most)
	}
	if took > longest {
		t.Errorf("%d bytes take %v", len(p), took)
	}
	if err != nil {
		if problem := wrong(err.Error()); problem != "" {
			t.Errorf("the error %s: %.1000q", problem, err.Error())
		}
	}
	return err
}

// File is [Check] for a reader of files: the bytes are those of a file of a name in a folder of its own.
func File(t testing.TB, p []byte, name string, u Usage, read func(path string) error) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, p, 0o600); err != nil {
		t.Fatal(err)
	}
	return Check(t, p, u, func() error { return read(path) })
}

// wrong says what is wrong with the text of an error; "": nothing.
func wrong(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "says nothing"
	case strings.ContainsRune(text, '\n'):
		return "has several lines"
	case len(text) > longText:
		return "is long"
	}
	return ""
}

// allocated returns how many bytes the program has allocated since it began.
func allocated() int64 {
	m := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(m)
	return int64(m[0].Value.Uint64())
}
