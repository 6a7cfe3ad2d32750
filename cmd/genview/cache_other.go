//go:build !unix

package main

import (
	"os"
	"path/filepath"
)

// temporaryCache returns a folder in the user's own folder for temporary files.
func temporaryCache() (string, error) { return filepath.Join(os.TempDir(), "genview"), nil }
