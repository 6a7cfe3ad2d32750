// Package watch is the seam between training and looking.
//
// A trainer publishes snapshots, plain data that nobody writes again, and whoever looks takes the newest: an atomic pointer, so that
// neither waits for the other. Wishes of the onlooker go the other way as Requests, kept until the trainer serves them between two steps:
//
//	bus, history := watch.NewBus(), watch.NewHistory(512)
//	for step := 1; step <= steps && !stopped; step++ {
//		metrics := train(step)
//		history.Add(step, metrics)
//		bus.Publish(&watch.Snapshot{Step: step, Steps: steps, State: watch.Training, Views: []watch.View{history.Curves()}})
//		bus.Serve(5*time.Millisecond, handle)
//		for paused {
//			<-bus.Pending()
//			bus.Serve(time.Second, handle)
//		}
//	}
//
// The package uses the standard library alone, so that a trainer which publishes needs no window and no window system.
// A channel of snapshots was rejected: it either makes the trainer wait for a slow window or fills with what is stale.
package watch
