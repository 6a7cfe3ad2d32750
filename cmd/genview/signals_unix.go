//go:build unix

package main

import (
	"os"
	"syscall"
)

// moreEndings has the signal of a limit on processor time, which is sent some time before the process is killed for it.
var moreEndings = []os.Signal{syscall.SIGXCPU}
