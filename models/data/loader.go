package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
)

// A Batch is a batch of pictures. The caller of Next owns it until [Loader.Release].
type Batch struct {
	Images  []float32 // [N, C, H, W]
	Classes []int32   // [N]
	err     error
}

// LoaderOptions says how to form batches.
type LoaderOptions struct {
	Batch    int
	Seed     uint64
	Binarize bool // each pixel is sampled as 1 with its value as probability, anew each time (Salakhutdinov & Murray 2008)
	Ahead    int  // number of batches prepared ahead; 0 means 4

	Augment *Augment // random changes of pictures; nil: the set's own
}

// Augment says how pictures are changed at random each time they are read, so that a network does not memorise them.
type Augment struct {
	Flip  bool // mirror half of them, left and right
	Shift int  // move them by up to this many pixels along each axis, and fill with black (He et al. 2015, section 4.2)
}

// vary changes a picture [C, H, W] at random.
func (a *Augment) vary(rng *rand.Rand, p []float32, h, w int) {
	if a.Flip && rng.IntN(2) == 1 {
		mirror(p, w)
	}
	if a.Shift > 0 {
		down, right := rng.IntN(2*a.Shift+1)-a.Shift, rng.IntN(2*a.Shift+1)-a.Shift
		for plane := range slices.Chunk(p, h*w) {
			shift(plane, h, w, down, right)
		}
	}
}

// mirror reverses the rows of a picture.
func mirror(p []float32, w int) {
	for row := range slices.Chunk(p, w) {
		slices.Reverse(row)
	}
}

// shift moves a plane [H, W] in place, first down and then right, and fills with 0.
func shift(p []float32, h, w, down, right int) {
	move(p, min(max(down, -h), h)*w)
	for row := range slices.Chunk(p, w) {
		move(row, min(max(right, -w), w))
	}
}

// move moves values by n places, and fills with 0.
func move(p []float32, n int) {
	if n >= 0 {
		copy(p[n:], p)
		clear(p[:n])
	} else {
		copy(p, p[-n:])
		clear(p[len(p)+n:])
	}
}

// A Loader returns shuffled batches without end, which goroutines prepare ahead. Next and Release are for one goroutine.
type Loader struct {
	set    Set
	o      LoaderOptions
	cancel context.CancelFunc
	wg     sync.WaitGroup
	queue  chan chan *Batch
	free   chan *Batch
}

// NewLoader starts to prepare batches of a set, from batch number first. Close ends it.
func NewLoader(set Set, o LoaderOptions, first int) (*Loader, error) {
	if o.Batch < 1 || set.Len() < o.Batch {
		return nil, fmt.Errorf("data: batches of %d cannot be made of %d pictures; try a smaller batch", o.Batch, set.Len())
	}
	if o.Ahead == 0 {
		o.Ahead = 4
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Loader{set: set, o: o, cancel: cancel, queue: make(chan chan *Batch, o.Ahead), free: make(chan *Batch, o.Ahead+2)}
	jobs := make(chan job)
	l.wg.Go(func() { l.schedule(ctx, first, jobs) })
	for range 2 {
		l.wg.Go(func() {
			random := newStream()
			for j := range jobs {
				j.done <- l.prepare(j, random)
			}
		})
	}
	return l, nil
}

type job struct {
	step  int
	items []int
	done  chan *Batch
}

// schedule assigns pictures to batches: every epoch is a permutation of the set, without the rest that does not fill a batch.
func (l *Loader) schedule(ctx context.Context, step int, jobs chan<- job) {
	defer close(jobs)
	per := l.Epoch()
	var order []int
	for epoch := -1; ; step++ {
		if e := step / per; e != epoch {
			epoch = e
			order = rand.New(rand.NewPCG(l.o.Seed, uint64(e))).Perm(l.set.Len())
		}
		at := step % per * l.o.Batch
		j := job{step, order[at : at+l.o.Batch], make(chan *Batch, 1)}
		select {
		case l.queue <- j.done:
		case <-ctx.Done():
			return
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

// prepare makes the batch of a job. Random changes of a picture depend on the seed, the step and the picture's place in the batch alone.
func (l *Loader) prepare(j job, random *stream) *Batch {
	c, h, w := l.set.Shape()
	n := c * h * w
	var b *Batch
	select {
	case b = <-l.free:
	default:
		b = &Batch{Images: make([]float32, l.o.Batch*n), Classes: make([]int32, l.o.Batch)}
	}
	b.err = nil
	for k, i := range j.items {
		rng := random.from(l.o.Seed^0x9e3779b97f4a7c15, uint64(j.step)<<20|uint64(k))
		dst := b.Images[k*n : (k+1)*n]
		own := rng
		if l.o.Augment != nil {
			own = nil
		}
		class, err := l.set.Read(i, own, dst)
		if err != nil {
			b.err = err
			return b
		}
		b.Classes[k] = class
		if l.o.Augment != nil {
			l.o.Augment.vary(rng, dst, h, w)
		}
		if l.o.Binarize {
			Binarize(dst, rng)
		}
	}
	return b
}

// Binarize samples each value as 1 with itself as probability, else 0.
func Binarize(p []float32, rng *rand.Rand) {
	for i := range p {
		if p[i] > 0 && p[i] < 1 {
			if rng.Float32() < p[i] {
				p[i] = 1
			} else {
				p[i] = 0
			}
		}
	}
}

// Next returns the next batch. If a picture cannot be read, the error names it.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	select {
	case done := <-l.queue:
		select {
		case b := <-done:
			return b, b.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Epoch returns the number of batches of an epoch.
func (l *Loader) Epoch() int { return l.set.Len() / l.o.Batch }

// Release returns a batch to be filled again.
func (l *Loader) Release(b *Batch) {
	select {
	case l.free <- b:
	default:
	}
}

// Close stops the goroutines and waits for them.
func (l *Loader) Close() {
	l.cancel()
	l.wg.Wait()
}
