//go:build unix

package files

import (
	"errors"
	"syscall"
)

const (
	nonblocking = syscall.O_NONBLOCK
	locks       = true // processes lock their temporary files
)

func cannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}
