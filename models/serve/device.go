package serve

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"genview/models/data"
	"genview/models/family"
	"genview/models/run"
	"genview/tensor"
	"genview/vk"
)

// A device does the work with a session's model. A model is for one goroutine; this one takes jobs from a queue. Latent vectors of several
// jobs that wait are decoded by one run of a program: whenever the device becomes free it takes all that there is room for, so nobody waits
// for company, and the more requests there are the fuller the runs.
type device struct {
	session *run.Session
	metrics *metrics
	say     func(line string)

	jobs  chan *job
	stop  chan struct{} // closed when no more jobs are begun
	ended chan struct{} // closed when the goroutine has ended
	lost  chan error    // receives why the device cannot go on
	dead  atomic.Bool   // the device is lost

	programs []*family.Decoding // by size; none: the model decodes no pictures
	sizes    []int              // latent vectors of each program
	z        int                // dimensions of a latent vector
	shape    [3]int             // of a picture: C, H, W
}

// A job is either latent vectors to decode or other work with the model.
type job struct {
	ctx    context.Context
	begun  atomic.Bool                     // the device or a client that leaves sets it, and so decides whether the job is done
	z      []float32                       // [N, Z], N not above the largest program's
	pixels []float32                       // [N, C, H, W]; its pictures
	do     func(ctx context.Context) error // nil: z is decoded
	done   chan error                      // has room for the result
}

var (
	errStopped = errors.New("the server ends: ask again when it is back")
	errFault   = errors.New("the server has a fault, which its log tells")
)

// programSizes are the numbers of latent vectors that programs decode, up to the largest: one for a client alone, and few sizes in all,
// because each is compiled.
func programSizes(largest int) []int {
	var sizes []int
	for n := 1; n < largest; n *= 4 {
		sizes = append(sizes, n)
	}
	return append(sizes, largest)
}

// newDevice compiles the decoder's programs, if the model has a decoder, and begins to take jobs.
func newDevice(ctx context.Context, s *run.Session, o Options, m *metrics) (*device, error) {
	d := &device{
		session: s, metrics: m, say: o.Say,
		jobs: make(chan *job, o.Queue), stop: make(chan struct{}), ended: make(chan struct{}), lost: make(chan error, 1),
	}
	if decoder, err := run.As[family.DeviceDecoder](s); err == nil {
		d.z = decoder.Z()
		d.shape[0], d.shape[1], d.shape[2] = decoder.Shape()
		d.sizes = programSizes(o.Batch)
		var all []*tensor.Program
		for _, n := range d.sizes {
			p, err := decoder.Decoding(n)
			if err != nil {
				d.free()
				return nil, err
			}
			d.programs, all = append(d.programs, p), append(all, p.Program)
		}
		if err := errors.Join(tensor.Warm(ctx, all...), ctx.Err()); err != nil {
			d.free()
			return nil, err
		}
	}
	go d.work()
	return d, nil
}

// free frees the programs.
func (d *device) free() {
	for _, p := range d.programs {
		p.Close()
	}
}

// close ends the goroutine once the job that it does is done.
func (d *device) close() {
	close(d.stop)
	<-d.ended
	d.free()
}

// work does jobs until the device is closed.
func (d *device) work() {
	defer close(d.ended)
	var next *job
	for {
		j := next
		if next = nil; j == nil {
			select {
			case j = <-d.jobs:
			case <-d.stop:
				return
			}
		}
		switch {
		case !j.begin():
			d.metrics.dropped.Inc()
		case j.do != nil:
			j.done <- d.safely(func() error { return j.do(j.ctx) })
		default:
			var jobs []*job
			jobs, next = d.gather(j)
			err := d.safely(func() error { return d.decode(jobs) })
			for _, j := range jobs {
				j.done <- err
			}
		}
	}
}

// begin returns false if the client has left.
func (j *job) begin() bool { return j.ctx.Err() == nil && j.begun.CompareAndSwap(false, true) }

