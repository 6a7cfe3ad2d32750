package walk_test

import (
	"fmt"

	"genview/models/walk"
)

// A walk leads through latent vectors: here along the great circle between two.
func ExamplePath() {
	path, err := walk.Path([][]float32{{1, 0}, {0, 1}}, 3, walk.Slerp)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		fmt.Printf("%.2f\n", path(i))
	}
	// Output:
	// [1.00 0.00]
	// [0.71 0.71]
	// [0.00 1.00]
}
