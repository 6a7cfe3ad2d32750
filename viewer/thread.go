package viewer

import "fmt"

// A Thread lends the main goroutine of a process to its windows, because window systems must be called from there. Everything else runs in
// other goroutines, so that a window that hangs for ever, such as one without its X server, stops nothing else.
//
//	func main() {
//		windows := viewer.NewThread()
//		go func() { os.Exit(run(windows)) }()
//		windows.Serve()
//	}
type Thread struct{ jobs chan func() }

// NewThread returns a Thread.
func NewThread() *Thread { return &Thread{make(chan func())} }

// Serve runs windows and never returns. The main goroutine must call it.
func (t *Thread) Serve() {
	for job := range t.jobs {
		job()
	}
}

// start runs f on the thread and returns a channel with its result. A panic of f becomes an error.
func (t *Thread) start(f func() error) <-chan error {
	ended := make(chan error, 1)
	go func() {
		t.jobs <- func() { ended <- caught(f) }
	}()
	return ended
}

// caught calls f and returns its error, or its panic as an error.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}
