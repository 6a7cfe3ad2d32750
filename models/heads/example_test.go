package heads_test

import (
	"fmt"

	"genview/models/heads"
	"genview/models/watch"
)

// The head attends to the previous token.
func ExampleScores() {
	read := []string{"c", "a", "t"}
	m := watch.Map{Name: "h.0.attn", Heads: 1, Rows: read, Cols: read, Self: true, Values: []float32{1, 0, 0, 1, 0, 0, 0, 1, 0}}
	for _, s := range heads.Scores(m) {
		fmt.Printf("%s %.2f %s\n", s.Name, s.Values[0], s.Unit)
	}
	// Output:
	// entropy 0.00 nats
	// distance 0.67 tokens
	// previous 1.00
}
