package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// ended is the signal that asked the program to end.
type ended struct{ signal syscall.Signal }

// signalNames are the names of the signals that may end the program.
var signalNames = map[syscall.Signal]string{
	syscall.SIGINT: "Ctrl-C (SIGINT)", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP", syscall.SIGQUIT: "SIGQUIT",
}

func (e ended) Error() string {
	if name, ok := signalNames[e.signal]; ok {
		return "ended by " + name
	}
	return fmt.Sprintf("ended by %s", e.signal)
}

// code returns the exit code that shells give to a process ended by the signal.
func (e ended) code() int { return 128 + int(e.signal) }

// endings are the signals that ask the program to end: Ctrl-C, a supervisor's SIGTERM (docker stop, systemd, Slurm, timeout), a closed
// terminal, Ctrl-\. If the parent ignored a signal to protect the program, as nohup does with SIGHUP, it stays ignored. SIGINT and SIGQUIT
// are handled even then: shell scripts start background processes with both ignored, and later send one.
func endings() []os.Signal {
	all := append([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}, moreEndings...)
	return slices.DeleteFunc(all, func(s os.Signal) bool { return s == syscall.SIGHUP && signal.Ignored(s) })
}

// repeats is the time after the first signal in which a second one counts as the same: timeout(1) sends each twice, to the process and to
// its group, and for a closed terminal both the kernel and the shell send SIGHUP.
const repeats = 250 * time.Millisecond

// interruptible returns a context that the first of the endings cancels; its cause is an ended. Another Ctrl-C or Ctrl-\ ends the program
// at once. Another SIGTERM or SIGHUP does not; SIGKILL is for that.
func interruptible() context.Context {
	taker := &atomic.Pointer[func()]{}
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), takerKey{}, taker))
	c := make(chan os.Signal, 8)
	signal.Notify(c, endings()...)
	go func() {
		for first := range c {
			if taken := taker.Swap(nil); taken != nil && first == syscall.SIGINT {
				(*taken)()
				continue
			}
			cancel(ended{first.(syscall.Signal)})
			break
		}
		began := time.Now()
		for s := range c {
			if (s == syscall.SIGINT || s == syscall.SIGQUIT) && time.Since(began) > repeats {
				os.Exit(ended{s.(syscall.Signal)}.code())
			}
		}
	}()
	return ctx
}

// takerKey is the key of what takes Ctrl-C, in the context of interruptible.
type takerKey struct{}

// takeInterrupt has the next Ctrl-C call f, and not end the program, until release is called.
func takeInterrupt(ctx context.Context, f func()) (release func()) {
	taker, ok := ctx.Value(takerKey{}).(*atomic.Pointer[func()])
	if !ok {
		return func() {}
	}
	taker.Store(&f)
	return func() { taker.CompareAndSwap(&f, nil) }
}

// outliveReaders keeps a command alive when nobody reads its output any more, because it does more than write output; writes then fail. By
// default the first such write ends the program.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// failure returns the message and the exit code for an error that ended a command. A command that a signal interrupted has not failed; its
// message names the signal.
func failure(ctx context.Context, err error) (message string, code int) {
	var by ended
	switch {
	case !errors.Is(err, context.Canceled) || !errors.As(context.Cause(ctx), &by):
		return oneLine(err), exitCode(err)
	case !canceled(err):
		return oneLine(err), by.code()
	}
	return by.Error() + " before it was done", by.code()
}

// canceled tells whether an error has no other cause than a cancelled context.
func canceled(err error) bool {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(all.Unwrap(), func(e error) bool { return !canceled(e) })
	}
	if in := errors.Unwrap(err); in != nil { // advise has wrapped several errors
		return canceled(in)
	}
	return errors.Is(err, context.Canceled)
}
