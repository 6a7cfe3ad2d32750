package virtual

import "math"

type state uint8

const (
	running state = iota
	atBarrier
	atSubgroup
	ended
)

type frame struct {
	pc, res, block, last int
}

// An invocation runs a kernel. Registers are written before they are read, as SPIR-V has it, so that none is cleared.
type invocation struct {
	kernel *Kernel
	group  *group
	me     int32 // number in the dispatch
	index  int   // in the workgroup
	local  [3]int
	regs   []uint64
	mem    []uint64

	unknown, memUnknown []uint64 // the bits of regs and mem that are made of what nobody has written

	pc     int
	block  int // where this block begins, and the one before it: for phi
	last   int
	stack  []frame
	rounds []int // of each loop
	state  state
	ran    int      // instructions
	phis   []uint64 // values that are read before any is written
}

// newInvocation makes one that has not begun.
func (k *Kernel) newInvocation(index int) *invocation {
	v := &invocation{
		kernel: k, index: index, regs: make([]uint64, len(k.regs)), mem: make([]uint64, k.locals),
		unknown: make([]uint64, len(k.regs)), memUnknown: make([]uint64, k.locals), rounds: make([]int, len(k.loops)),
		local: [3]int{index % k.local[0], index / k.local[0] % k.local[1], index / k.local[0] / k.local[1]},
	}
	copy(v.regs, k.regs)
	return v
}

//go:norace
func (v *invocation) begin(me int32) {
	v.me, v.pc, v.state, v.ran = me, v.kernel.entry, running, 0
	v.stack = v.stack[:0]
	for i := range v.memUnknown {
		v.memUnknown[i] = all
	}
}

// all are the bits of a register.
const all = math.MaxUint64

// unknownIn returns all bits if any of n registers is made of what nobody has written, else none.
//
//go:norace
func (v *invocation) unknownIn(at, n int) uint64 {
	for _, u := range v.unknown[at : at+n] {
		if u != 0 {
			return all
		}
	}
	return 0
}

//go:norace
func (v *invocation) mark(at, n int, unknown uint64) {
	for i := range n {
		v.unknown[at+i] = unknown
	}
}

// move copies registers. They are few, and the race detector watches copy wherever it is.
//
//go:norace
func (v *invocation) move(to, from, n int) {
	for i := range n {
		v.regs[to+i], v.unknown[to+i] = v.regs[from+i], v.unknown[from+i]
	}
}

// step runs up to n instructions, or until others have to come.
//
//go:norace
func (v *invocation) step(n int) {
	for ran := range n {
		i := &v.kernel.code[v.pc]
		i.do(v, i)
		if v.state != running {
			v.ran += ran
			return
		}
		v.pc++
	}
	v.ran += n
}

func (v *invocation) nothing(*instruction) {}

// undefined gives a result that nobody has written.
//
//go:norace
func (v *invocation) undefined(i *instruction) { v.mark(i.res, i.n, all) }

//go:norace
func (v *invocation) meetAll(*instruction) { v.state = atBarrier }

//go:norace
func (v *invocation) meet(*instruction) { v.state = atSubgroup }

func (v *invocation) unreachable(*instruction) {
	v.fault("comes to where it must not come", "")
	v.state = ended
}

// label begins a block. Back at the head of a loop, another round begins.
//
//go:norace
func (v *invocation) label(i *instruction) {
	v.last, v.block = v.block, v.pc
	if i.loop >= 0 {
		if v.last > v.block {
			v.rounds[i.loop]++
		} else {
			v.rounds[i.loop] = 0
		}
	}
}

//go:norace
func (v *invocation) branch(i *instruction) { v.pc = i.to[0] }

//go:norace
func (v *invocation) branchIf(i *instruction) {
	if v.unknown[i.a[0]] != 0 {
		v.fault("branches on what nobody has written,", "")
	}
	if v.regs[i.a[0]] != 0 {
		v.pc = i.to[0]
	} else {
		v.pc = i.to[1]
	}
}

// choose is OpSwitch.
//
//go:norace
func (v *invocation) choose(i *instruction) {
	if v.unknown[i.a[0]] != 0 {
		v.fault("branches on what nobody has written,", "")
	}
	x := uint32(v.regs[i.a[0]])
	v.pc = i.to[0]
	for n, to := range i.to[1:] {
		if x == i.w[2+2*n] {
			v.pc = to
		}
	}
}

// phi carries out all of a block: they are read at once, before any of them is written.
//
//go:norace
func (v *invocation) phi(*instruction) {
	first, code := v.pc, v.kernel.code
	v.phis = v.phis[:0]
	end := first
	for ; code[end].op == 245; end++ {
		p := &code[end]
		for n := 1; n < len(p.w); n += 2 {
			if v.kernel.labels[p.w[n]] == v.last {
				v.phis = append(v.phis, v.regs[p.a[n-1]:p.a[n-1]+p.n]...)
				v.phis = append(v.phis, v.unknown[p.a[n-1]:p.a[n-1]+p.n]...)
				break
			}
		}
	}
	values := v.phis
	for n := first; n < end; n++ {
		p := &code[n]
		copy(v.regs[p.res:p.res+p.n], values)
		copy(v.unknown[p.res:p.res+p.n], values[p.n:])
		values = values[2*p.n:]
	}
	v.pc = end - 1
}

//go:norace
func (v *invocation) call(i *instruction) {
	for n, p := range v.kernel.params[i.w[0]] {
		v.move(p, i.a[1+n], v.kernel.of[i.w[1+n]].cells)
	}
	v.stack = append(v.stack, frame{v.pc, i.res, v.block, v.last})
	v.pc = i.to[0] - 1
}

// back returns from a function, or ends.
//
//go:norace
func (v *invocation) back(i *instruction) {
	if len(v.stack) == 0 {
		v.state = ended
		return
	}
	f := v.stack[len(v.stack)-1]
	v.stack = v.stack[:len(v.stack)-1]
	if i.op == 254 { // OpReturnValue
		v.move(f.res, i.a[0], i.from.cells)
	}
	v.pc, v.block, v.last = f.pc, f.block, f.last
}
