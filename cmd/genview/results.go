package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"
)

// results is where commands write what they were asked for: stdout. It remembers the first error, so that commands may write line by
// line without asking for it; main reports it. After an error nothing more is written. A terminal gets texts visible, with their lines;
// a pipe or a file gets them as they are. It is safe for concurrent use.
type results struct {
	to       io.WriteCloser
	terminal bool
	console  *console // that shares the terminal
	mu       sync.Mutex
	failed   error
}

func (r *results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return 0, r.failed
	}
	shown := p
	if r.terminal {
		shown = []byte(visibleText(string(p)))
	}
	var err error
	r.console.output(shown, func() { _, err = r.to.Write(shown) })
	if r.note(err); r.failed != nil {
		return 0, r.failed
	}
	return len(p), nil
}

// done closes stdout and returns the first error of all, for some file systems say only then that a file does not hold what was
// written. That nobody reads on is no error: a command that goes on then has something else to do, and others do not come here.
func (r *results) done() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.note(r.to.Close())
	}
	if errors.Is(r.failed, syscall.EPIPE) {
		return nil
	}
	return r.failed
}

func (r *results) note(err error) {
	if err == nil {
		return
	}
	var at *fs.PathError
	if errors.As(err, &at) { // "write /dev/stdout" says less than the sentence
		err = at.Err
	}
	r.failed = fmt.Errorf("the output cannot be written: %w", err)
}
