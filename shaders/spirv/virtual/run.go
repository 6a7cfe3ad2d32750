package virtual

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
)

// Options say what the device is like.
type Options struct {
	Subgroup       int // invocations; a power of two
	SharedMemory   int // bytes; 0: any
	MaxInvocations int // of a workgroup; 0: any
	Seed           uint64
}

// A Dispatch is what a device is asked to do: a kernel, its push constants, and a view for each binding of its module, in order.
type Dispatch struct {
	Kernel *Kernel
	Push   []byte
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
	views  map[int]View
	pool   []*invocation
	group  group
}

var dispatches atomic.Uint32

// Run runs a dispatch and returns what is wrong with it, at most one fault an instruction. Dispatches that share
// no buffer may run at the same time.
func Run(d *Dispatch, o Options) []Fault {
	number := dispatches.Add(1)
	r := &run{d: d, o: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(number))), number: number, seen: map[int]bool{}, views: map[int]View{}}
	for i, b := range d.Kernel.module.Bindings {
		r.views[b.Index] = d.Views[i]
	}
	r.check()
	k := d.Kernel
	total := d.Groups[0] * d.Groups[1] * d.Groups[2]
	size := k.local[0] * k.local[1] * k.local[2]
	for i := range size {
		r.pool = append(r.pool, &invocation{
			kernel: k, group: &r.group, index: i, regs: make([]uint64, len(k.regs)), mem: make([]uint64, k.locals),
			unknown: make([]uint64, len(k.regs)), memUnknown: make([]uint64, k.locals),
			local: [3]int{i % k.local[0], i / k.local[0] % k.local[1], i / k.local[0] / k.local[1]},
		})
	}
	r.group = group{run: r, shared: make([]uint64, k.shared), unknown: make([]uint64, k.shared), shadow: make([]access, k.shared)}
	for _, n := range r.rng.Perm(total) {
		if len(r.faults) >= most {
			break
		}
		r.group.begin(n)
		r.group.finish()
	}
	return r.faults
}

//go:norace
func (r *run) view(binding int) View { return r.views[binding] }

func (r *run) report(f Fault) {
	if !r.seen[f.Code] && len(r.faults) < most {
		r.seen[f.Code] = true
		r.faults = append(r.faults, f)
	}
}

// check compares what the kernel needs with what the device has.
func (r *run) check() {
	k := r.d.Kernel
	whole := func(code int, what, at string) {
		r.report(Fault{Kernel: k.module.Name, What: what, At: at, Code: code})
	}
	if r.o.SharedMemory > 0 && k.shBits > r.o.SharedMemory {
		whole(-1, "takes more shared memory than there is,", fmt.Sprintf("%d of %d bytes", k.shBits, r.o.SharedMemory))
	}
	if n := k.local[0] * k.local[1] * k.local[2]; r.o.MaxInvocations > 0 && n > r.o.MaxInvocations {
		whole(-2, "has a larger workgroup than the device takes,", fmt.Sprintf("%d of %d", n, r.o.MaxInvocations))
	}
	bindings := k.module.Bindings
	for i, a := range bindings {
		for j, b := range bindings[:i] {
			x, y := r.d.Views[i], r.d.Views[j]
			if x.Buffer == y.Buffer && x.Lo < y.Hi && y.Lo < x.Hi && (a.Writes || b.Writes) && !(k.aliased(a.Index) && k.aliased(b.Index)) {
				whole(-3, "binds one memory twice and writes it without Aliased,", fmt.Sprintf("bindings %d and %d", b.Index, a.Index))
			}
		}
	}
}

func (k *Kernel) aliased(binding int) bool {
	for _, v := range k.list {
		if v.binding == binding && !v.aliased {
			return false
		}
	}
	return true
}

// A group is the workgroup that runs.
type group struct {
	run          *run
	number       int32
	id           [3]int
	epoch        int32 // barriers so far that order shared memory
	storageEpoch int32 // barriers so far that order buffers
	shared       []uint64
	unknown      []uint64
	shadow       []access
}

//go:norace
func (g *group) begin(n int) {
	d := g.run.d
	g.number, g.epoch, g.storageEpoch = int32(n), 0, 0
	g.id = [3]int{n % d.Groups[0], n / d.Groups[0] % d.Groups[1], n / d.Groups[0] / d.Groups[1]}
	for i := range g.unknown {
		g.unknown[i] = all
	}
	clear(g.shadow)
	for _, v := range g.run.pool {
		v.begin(int32(n)*int32(len(g.run.pool)) + int32(v.index))
	}
}

func (g *group) subgroups() int { return (len(g.run.pool) + g.run.o.Subgroup - 1) / g.run.o.Subgroup }

