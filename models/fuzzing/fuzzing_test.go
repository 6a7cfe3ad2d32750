package fuzzing_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"genview/models/fuzzing"
)

// recorder is a test that remembers whether it has failed.
type recorder struct {
	testing.TB
	failed string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { r.failed += fmt.Sprintf(format, args...) }
func (r *recorder) TempDir() string                   { return os.TempDir() }

var kept []byte

// TestCheck: each broken promise is found, and kept ones are no failure.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		read func() error
		want string
	}{
		"good":         {func() error { return nil }, ""},
		"an error":     {func() error { return errors.New("a.png is damaged: give a whole one") }, ""},
		"a bomb":       {func() error { kept = make([]byte, 8<<20); return nil }, "bytes of memory"},
		"nothing":      {func() error { return errors.New(" ") }, "says nothing"},
		"two lines":    {func() error { return errors.Join(errors.New("a"), errors.New("b")) }, "several lines"},
		"a whole file": {func() error { return errors.New(strings.Repeat("a", 2000)) }, "is long"},
	} {
		r := &recorder{TB: t}
		_ = fuzzing.Check(r, []byte("abc"), fuzzing.Usage{}, c.read)
		if (c.want == "") != (r.failed == "") || !strings.Contains(r.failed, c.want) {
			t.Errorf("%s: got %q, want %q", name, r.failed, c.want)
		}
	}
}

// A reader that claims too much of a small file is found.
func ExampleFile() {
	t := &recorder{}
	err := fuzzing.File(t, []byte("3 pictures"), "pictures", fuzzing.Usage{}, func(path string) error {
		return errors.New("is cut off")
	})
	fmt.Println(err, t.failed == "")
	// Output: is cut off true
}
