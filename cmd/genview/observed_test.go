package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"genview/viewer"
)

// observed is the variable that has the test's own program run as genview and write the frames of its window to descriptor 3, so that tests
// know what is where. With the race detector on, it is on in that program.
const observed = "GENVIEW_TEST_OBSERVED"

// runObserved runs genview in place of the tests, and does not return.
func runObserved() {
	to := json.NewEncoder(os.NewFile(3, "frames"))
	observe = func(f viewer.Frame) { _ = to.Encode(f) } // no one reads them once the test has ended
	go bound()
	main()
}

// bound ends the program with the stacks of all goroutines once its heap is far larger than a tiny run needs, before the system kills it
// without a word.
func bound() {
	const most = 2 << 30
	for {
		time.Sleep(100 * time.Millisecond)
		m := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		if metrics.Read(m); m[0].Value.Uint64() > most {
			panic(fmt.Sprintf("the heap has %d MiB\n%s", m[0].Value.Uint64()>>20, stacks()))
		}
	}
}

func stacks() []byte {
	p := make([]byte, 1<<20)
	return p[:runtime.Stack(p, true)]
}
