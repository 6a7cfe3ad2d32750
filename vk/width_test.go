package vk

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWidthsHaveFoldersOfTheirOwn: machine code of one width of vectors is never looked for where that of another one is, not even by a
// process that another one with other vectors has started. A folder that the user chose stays.
func TestWidthsHaveFoldersOfTheirOwn(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(shaderCache, "")
	for _, c := range []struct{ bits, want string }{{"512", "vectors-512"}, {"256", "vectors-256"}, {"", "vectors-256"}, {"wide", "vectors-256"}} {
		t.Setenv(WidthVariable, c.bits)
		separate() // the folder of the width before is still set
		want := filepath.Join(user, "genview", c.want)
		if got := os.Getenv(shaderCache); got != want {
			t.Errorf("for %q bits the folder is %s, want %s", c.bits, got, want)
		}
		if _, err := os.Stat(want); err != nil {
			t.Error(err)
		}
	}
	t.Setenv(shaderCache, home)
	separate()
	if got := os.Getenv(shaderCache); got != home {
		t.Errorf("the user's folder became %s", got)
	}
}
