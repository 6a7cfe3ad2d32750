//go:build !unix

package film

import "syscall"

// apart does nothing: there a console's signals end all of its processes.
func apart() *syscall.SysProcAttr { return nil }
