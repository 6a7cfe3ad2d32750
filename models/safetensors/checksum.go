package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// checksumKey is the metadata key of the checksum: SHA-256 of the layout (names, types, shapes, positions), of the numbers, and of the header
// as it is without its own sum. If another program has rewritten a file and copied the metadata, the layout's sum differs, so that the file
// does not count as damaged for [Reader.Verify]. Files of earlier versions have no sum of the header.
const checksumKey = "genview.sha256"

// ErrDamaged says that the numbers of a file are not those that were written.
var ErrDamaged = errors.New("is damaged: its numbers are not those that were written")

var errHeader = errors.New("is damaged: its header is not the one that was written")

// Checksum returns the checksum that the file at path has in its metadata; "": it has none. It reads the header alone: [Intact] verifies.
func Checksum(path string) (sum string, err error) {
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	return f.sum, f.Close()
}

// checksum returns the metadata value for sorted entries and the digest of their numbers.
func checksum(entries []Entry, numbers hash.Hash) string {
	layout := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(layout, "%q %s %v %d %d\n", e.Name, e.DType, e.Shape, e.lo, e.hi)
	}
	return hex.EncodeToString(layout.Sum(nil)) + ":" + hex.EncodeToString(numbers.Sum(nil))
}

// sumOf returns the hexadecimal SHA-256 of bytes.
func sumOf(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// Intact opens a file and returns an error if a byte of it is not as [Write] wrote it. sealed tells whether all bytes could be checked:
// files of earlier versions have a checksum of their numbers alone, and those of other programs have none.
func Intact(path string) (sealed bool, err error) {
	r, err := Open(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.Verify(); err != nil {
		return false, err
	}
	written, head, sealed := r.unsealed()
	if sealed && sumOf(head) != written || !sealed && r.hasSeal() {
		return true, fmt.Errorf("safetensors: %s%w; replace it by a whole copy", r.in(), errHeader)
	}
	return sealed, nil
}

// unsealed splits a header into the sum of the rest of it and that rest. ok is false where the file has no such sum.
func (r *Reader) unsealed() (sum string, rest []byte, ok bool) {
	parts := strings.Split(r.sum, ":")
	if len(parts) != 3 {
		return "", nil, false
	}
	rest = bytes.TrimRight(bytes.Replace(r.head, []byte(":"+parts[2]+`"`), []byte(`"`), 1), " ")
	return parts[2], rest, true
}

// hasSeal tells whether some metadata are as long as three sums: the name or the form of the sums is damaged if they are not read as such.
func (r *Reader) hasSeal() bool {
	const long = 3*2*sha256.Size + 2
	for _, v := range r.meta {
		if len(v) == long {
			return true
		}
	}
	return len(r.sum) == long
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
	if sum := checksum(r.entries, numbers); sum != r.sum && !strings.HasPrefix(r.sum, sum+":") {
		return fmt.Errorf("safetensors: %s%w; replace it by a whole copy, or, if another program has changed it on purpose, have that leave %s out of the metadata", r.in(), ErrDamaged, checksumKey)
	}
	return nil
}
