package directions_test

import (
	"fmt"

	"genview/models/directions"
)

// The direction between two groups of points, without what moves along another one.
func ExampleOrthogonal() {
	smile, err := directions.Difference([][]float32{{0, 0}, {2, 0}}, [][]float32{{3, 1}, {5, 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(smile)
	fmt.Println(directions.Orthogonal(smile, []float32{1, 0}))
	// Output:
	// [3 2]
	// [0 2] <nil>
}
