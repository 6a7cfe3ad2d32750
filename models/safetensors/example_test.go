package safetensors_test

import (
	"fmt"

	"genview/models/safetensors"
)

// A file is named arrays.
func ExampleEncode() {
	p, err := safetensors.Encode(&safetensors.File{Tensors: []safetensors.Tensor{{Name: "weight", Shape: []int{2}, Values: []float32{1, 2}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := safetensors.Decode(p)
	fmt.Println(f.Tensors[0].Name, f.Tensors[0].Values, err)
	// Output: weight [1 2] <nil>
}
