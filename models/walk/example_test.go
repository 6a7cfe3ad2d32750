package walk_test

import (
	"context"
	"fmt"

	"genview/models/walk"
)

// A walk leads through points that texts name: here from the mean to a seed, and back.
func ExampleNew() {
	space := walk.Space{Z: 2}
	var stops []walk.Stop
	for _, text := range []string{"mean", "seed:1-0.5*seed:2"} {
		some, err := space.Stops(context.Background(), text)
		if err != nil {
			fmt.Println(err)
			return
		}
		stops = append(stops, some...)
	}
	w, err := walk.New(walk.Options{Frames: 4, Closed: true}, stops...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range w.Frames {
		fmt.Printf("%.2f\n", w.At(w.Time(i)))
	}
	// Output:
	// [[0.00 0.00]]
	// [[-0.31 -0.08]]
	// [[-0.62 -0.17]]
	// [[-0.31 -0.08]]
}

// Texts that name no point say why.
func ExampleSpace_Stops() {
	_, err := (&walk.Space{Z: 2}).Stops(context.Background(), "seed:1+2")
	fmt.Println(err)
	// Output:
	// walk: "seed:1+2": a number and a point have no sum: multiply the number by a point
}
