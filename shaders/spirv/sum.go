package spirv

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"
)

// SourceSum lists the SHA-256 of every GLSL source and compiled shader in a folder, so that a stale .spv shows.
func SourceSum(dir fs.FS) (string, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".comp") && !strings.HasSuffix(name, ".glsl") && !strings.HasSuffix(name, ".spv") {
			continue
		}
		p, err := fs.ReadFile(dir, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(p), name)
	}
	return b.String(), nil
}
