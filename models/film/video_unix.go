//go:build unix

package film

import "syscall"

// apart keeps a process away from the signals of the terminal.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