// gather returns a job and those that wait after it whose latent vectors one run has room for; next is the first that it has no room for.
func (d *device) gather(first *job) (jobs []*job, next *job) {
	runtime.Gosched() // requests that have come and need a moment of the processor to be jobs have it; a client alone does not wait
	jobs = []*job{first}
	room := d.sizes[len(d.sizes)-1]*d.z - len(first.z)
	for room > 0 {
		select {
		case j := <-d.jobs:
			if j.do != nil || len(j.z) > room {
				return jobs, j
			}
			if !j.begin() {
				d.metrics.dropped.Inc()
				continue
			}
			jobs, room = append(jobs, j), room-len(j.z)
		default:
			return jobs, nil
		}
	}
	return jobs, nil
}

// decode decodes the latent vectors of jobs by one run of the smallest program that holds them.
func (d *device) decode(jobs []*job) error {
	var z []float32
	for _, j := range jobs {
		z = append(z, j.z...)
	}
	n := len(z) / d.z
	k, _ := slices.BinarySearch(d.sizes, n)
	p := d.programs[k]
	z = append(z, make([]float32, p.Z.Len()-len(z))...)
	if err := p.Run(context.Background(), tensor.Feed{p.Z: z}); err != nil {
		return err
	}
	pixels := make([]float32, p.Pictures.Len())
	if err := d.session.Runtime.Read(p.Pictures, pixels); err != nil {
		return err
	}
	d.metrics.runs.Inc()
	d.metrics.pictures.Add(float64(n))
	d.metrics.batch.Observe(float64(n))
	for _, j := range jobs {
		size := len(j.z) / d.z * d.pixels()
		j.pixels, pixels = pixels[:size:size], pixels[size:]
	}
	return nil
}

// pixels returns the number of values of a picture.
func (d *device) pixels() int { return d.shape[0] * d.shape[1] * d.shape[2] }

// safely calls f, and makes an error of a panic: a request must not end the server. It tells if the device is lost.
func (d *device) safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.metrics.faults.Inc()
			fmt.Fprintf(lines(d.say), "fault: %v\n%s", p, debug.Stack())
			err = errFault
		}
		if errors.Is(err, vk.ErrDeviceLost) && !d.dead.Swap(true) {
			d.lost <- err
		}
	}()
	return f()
}

// submit has the device do a job and waits for its result, or until ctx ends and the job has not begun.
func (d *device) submit(ctx context.Context, j *job) error {
	j.ctx, j.done = ctx, make(chan error, 1)
	select {
	case d.jobs <- j:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-d.stop:
		return errStopped
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if j.begun.CompareAndSwap(false, true) {
			return context.Cause(ctx)
		}
	case <-d.ended:
		if j.begun.CompareAndSwap(false, true) {
			return errStopped
		}
	}
	return <-j.done
}

// do has the device call f, which may use the model.
func (d *device) do(ctx context.Context, f func(ctx context.Context) error) error {
	return d.submit(ctx, &job{do: f})
}

// Z returns the dimensions of a latent vector.
func (d *device) Z() int { return d.z }

// Draw returns the pictures of latent vectors z [N, Z]. It is that of a [walk.Decoder], for any goroutine. The caller's goroutine makes
// pictures of the device's numbers, beside the next run.
func (d *device) Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) {
	var out []*image.RGBA
	for some := range slices.Chunk(z, d.sizes[len(d.sizes)-1]*d.z) {
		pixels, err := d.pixelsOf(ctx, some)
		if err != nil {
			return nil, err
		}
		out = append(out, d.images(pixels)...)
	}
	return out, nil
}

// pixelsOf returns the pictures [N, C, H, W] of latent vectors z [N, Z], N not above the largest program's.
func (d *device) pixelsOf(ctx context.Context, z []float32) ([]float32, error) {
	j := &job{z: z}
	err := d.submit(ctx, j)
	return j.pixels, err
}

// images returns pictures [N, C, H, W] as images.
func (d *device) images(pixels []float32) []*image.RGBA {
	return data.Images(pixels, d.shape[0], d.shape[1], d.shape[2])
}
