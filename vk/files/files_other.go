//go:build !unix

package files

const (
	nonblocking = 0
	locks       = false // a lock would keep the process itself from writing, and an open file cannot be removed anyway
)

// cannotSync tells whether an error means that folders cannot be synced.
func cannotSync(error) bool { return true }
