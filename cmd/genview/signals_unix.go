//go:build unix

package main

import (
	"os"
	"syscall"
)

// moreEndings adds the signal for a limit on processor time, which comes some time before the process is killed.
var moreEndings = []os.Signal{syscall.SIGXCPU}
