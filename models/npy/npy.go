// Package npy reads and writes NumPy's files of one array.
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// NumPy's format (numpy.lib.format): a magic, a version, the length of a header and the header, a literal of Python in a fixed form. The
// reader is our own because that of the library at hand panics on damaged headers.
const magic = "\x93NUMPY"

var header = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\),? *\}\s*$`)

var errNoArray = errors.New("is no .npy file as NumPy writes it")

// Read returns the numbers of a file's bytes, which are f4 or f8, and their shape. An error is the end of a sentence that begins with the
// file's name.
func Read(p []byte) (v []float32, shape []int, err error) {
	rest, ok := bytes.CutPrefix(p, []byte(magic))
	if !ok || len(rest) < 6 {
		return nil, nil, errNoArray
	}
	size, head := int(binary.LittleEndian.Uint16(rest[2:])), 4
	if rest[0] > 1 { // from version 2 on the length has 32 bits
		size, head = int(binary.LittleEndian.Uint32(rest[2:])), 6
	}
	if size > len(rest)-head {
		return nil, nil, errNoArray
	}
	m := header.FindSubmatch(rest[head : head+size])
	if m == nil {
		return nil, nil, errNoArray
	}
	rest = rest[head+size:]
	kind, fortran := string(m[1]), string(m[2]) == "True"
	width := map[string]int{"<f4": 4, "<f8": 8}[kind]
	count := 1
	for d := range strings.SplitSeq(string(m[3]), ",") {
		if d = strings.TrimSpace(d); d == "" {
			continue
		}
		n, err := strconv.Atoi(d)
		if err != nil || count > 0 && (n > len(rest) || count*n > len(rest)) { // before a damaged header makes the reader take memory
			return nil, nil, fmt.Errorf("has fewer numbers than its shape (%s) says", m[3])
		}
		shape, count = append(shape, n), count*n
	}
	switch {
	case width == 0 || fortran && len(shape) > 1:
		return nil, nil, fmt.Errorf("holds %.40s, Fortran's order %v: save it as float32 or float64, in C's order", kind, fortran)
	case count*width != len(rest):
		return nil, nil, fmt.Errorf("has %d bytes of numbers, where its shape (%s) says %d", len(rest), m[3], count*width)
	}
	v = make([]float32, count)
	for i := range v {
		if width == 4 {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(rest[4*i:]))
		} else {
			v[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(rest[8*i:])))
		}
	}
	return v, shape, nil
}

// Write writes an array of that shape, row by row.
func Write(w io.Writer, values []float32, shape ...int) error {
	var dims []string
	for _, n := range shape {
		dims = append(dims, strconv.Itoa(n))
	}
	tuple := strings.Join(dims, ", ")
	if len(dims) == 1 {
		tuple += ","
	}
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", tuple)
	const before = len(magic) + 4
	head += strings.Repeat(" ", 63-(before+len(head))%64) + "\n" // the numbers begin at a multiple of 64
	p := append([]byte(magic), 1, 0)
	p = binary.LittleEndian.AppendUint16(p, uint16(len(head)))
	if _, err := w.Write(append(p, head...)); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, values)
}
