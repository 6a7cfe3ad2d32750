package main

import (
	"encoding/json"
	"os"

	"genview/viewer"
)

// observed is the variable that has the test's own program run as genview and write the frames of its window to descriptor 3, so that tests
// know what is where. With the race detector on, it is on in that program.
const observed = "GENVIEW_TEST_OBSERVED"

// runObserved runs genview in place of the tests, and does not return.
func runObserved() {
	to := json.NewEncoder(os.NewFile(3, "frames"))
	observe = func(f viewer.Frame) { _ = to.Encode(f) } // no one reads them once the test has ended
	main()
}
