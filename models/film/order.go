package film

import (
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync"
)

// inOrder applies do to the elements of a sequence, on all cores, and yields what it returns in their order. Elements are made in a
// goroutine, at most ahead before they are asked for. An error of the sequence, which ends it, comes at once, before elements that wait.
func inOrder[T, U any](seq iter.Seq2[T, error], ahead int, do func(i int, x T) (U, error)) iter.Seq2[U, error] {
	type result struct {
		value U
		err   error
	}
	return func(yield func(U, error) bool) {
		queue := make(chan chan result, ahead)
		ended, failed := make(chan struct{}), make(chan error, 1)
		cores := make(chan struct{}, runtime.GOMAXPROCS(0))
		var working sync.WaitGroup
		defer working.Wait()
		defer close(ended)
		elements := func() error {
			i := 0
			for x, err := range seq {
				if err != nil {
					return err
				}
				r := make(chan result, 1)
				select {
				case queue <- r:
				case <-ended:
					return nil
				}
				at := i
				i++
				working.Go(func() {
					select {
					case cores <- struct{}{}:
						defer func() { <-cores }()
					case <-ended:
						return
					}
					var v result
					v.err = guarded(func() (err error) {
						v.value, err = do(at, x)
						return err
					})
					r <- v
				})
			}
			return nil
		}
		working.Go(func() {
			defer close(queue)
			if err := guarded(elements); err != nil {
				failed <- err
			}
		})
		var none U
		for r := range queue {
			select {
			case err := <-failed:
				yield(none, err)
				return
			case v := <-r:
				if !yield(v.value, v.err) || v.err != nil {
					return
				}
			}
		}
		select {
		case err := <-failed:
			yield(none, err)
		default:
		}
	}
}

// A crash is a panic in one of the goroutines that make a film. It is an error on its way to the goroutine that asked for the film, so that
// files are removed, and a panic again there.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }

// guarded calls f, and returns a panic of it as a crash.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &crash{v, debug.Stack()}
		}
	}()
	return f()
}
