package virtual

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"genview/shaders/spirv"
)

// Options say what the device is like.
type Options struct {
	Subgroup       int    // invocations; a power of two
	SharedMemory   int    // bytes; 0: any
	MaxInvocations int    // of a workgroup; 0: any
	MaxRange       int    // bytes of a storage buffer that one binding holds; 0: any
	Alignment      int    // of where a bound range begins, in bytes; 0: any
	Seed           uint64 // of the order in which things happen
	Aliased        bool   // variables whose memory overlaps must be declared Aliased
	Contract       bool   // a product is rounded together with the sum that it is part of, where NoContraction does not forbid it

	// Forgiving has texels that lie outside of what is bound read as 0, and what another invocation may be writing at the same time
	// as anything, as lavapipe has it. Without it both are faults.
	Forgiving bool
}

// A Dispatch is what a device is asked to do: a kernel, and a view for each binding of its module, in order.
type Dispatch struct {
	Kernel *Kernel
	Views  []View
	Groups [3]int
}

// most is how many faults are kept of one dispatch: one mistake makes many.
const most = 8

type run struct {
	d      *Dispatch
	o      Options
	rng    *rand.Rand
	number uint32
	faults []Fault
	seen   map[int]bool // instructions that have a fault
	bounds []bound      // of the kernel's variables
	group  group
}

// A bound is the range that a variable is bound to.
type bound struct {
	View
	binding int
	texel   int
	quiet   bool // the dispatch does not write there
}

func (b *bound) place(at int) string { return fmt.Sprintf("binding %d, byte %d", b.binding, at) }

var dispatches atomic.Uint32

// Run runs a dispatch and returns what is wrong with it, at most one fault an instruction. Dispatches that share
// no buffer may run at the same time.
func Run(d *Dispatch, o Options) []Fault {
	r := newRun(d, o)
	r.check()
	for _, n := range r.rng.Perm(d.Groups[0] * d.Groups[1] * d.Groups[2]) {
		if len(r.faults) >= most {
			break
		}
		r.group.begin(n)
		r.group.finish()
	}
	d.Kernel.give(r.group.pool)
	return r.faults
}

// newRun prepares a run: its bindings, and the registers and shared memory of one workgroup.
func newRun(d *Dispatch, o Options) *run {
	number := dispatches.Add(1)
	r := &run{d: d, o: o, rng: rand.New(rand.NewPCG(o.Seed, 0)), number: number, seen: map[int]bool{}}
	for _, v := range d.Kernel.list {
		b := bound{binding: v.binding, texel: v.texel}
		if v.view >= 0 {
			b.View = d.Views[v.view]
			b.quiet = !slices.ContainsFunc(d.Kernel.list, func(w *variable) bool {
				return w.view >= 0 && w.writes && overlap(d.Views[w.view], b.View)
			})
		}
		r.bounds = append(r.bounds, b)
	}
	k := d.Kernel
	r.group = group{run: r, pool: k.take(), shared: make([]uint64, k.shared), unknown: make([]uint64, k.shared), shadow: make([]access, k.shared)}
	for _, v := range r.group.pool {
		v.group = &r.group
	}
	return r
}

func overlap(x, y View) bool { return x.Buffer == y.Buffer && x.Lo < y.Hi && y.Lo < x.Hi }

// take returns the invocations of a workgroup.
func (k *Kernel) take() []*invocation {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.idle); n > 0 {
		all := k.idle[n-1]
		k.idle = k.idle[:n-1]
		return all
	}
	var all []*invocation
	for i := range k.local[0] * k.local[1] * k.local[2] {
		all = append(all, k.newInvocation(i))
	}
	return all
}

// give takes them back.
func (k *Kernel) give(all []*invocation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.idle = append(k.idle, all)
}

// report keeps a fault, the first of its instruction.
func (r *run) report(f Fault) {
	if !r.seen[f.Code] && len(r.faults) < most {
		r.seen[f.Code] = true
		r.faults = append(r.faults, f)
	}
}

// check compares what the dispatch needs with what the device has.
func (r *run) check() {
	k, o := r.d.Kernel, r.o
	code := 0
	whole := func(wrong bool, what, format string, a ...any) {
		if code--; wrong {
			r.report(Fault{Kernel: k.module.Name, What: what, At: fmt.Sprintf(format, a...), Code: code})
		}
	}
	n := k.local[0] * k.local[1] * k.local[2]
	whole(o.SharedMemory > 0 && k.shBits > o.SharedMemory, "takes more shared memory than there is,", "%d of %d bytes", k.shBits, o.SharedMemory)
	whole(o.MaxInvocations > 0 && n > o.MaxInvocations, "has a larger workgroup than the device takes,", "%d of %d", n, o.MaxInvocations)
	whole(o.Subgroup&(o.Subgroup-1) != 0 || o.Subgroup < 1, "has no device: subgroups are powers of two,", "not %d", o.Subgroup)
	for i, b := range k.module.Bindings {
		v := r.d.Views[i]
		whole(v.Buffer == nil || v.Lo < 0 || v.Hi > len(v.Buffer.Bytes) || v.Lo > v.Hi, "binds what is no part of a buffer,", "binding %d, bytes %d to %d", b.Index, v.Lo, v.Hi)
		whole(v.Lo%max(o.Alignment, 4) != 0, "binds a misaligned range,", "binding %d, byte %d, no multiple of %d", b.Index, v.Lo, max(o.Alignment, 4))
		whole(o.MaxRange > 0 && b.Kind == spirv.Storage && v.Hi-v.Lo > o.MaxRange, "binds more at once than the device takes,", "binding %d, %d of %d bytes", b.Index, v.Hi-v.Lo, o.MaxRange)
	}
	for i, x := range k.list {
		for _, y := range k.list[:i] {
			if x.view >= 0 && y.view >= 0 && overlap(r.d.Views[x.view], r.d.Views[y.view]) {
				whole((x.writes || y.writes) && !(x.aliased && y.aliased), "binds one memory twice and writes it without Aliased,", "bindings %d and %d", y.binding, x.binding)
			}
		}
	}
}
