package npy

import (
	"bytes"
	"slices"
	"testing"
)

// TestWrite reads arrays of all ranks again. Their numbers begin at a multiple of 64 bytes.
func TestWrite(t *testing.T) {
	for _, shape := range [][]int{{}, {6}, {2, 3}, {1, 3, 2}} {
		values := []float32{1, 2, 3, 4, 5, 6}
		if len(shape) == 0 {
			values = values[:1]
		}
		var out bytes.Buffer
		if err := Write(&out, values, shape...); err != nil {
			t.Fatal(err)
		}
		if begins := bytes.IndexByte(out.Bytes(), '\n') + 1; begins%64 != 0 {
			t.Errorf("%v: the numbers begin at %d", shape, begins)
		}
		got, dims, err := Read(out.Bytes())
		if err != nil || !slices.Equal(got, values) || !slices.Equal(dims, shape) {
			t.Errorf("%v is read as %v of shape %v, %v", shape, got, dims, err)
		}
	}
}
