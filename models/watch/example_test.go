package watch_test

import (
	"fmt"

	"genview/models/watch"
)

// A trainer publishes snapshots, and an onlooker takes the newest.
func ExampleBus() {
	bus, history := watch.NewBus(), watch.NewHistory(512)
	for step := 1; step <= 3; step++ {
		history.Add(step, watch.Metrics{{Name: "loss", Value: 1 / float64(step)}})
		bus.Publish(&watch.Snapshot{Step: step, Steps: 3, State: watch.Training, Views: []watch.View{history.Curves()}})
	}
	s := bus.Latest()
	curves := watch.Find[*watch.Curves](s.Views, watch.CurvesName)
	fmt.Println(s.Step, curves.Groups[0].Series[0].Name, curves.Groups[0].Series[0].Steps)
	// Output: 3 loss [1 2 3]
}
