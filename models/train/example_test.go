package train_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"genview/models/train"
)

// A run is a folder with a configuration; package run makes and opens whole runs.
func ExampleCreateRun() {
	dir, err := os.MkdirTemp("", "train-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	r, err := train.CreateRun(filepath.Join(dir, "run"), []byte("kind: mine\n"))
	if err != nil {
		log.Fatal(err)
	}
	r.Close()
	again, err := train.OpenRun(r.Dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", again.Config())
	_, _, err = again.Newest()
	fmt.Println(err != nil)
	// Output:
	// kind: mine
	// true
}
