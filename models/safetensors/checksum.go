package safetensors

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// checksumKey is the metadata key of the checksum: SHA-256 of the layout (names, types, shapes, positions) and of the numbers. If another
// program has rewritten a file and copied the metadata, the layout's sum differs, so that the file does not count as damaged.
const checksumKey = "genview.sha256"

// ErrDamaged says that the numbers of a file are not those that were written.
var ErrDamaged = errors.New("is damaged: its numbers are not those that were written")

// checksum returns the metadata value for sorted entries and the digest of their numbers.
func checksum(entries []Entry, numbers hash.Hash) string {
	layout := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(layout, "%q %s %v %d %d\n", e.Name, e.DType, e.Shape, e.lo, e.hi)
	}
	return hex.EncodeToString(layout.Sum(nil)) + ":" + hex.EncodeToString(numbers.Sum(nil))
}

// Verify opens a file and verifies it with [Reader.Verify].
func Verify(path string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(r.Verify(), r.Close())
}

// Verify reads all numbers of a file that [Write] wrote and returns [ErrDamaged] if they have changed. Files of other programs, and files
// that another program has rewritten, have no checksum to verify.
func (r *Reader) Verify() error {
	if r.sum == "" {
		return nil
	}
	numbers := sha256.New()
	written, _, _ := strings.Cut(r.sum, ":")
	if now, _, _ := strings.Cut(checksum(r.entries, numbers), ":"); now != written {
		return nil
	}
	size := int64(0)
	for _, e := range r.entries {
		size = max(size, e.hi)
	}
	if _, err := io.Copy(numbers, io.NewSectionReader(r.src, r.body, size)); err != nil {
		return fmt.Errorf("safetensors: %scannot be read: %w", r.in(), err)
	}
	if checksum(r.entries, numbers) != r.sum {
		return fmt.Errorf("safetensors: %s%w; replace it by a whole copy, or, if another program has changed it on purpose, have that leave %s out of the metadata", r.in(), ErrDamaged, checksumKey)
	}
	return nil
}
