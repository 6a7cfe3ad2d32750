package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// errNoCache says why what was found out about a device is not kept.
var errNoCache = errors.New("there is no folder to keep it in: set HOME or XDG_CACHE_HOME")

// tellNoCache says once why nothing is kept between calls.
var tellNoCache = sync.OnceFunc(func() {
	_, err := temporaryCache()
	fmt.Fprintf(os.Stderr, "genview: nothing is kept for the next call, as what was compiled: HOME and XDG_CACHE_HOME name no folder, and %s\n", oneLine(err))
})

// cacheDir is the folder for what is kept between calls: the user's, or without one a folder in that for temporary files which belongs
// to the user alone. It is "" where there is neither.
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

// cached is the path of a file in the cache folder, or "", which can be neither read nor written, where there is none.
func cached(name string) string {
	dir := cacheDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}
