package viewer

import (
	"context"
	"errors"
	"fmt"
	"time"
)

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

// errGone says why a window was lost.
var errGone = errors.New("its X server is gone")

// Run runs f on the thread and returns its error, or [ErrLost] if the display is gone. f must return soon after ctx has ended; Run does not
// wait long for it. It must not be called from the goroutine that serves t.
func (t *Thread) Run(ctx context.Context, f func() error) error {
	err := t.run(ctx, f)
	if errors.Is(err, errGone) {
		return fmt.Errorf("viewer: %w: %w", ErrLost, err)
	}
	return err
}

// run is Run with [errGone] if the display is gone.
func (t *Thread) run(ctx context.Context, f func() error) error {
	ended := t.start(f)
	select {
	case err := <-ended:
		return err
	case <-gone:
		return errGone
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-gone:
	case <-time.After(patience): // the window does not react: the process ends without it
	}
	return nil
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
