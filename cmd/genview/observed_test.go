package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"genview/viewer"
)

// observed is the variable that has the test's own program run as genview and write the frames of its window to descriptor 3, so that tests
// know what is where. With the race detector on, it is on in that program.
const observed = "GENVIEW_TEST_OBSERVED"

// runObserved runs genview in place of the tests, and does not return.
func runObserved() {
	to := json.NewEncoder(os.NewFile(3, "frames"))
	var last atomic.Int64
	observe = func(f viewer.Frame) {
		last.Store(f.Time.UnixNano())
		_ = to.Encode(f) // no one reads them once the test has ended
	}
	go bound()
	if os.Getenv(watched) != "" {
		go watchFrames(&last)
	}
	main()
}

// watched is the variable that has a program that is observed write the stacks of all goroutines when no frame comes for seconds.
const watched = "GENVIEW_TEST_WATCHED"

// noFrame begins the line before the stacks.
const noFrame = "no frame for "

// watchFrames writes stacks when a window hangs: once for each time that it does.
func watchFrames(last *atomic.Int64) {
	const most = 3 * time.Second
	for told := int64(0); ; time.Sleep(100 * time.Millisecond) {
		if at := last.Load(); at > told && time.Since(time.Unix(0, at)) > most {
			told = at
			fmt.Fprintf(os.Stderr, "%s%v\n%s\n", noFrame, most, stacks())
		}
	}
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
