package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// errNoCache says why results about a device are not kept.
var errNoCache = errors.New("there is no folder to keep it in: set HOME or XDG_CACHE_HOME")

// tellNoCache reports once that nothing is kept between calls, and why.
var tellNoCache = sync.OnceFunc(func() {
	_, err := temporaryCache()
	fmt.Fprintf(os.Stderr, "genview: nothing is kept for the next call, as what was compiled: HOME and XDG_CACHE_HOME name no folder, and %s\n", oneLine(err))
})

// cacheDir returns the folder for what is kept between calls: the user's cache folder, else one in the folder for temporary files that
// belongs to the user alone, else "".
func cacheDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "genview")
	}
	dir, err := temporaryCache()
	if err != nil {
		tellNoCache()
		return ""
	}
	return dir
}

// cached returns the path of a file in the cache folder. Without a cache folder it returns "", which can be neither read nor written.
func cached(name string) string {
	dir := cacheDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}
