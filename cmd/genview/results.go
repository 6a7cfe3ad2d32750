package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"syscall"
)

// results is the stdout of commands. It remembers the first error, which main reports, so that commands need not check each write; after an
// error it writes nothing more. Texts for a terminal go through visible; pipes and files receive them unchanged. It is safe for concurrent
// use.
type results struct {
	to       io.WriteCloser
	terminal bool
	console  *console // on the same terminal
	mu       sync.Mutex
	failed   error
}

// Write writes the command's own output. After an error it writes no more, and returns that error again.
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

// done closes stdout and returns the first error, because some file systems report only then that a file was not written. A closed pipe is
// no error here: commands that outlive their reader have other work, and all others have ended.
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

// note keeps the first error of writing, as the sentence that the user is told.
func (r *results) note(err error) {
	if err == nil {
		return
	}
	var at *fs.PathError
	if errors.As(err, &at) { // "write /dev/stdout" adds nothing to the sentence
		err = at.Err
	}
	r.failed = fmt.Errorf("the output cannot be written: %w", err)
}