// finish runs the workgroup to its end: at random one invocation after the other, each for a few instructions.
//
//go:norace
func (g *group) finish() {
	ready := make([]*invocation, 0, len(g.run.pool))
	for {
		ready = ready[:0]
		for _, v := range g.run.pool {
			if v.state == running {
				ready = append(ready, v)
			}
		}
		if len(ready) == 0 {
			if !g.meet() {
				return
			}
			continue
		}
		for len(ready) > 0 {
			n := g.run.rng.IntN(len(ready))
			ready[n].step(1 + g.run.rng.IntN(400))
			if len(g.run.faults) >= most {
				return
			}
			if ready[n].state != running {
				ready[n] = ready[len(ready)-1]
				ready = ready[:len(ready)-1]
			}
		}
	}
}

// meet lets those go on that wait for each other and are all there. It returns false at the end, or where some would wait for ever.
//
//go:norace
func (g *group) meet() bool {
	went := false
	size := g.run.o.Subgroup
	for lo := 0; lo < len(g.run.pool); lo += size {
		lanes := g.run.pool[lo:min(lo+size, len(g.run.pool))]
		if same(lanes, atSubgroup) {
			g.together(lanes, &lanes[0].kernel.code[lanes[0].pc])
			went = true
		}
	}
	if went {
		return true
	}
	if all := g.run.pool; same(all, atBarrier) {
		i := &all[0].kernel.code[all[0].pc]
		semantics := uint32(all[0].regs[i.a[2]])
		if semantics&0x100 != 0 {
			g.epoch++
		}
		if semantics&0x40 != 0 {
			g.storageEpoch++
		}
		for _, v := range all {
			v.pc, v.state = v.pc+1, running
		}
		return true
	}
	for _, v := range g.run.pool {
		switch v.state {
		case atBarrier:
			v.faultAt("waits for others of its workgroup that do not come", "to a barrier")
			return false
		case atSubgroup:
			v.faultAt("waits for others of its subgroup that do not come", fmt.Sprintf("to operation %d", v.kernel.code[v.pc].op))
			return false
		}
	}
	return false
}

// same tells whether all wait in one state at one instruction.
//
//go:norace
func same(all []*invocation, s state) bool {
	for _, v := range all {
		if v.state != s || v.pc != all[0].pc {
			return false
		}
	}
	return true
}

// together does an operation of a subgroup.
func (g *group) together(lanes []*invocation, i *instruction) {
	results, unknown := make([][]uint64, len(lanes)), make([]uint64, len(lanes))
	for n, v := range lanes {
		switch i.op {
		case 333: // Elect
			results[n] = []uint64{0}
			if n == 0 {
				results[n][0] = 1
			}
		case 345, 346: // Shuffle, ShuffleXor
			to := int(uint32(v.regs[i.a[2]]))
			if i.op == 346 {
				to ^= n
			}
			if to < 0 || to >= len(lanes) {
				v.faultAt("reads from an invocation that its subgroup has not,", fmt.Sprintf("number %d of %d", to, len(lanes)))
				to = n
			}
			results[n] = append([]uint64{}, lanes[to].regs[i.a[1]:i.a[1]+i.n]...)
			unknown[n] = lanes[to].unknownIn(i.a[1], i.n)
		case 337: // Broadcast
			to := min(int(uint32(v.regs[i.a[2]])), len(lanes)-1)
			results[n] = append([]uint64{}, lanes[to].regs[i.a[1]:i.a[1]+i.n]...)
			unknown[n] = lanes[to].unknownIn(i.a[1], i.n)
		default:
			results[n] = reduce(lanes, i)
			for _, other := range lanes {
				unknown[n] |= other.unknownIn(i.a[2], i.n)
			}
		}
	}
	for n, v := range lanes {
		copy(v.regs[i.res:i.res+i.n], results[n])
		v.mark(i.res, i.n, unknown[n])
		v.pc, v.state = v.pc+1, running
	}
}

func reduce(lanes []*invocation, i *instruction) []uint64 {
	out := append([]uint64{}, lanes[0].regs[i.a[2]:i.a[2]+i.n]...)
	for _, v := range lanes[1:] {
		for c := range i.n {
			x, y := out[c], v.regs[i.a[2]+c]
			switch i.op {
			case 349:
				out[c] = uint64(uint32(x + y))
			case 350:
				out[c] = bitsOf(f32(x) + f32(y))
			case 351:
				out[c] = uint64(uint32(x * y))
			case 352:
				out[c] = bitsOf(f32(x) * f32(y))
			case 353:
				out[c] = uint64(uint32(min(int32(x), int32(y))))
			case 354:
				out[c] = min(x, y)
			case 355:
				out[c] = bitsOf(minNum(f32(x), f32(y)))
			case 356:
				out[c] = uint64(uint32(max(int32(x), int32(y))))
			case 357:
				out[c] = max(x, y)
			case 358:
				out[c] = bitsOf(maxNum(f32(x), f32(y)))
			case 359, 362:
				out[c] = x & y
			case 360, 363:
				out[c] = x | y
			}
		}
	}
	return out
}
