package walk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/npy"
	"genview/models/safetensors"
	"genview/vk/files"
)

// latentEndings are the endings of files of latent vectors.
var latentEndings = []string{".npy", ".json", ".safetensors"}

// mostLatents is the largest file of latent vectors that is read, in bytes: those of an hour of film with 512 dimensions take half of it.
const mostLatents = 1 << 29

// mostJSON is the largest such file of JSON, whose reader takes thirty times as much memory.
const mostJSON = 1 << 25

// ReadLatents reads a file of latent vectors of z numbers: .npy with the shape [z], [N, z] or [N, 1, z], .safetensors with one tensor of
// such a shape or one that is called z, and .json with an array of numbers or of such arrays.
func ReadLatents(path string, z int) ([][]float32, error) {
	all, err := allLatents(path, z)
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	return all, nil
}

// allLatents is ReadLatents, whose error begins with the file's name.
func allLatents(path string, z int) ([][]float32, error) {
	all, err := readLatents(path, z)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	if err := checkNumbers(all); err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return all, nil
}

// readLatents is allLatents without a look at the numbers. Its error is the end of a sentence that begins with the file's name.
func readLatents(path string, z int) ([][]float32, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("is not there")
	case err == nil && !info.Mode().IsRegular():
		return nil, errors.New("is no file: it is a folder, a pipe or a device")
	case err == nil && info.Size() > mostLatents:
		return nil, fmt.Errorf("has %d MiB, of which %d are read at most", info.Size()>>20, mostLatents>>20)
	}
	ending := strings.ToLower(filepath.Ext(path))
	if most := int64(mostJSON); err == nil && ending != ".npy" && ending != ".safetensors" && info.Size() > most {
		return nil, fmt.Errorf("has %d MiB of JSON, of which %d are read at most: save it as .npy", info.Size()>>20, most>>20)
	}
	if ending == ".safetensors" {
		return readTensors(path, z)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if ending == ".npy" {
		v, shape, err := npy.Read(p)
		if err != nil {
			return nil, err
		}
		return rows(v, shape, z)
	}
	return readJSON(bytes.TrimPrefix(p, []byte("\ufeff")), z) // without the byte order mark that some editors write
}

// readTensors reads the only tensor of a file, or the one that is called z.
func readTensors(path string, z int) ([][]float32, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("is no whole safetensors file: %w", err)
	}
	defer r.Close()
	e, ok := r.Find("z")
	if all := r.Entries(); !ok && len(all) == 1 {
		e, ok = all[0], true
	}
	if !ok {
		return nil, errors.New("has several tensors, and none is called z")
	}
	if !e.Float() {
		return nil, fmt.Errorf("holds %s, no fractions: give F64, F32, F16 or BF16", e.DType)
	}
	v, err := r.Float32s(e)
	if err != nil {
		return nil, err
	}
	return rows(v, e.Shape, z)
}

// readJSON reads an array of z numbers, or an array of such arrays.
func readJSON(p []byte, z int) ([][]float32, error) {
	if !json.Valid(p) {
		return nil, fmt.Errorf("is no JSON: it must be an array of %d numbers, as [0.5, -1, …]", z)
	}
	var all []json.RawMessage
	for depth := 0; ; depth++ {
		if err := json.Unmarshal(p, &all); err != nil || all == nil || depth > 3 {
			return nil, errors.New("is no JSON array of numbers")
		}
		if len(all) != 1 || all[0][0] != '[' {
			break
		}
		p = all[0]
	}
	if len(all) == 0 || all[0][0] != '[' {
		v, err := numbers(all)
		if err != nil {
			return nil, err
		}
		return rows(v, []int{len(v)}, z)
	}
	var out [][]float32
	for _, x := range all {
		var row []json.RawMessage
		if err := json.Unmarshal(x, &row); err != nil {
			return nil, fmt.Errorf("is an array of arrays but for element %d", len(out))
		}
		v, err := numbers(row)
		if err == nil && len(v) != z {
			err = wrongLength(len(v), z)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// numbers returns the numbers of a JSON array.
func numbers(all []json.RawMessage) ([]float32, error) {
	out := make([]float32, len(all))
	for i, x := range all {
		f, err := strconv.ParseFloat(string(x), 32) // json.Valid rejects NaN and Inf
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, fmt.Errorf("has a number that float32 does not hold, as number %d", i+1)
		case err != nil && x[0] == '[':
			return nil, fmt.Errorf("has an array where number %d should be", i+1)
		case err != nil:
			return nil, fmt.Errorf("has %s where number %d should be", kindOf(x[0]), i+1)
		}
		out[i] = float32(f)
	}
	return out, nil
}

// kindOf names the kind of JSON value that begins with a character, except for numbers and arrays.
func kindOf(first byte) string {
	switch first {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case 'n':
		return "null"
	}
	return "true or false"
}

func wrongLength(n, z int) error { return fmt.Errorf("has %d numbers, the model's z has %d", n, z) }

// rows splits numbers of a shape into vectors of z.
func rows(v []float32, shape []int, z int) ([][]float32, error) {
	if len(v) == 0 {
		return nil, errors.New("has no numbers")
	}
	if len(shape) == 0 || shape[len(shape)-1] != z {
		n := len(v)
		if len(shape) > 0 {
			n = shape[len(shape)-1]
		}
		return nil, wrongLength(n, z)
	}
	return slices.Collect(slices.Chunk(v, z)), nil
}

// checkNumbers returns an error, the end of a sentence that begins with a file's name, if a latent vector has NaN or an infinity.
func checkNumbers(latents [][]float32) error {
	for i, v := range latents {
		if k := slices.IndexFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }); k >= 0 {
			return fmt.Errorf("has %v as number %d of latent vector %d: each must be a number that float32 holds", v[k], k+1, i)
		}
	}
	return nil
}

// WriteLatents writes latent vectors of one length to an .npy file of shape [N, Z], whole or not at all. It refuses what ReadLatents would:
// NaN and infinities.
func WriteLatents(path string, latents [][]float32) error {
	if len(latents) == 0 {
		return errors.New("walk: no latent vectors make no file")
	}
	if err := checkNumbers(latents); err != nil {
		return fmt.Errorf("walk: %s is not written: it %w", path, err)
	}
	return files.Write(path, func(w io.Writer) error {
		return npy.Write(w, slices.Concat(latents...), len(latents), len(latents[0]))
	})
}
