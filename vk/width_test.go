package vk

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWidthsHaveFoldersOfTheirOwn: a process looks only in the folder of its own vector width for machine code, even if a process with
// another width has started it, and even in a folder that the user chose.
func TestWidthsHaveFoldersOfTheirOwn(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	chosen := t.TempDir()
	for base, set := range map[string]string{filepath.Join(user, "genview"): "", chosen: chosen} {
		t.Setenv(shaderCache, set)
		for _, c := range []struct{ bits, want string }{{"512", "vectors-512"}, {"256", "vectors-256"}, {"", "vectors-256"}, {"wide", "vectors-256"}} {
			t.Setenv(WidthVariable, c.bits)
			separate() // the folder of the width before is still set
			want := filepath.Join(base, c.want)
			if got := os.Getenv(shaderCache); got != want {
				t.Errorf("with %q set, for %q bits the folder is %s, want %s", set, c.bits, got, want)
			}
			if _, err := os.Stat(want); err != nil {
				t.Error(err)
			}
		}
	}
}
