package record_test

import (
	"fmt"
	"log"
	"os"

	"genview/models/record"
	"genview/models/watch"
)

// A recording keeps what a run looked like.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "record-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	w, err := record.NewWriter(dir, 1<<20, 0, nil)
	if err != nil {
		log.Fatal(err)
	}
	seen := &watch.Table{Name: "Scores", Columns: []string{"class", "recall"}, Rows: [][]string{{"cat", "0.9"}}}
	if err := w.Last(100, []watch.View{seen}, nil); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	r, err := record.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	m, err := r.At(100)
	fmt.Println(m.Step, m.Views[0].Title(), err)
	// Output: 100 Scores <nil>
}
