package npy_test

import (
	"bytes"
	"fmt"

	"genview/models/npy"
)

func ExampleWrite() {
	var file bytes.Buffer
	if err := npy.Write(&file, []float32{1, 2, 3, 4, 5, 6}, 2, 3); err != nil {
		fmt.Println(err)
	}
	values, shape, err := npy.Read(file.Bytes())
	fmt.Println(values, shape, err)
	// Output: [1 2 3 4 5 6] [2 3] <nil>
}
