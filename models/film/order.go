package film

import (
	"iter"
	"runtime"
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
		working.Go(func() {
			defer close(queue)
			i := 0
			for x, err := range seq {
				if err != nil {
					failed <- err
					return
				}
				r := make(chan result, 1)
				select {
				case queue <- r:
				case <-ended:
					return
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
					v, err := do(at, x)
					r <- result{v, err}
				})
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
