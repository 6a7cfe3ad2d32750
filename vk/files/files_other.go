//go:build !unix

package files

const (
	nonblocking = 0
	locks       = false // a lock would keep its own process from writing, and a file that is open cannot be removed anyway
)

// cannotSync is true where folders cannot be synced: they need not be.
func cannotSync(error) bool { return true }
