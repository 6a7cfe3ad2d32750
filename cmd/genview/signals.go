package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// ended is the signal that asked the program to end.
type ended struct{ signal syscall.Signal }

// signalNames are those of what may end the program.
var signalNames = map[syscall.Signal]string{
	syscall.SIGINT: "Ctrl-C (SIGINT)", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP", syscall.SIGQUIT: "SIGQUIT",
}

func (e ended) Error() string {
	if name, ok := signalNames[e.signal]; ok {
		return "ended by " + name
	}
	return fmt.Sprintf("ended by %s", e.signal)
}

// code is the exit code that shells give to a process which a signal ended.
func (e ended) code() int { return 128 + int(e.signal) }

// endings are the signals that ask the program to end: a Ctrl-C, a supervisor's SIGTERM (docker stop, systemd, Slurm, timeout), a
// terminal that is closed, a Ctrl-\. What a parent had ignored stays so where that is how one asks for it: nohup ignores SIGHUP.
// SIGINT and SIGQUIT are taken all the same, for scripts start what runs in the background with both ignored, and then send one.
func endings() []os.Signal {
	all := append([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}, moreEndings...)
	return slices.DeleteFunc(all, func(s os.Signal) bool { return s == syscall.SIGHUP && signal.Ignored(s) })
}

// repeats is how long after the first signal another one is taken for the same: timeout(1) sends each twice, to the process and to its
// group, and a terminal that closes sends SIGHUP by the kernel and by the shell.
const repeats = 250 * time.Millisecond

// interruptible returns a context that the first signal of endings cancels; its cause is an ended. A Ctrl-C or Ctrl-\ after that ends
// the program at once. Another SIGTERM or SIGHUP does not: whoever is in such a hurry sends SIGKILL.
func interruptible() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	c := make(chan os.Signal, 8)
	signal.Notify(c, endings()...)
	go func() {
		first := (<-c).(syscall.Signal)
		cancel(ended{first})
		began := time.Now()
		for s := range c {
			if (s == syscall.SIGINT || s == syscall.SIGQUIT) && time.Since(began) > repeats {
				os.Exit(ended{s.(syscall.Signal)}.code())
			}
		}
	}()
	return ctx
}

// outliveReaders keeps a command that makes more than its output alive when nobody reads that any more: writes then fail. Without it
// the first such write ends the program, as it should where the output is all that there is to do.
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// failure returns what is to be said of an error that ended a command, and the exit code. A command that a signal ended before it was
// done has not failed, and says which signal it was.
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

// canceled tells whether nothing else is wrong than that a context was cancelled.
func canceled(err error) bool {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(all.Unwrap(), func(e error) bool { return !canceled(e) })
	}
	if in := errors.Unwrap(err); in != nil { // an advice about several errors
		return canceled(in)
	}
	return errors.Is(err, context.Canceled)
}
