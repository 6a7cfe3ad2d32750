package virtual

import (
	"fmt"
	"math"
)

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

// An invocation runs a kernel.
type invocation struct {
	kernel *Kernel
	group  *group
	me     int32 // number in the dispatch
	index  int   // in the workgroup
	local  [3]int
	regs   []uint64
	mem    []uint64

	unknown, memUnknown []uint64 // the bits of regs and mem that are made of what nobody has written

	pc    int
	block int // label of this block, and of the one before it: for phi
	last  int
	stack []frame
	state state
}

//go:norace
func (v *invocation) begin(me int32) {
	v.me, v.pc, v.state = me, v.kernel.entry, running
	v.stack = v.stack[:0]
	copy(v.regs, v.kernel.regs)
	clear(v.unknown)
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

// move copies registers.
//
//go:norace
func (v *invocation) move(to, from, n int) {
	copy(v.regs[to:to+n], v.regs[from:from+n])
	copy(v.unknown[to:to+n], v.unknown[from:from+n])
}

// step runs up to n instructions, or until others have to come.
//
//go:norace
func (v *invocation) step(n int) {
	for range n {
		i := &v.kernel.code[v.pc]
		switch i.op {
		case 224: // OpControlBarrier
			v.state = atBarrier
			return
		case 333, 345, 346, 337, 349, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 360, 362, 363:
			v.state = atSubgroup
			return
		case 253, 254: // OpReturn, OpReturnValue
			if len(v.stack) == 0 {
				v.state = ended
				return
			}
			f := v.stack[len(v.stack)-1]
			v.stack = v.stack[:len(v.stack)-1]
			if i.op == 254 {
				v.move(f.res, i.a[0], i.from.cells)
			}
			v.pc, v.block, v.last = f.pc, f.block, f.last
			continue
		}
		if !v.control(i) && !v.compute(i) && !v.memory(i) {
			v.faultAt("meets an instruction that the virtual GPU does not know:", fmt.Sprint(i.op))
			v.state = ended
			return
		}
		v.pc++
	}
}

//go:norace
func (v *invocation) goTo(label uint32) { v.pc = v.kernel.labels[label] - 1 }

// control does what concerns the flow of instructions.
//
//go:norace
func (v *invocation) control(i *instruction) bool {
	switch i.op {
	case 248: // OpLabel
		v.last, v.block = v.block, int(i.w[0])
	case 249:
		v.goTo(i.w[0])
	case 250:
		if v.unknown[i.a[0]] != 0 {
			v.faultAt("branches on what nobody has written", "")
		}
		if v.regs[i.a[0]] != 0 {
			v.goTo(i.w[1])
		} else {
			v.goTo(i.w[2])
		}
	case 251: // OpSwitch
		to := i.w[1]
		for n := 2; n+1 < len(i.w); n += 2 {
			if uint32(v.regs[i.a[0]]) == i.w[n] {
				to = i.w[n+1]
			}
		}
		v.goTo(to)
	case 245: // OpPhi: those of one block read at once, before any of them is written
		first := v.pc
		var values []uint64
		var unknown []uint64
		end := first
		for ; v.kernel.code[end].op == 245; end++ {
			p := &v.kernel.code[end]
			for n := 1; n < len(p.w); n += 2 {
				if int(p.w[n]) == v.last {
					values = append(values, v.regs[p.a[n-1]:p.a[n-1]+p.n]...)
					unknown = append(unknown, v.unknown[p.a[n-1]:p.a[n-1]+p.n]...)
				}
			}
		}
		for n := first; n < end; n++ {
			p := &v.kernel.code[n]
			copy(v.regs[p.res:p.res+p.n], values)
			copy(v.unknown[p.res:p.res+p.n], unknown)
			values, unknown = values[min(p.n, len(values)):], unknown[min(p.n, len(unknown)):]
		}
		v.pc = end - 1
	case 57: // OpFunctionCall
		for n, p := range v.kernel.params[i.w[0]] {
			at := i.a[1+n]
			v.move(p, at, v.kernel.of[i.w[1+n]].cells)
		}
		v.stack = append(v.stack, frame{v.pc + 1, i.res, v.block, v.last})
		v.pc = v.kernel.funcs[i.w[0]] - 1
	case 225: // OpMemoryBarrier
	default:
		return false
	}
	return true
}

// memory does what concerns memory.
//
//go:norace
func (v *invocation) memory(i *instruction) bool {
	switch i.op {
	case 61: // OpLoad
		v.load(i.res, i.t, i.from.class, v.regs[i.a[0]])
	case 62: // OpStore
		v.store(i.a[1], v.kernel.of[i.w[1]], i.from.class, v.regs[i.a[0]])
	case 65, 66: // OpAccessChain, OpInBoundsAccessChain
		v.regs[i.res] = v.chain(i, v.regs[i.a[0]])
	case 98: // OpImageRead
		v.texel(i)
	default:
		return false
	}
	return true
}

// texel reads a texel of four components; what the format lacks is 0, 0, 1.
//
//go:norace
func (v *invocation) texel(i *instruction) {
	ptr := v.regs[i.a[0]]
	_, _, x := v.find(ptr)
	cells := 1
	for _, b := range v.kernel.module.Bindings {
		if b.Index == x.binding && (b.Kind == 2 || b.Kind == 4) { // RGBA
			cells = 4
		}
	}
	at := int(int32(v.regs[i.a[1]]))
	if v.unknown[i.a[1]] != 0 {
		v.faultAt("takes an address from what nobody has written", "")
	}
	one := uint64(1)
	if x.t.elem.kind == kFloat {
		one = bitsOf(1)
	}
	rest := [4]uint64{0, 0, 0, one}
	for c := range i.n {
		v.regs[i.res+c], v.unknown[i.res+c] = rest[c], 0
		if c < cells {
			v.regs[i.res+c], v.unknown[i.res+c] = v.readBuffer(ptr, (at*cells+c)*4)
		}
	}
}

// compute does what concerns registers alone.
//
//go:norace
func (v *invocation) compute(i *instruction) bool {
	switch i.op {
	case 80: // OpCompositeConstruct
		at := i.res
		for n, a := range i.a {
			c := 1
			if v.kernel.of != nil && len(i.w) == len(i.a) {
				c = v.kernel.of[i.w[n]].cells
			}
			v.move(at, a, c)
			at += c
		}
		return true
	case 81: // OpCompositeExtract
		at, t := i.a[0], i.from
		for _, n := range i.w[1:] {
			at, t = part(at, t, int(n))
		}
		v.move(i.res, at, i.n)
		return true
	case 82: // OpCompositeInsert
		t := v.kernel.of[i.w[1]]
		v.move(i.res, i.a[1], i.n)
		at := i.res
		for _, n := range i.w[2:] {
			at, t = part(at, t, int(n))
		}
		v.move(at, i.a[0], t.cells)
		return true
	case 79: // OpVectorShuffle
		var out [16]uint64
		var unknown [16]uint64
		for n, w := range i.w[2:] {
			switch {
			case w == 0xffffffff:
			case int(w) < i.from.n:
				out[n], unknown[n] = v.regs[i.a[0]+int(w)], v.unknown[i.a[0]+int(w)]
			default:
				out[n], unknown[n] = v.regs[i.a[1]+int(w)-i.from.n], v.unknown[i.a[1]+int(w)-i.from.n]
			}
		}
		copy(v.regs[i.res:i.res+i.n], out[:])
		copy(v.unknown[i.res:i.res+i.n], unknown[:])
		return true
	case 77: // OpVectorExtractDynamic
		v.move(i.res, i.a[0]+min(int(uint32(v.regs[i.a[1]])), i.from.n-1), 1)
		return true
	case 83: // OpCopyObject
		v.move(i.res, i.a[0], i.n)
		return true
	case 124: // OpBitcast
		v.bitcast(i)
		return true
	case 169: // OpSelect
		wide := i.from.cells > 1
		for c := range i.n {
			cond := i.a[0]
			if wide {
				cond += c
			}
			from := i.a[2]
			if v.regs[cond] != 0 {
				from = i.a[1]
			}
			unknown := v.unknown[cond]
			v.move(i.res+c, from+c, 1)
			if unknown != 0 {
				v.unknown[i.res+c] = all
			}
		}
		return true
	case 151: // OpUMulExtended: low half, high half
		half := i.n / 2
		for c := range half {
			p := v.regs[i.a[0]+c] * v.regs[i.a[1]+c]
			v.regs[i.res+c], v.regs[i.res+half+c] = uint64(uint32(p)), p>>32
			unknown := v.unknownIn(i.a[0]+c, 1) | v.unknownIn(i.a[1]+c, 1)
			v.unknown[i.res+c], v.unknown[i.res+half+c] = unknown, unknown
		}
		return true
	case 148: // OpDot
		s := float32(0)
		for c := range i.from.n {
			s += f32(v.regs[i.a[0]+c]) * f32(v.regs[i.a[1]+c])
		}
		v.regs[i.res] = bitsOf(s)
		v.unknown[i.res] = v.unknownIn(i.a[0], i.from.n) | v.unknownIn(i.a[1], i.from.n)
		return true
	case 142: // OpVectorTimesScalar
		s := f32(v.regs[i.a[1]])
		for c := range i.n {
			v.regs[i.res+c] = bitsOf(f32(v.regs[i.a[0]+c]) * s)
			v.unknown[i.res+c] = v.unknownIn(i.a[0]+c, 1) | v.unknownIn(i.a[1], 1)
		}
		return true
	case 154, 155: // OpAny, OpAll
		some, every := false, true
		for c := range i.from.cells {
			some, every = some || v.regs[i.a[0]+c] != 0, every && v.regs[i.a[0]+c] != 0
		}
		v.regs[i.res] = boolean(i.op == 154 && some || i.op == 155 && every)
		v.unknown[i.res] = v.unknownIn(i.a[0], i.from.cells)
		return true
	case 0x10000 + 58: // PackHalf2x16
		v.regs[i.res] = uint64(toHalf(f32(v.regs[i.a[0]]))) | uint64(toHalf(f32(v.regs[i.a[0]+1])))<<16
		v.unknown[i.res] = v.unknownIn(i.a[0], 1)&0xffff | v.unknownIn(i.a[0]+1, 1)&0xffff0000
		return true
	case 0x10000 + 62: // UnpackHalf2x16
		x := v.regs[i.a[0]]
		v.regs[i.res], v.regs[i.res+1] = bitsOf(ofHalf(uint16(x))), bitsOf(ofHalf(uint16(x>>16)))
		for c := range 2 {
			v.unknown[i.res+c] = 0
			if v.unknown[i.a[0]]>>(16*c)&0xffff != 0 {
				v.unknown[i.res+c] = all
			}
		}
		return true
	}
	if i.t == nil || len(i.a) == 0 || i.a[0] < 0 {
		return false
	}
	for c := range i.n {
		x, xu := v.regs[i.a[0]+c], v.unknown[i.a[0]+c]
		var y, z, yu, zu uint64
		if len(i.a) > 1 && i.a[1] >= 0 {
			y, yu = v.regs[i.a[1]+c], v.unknown[i.a[1]+c]
		}
		if len(i.a) > 2 && i.a[2] >= 0 {
			z, zu = v.regs[i.a[2]+c], v.unknown[i.a[2]+c]
		}
		r, ok := scalar(i, x, y, z)
		if !ok {
			return false
		}
		v.regs[i.res+c], v.unknown[i.res+c] = r, 0
		if xu|yu|zu != 0 {
			v.unknown[i.res+c] = blurred(i.op, x, y, xu, yu)
		}
	}
	return true
}

//go:norace
func part(at int, t *typ, n int) (int, *typ) {
	if t.kind == kStruct {
		for _, m := range t.members[:n] {
			at += m.cells
		}
		return at, t.members[n]
	}
	return at + n*t.elem.cells, t.elem
}

// bitcast joins or splits numbers of 32 and 64 bits.
//
//go:norace
func (v *invocation) bitcast(i *instruction) {
	from, to := i.from, i.t
	switch {
	case from.bits == to.bits || from.kind == kPointer:
		v.move(i.res, i.a[0], i.n)
	case from.bits == 32:
		for c := range i.n {
			v.regs[i.res+c] = v.regs[i.a[0]+2*c] | v.regs[i.a[0]+2*c+1]<<32
			v.unknown[i.res+c] = v.unknown[i.a[0]+2*c]&0xffffffff | v.unknown[i.a[0]+2*c+1]<<32
		}
	default:
		for c := range i.n {
			v.regs[i.res+c] = v.regs[i.a[0]+c/2] >> (32 * (c % 2)) & 0xffffffff
			v.unknown[i.res+c] = v.unknown[i.a[0]+c/2] >> (32 * (c % 2)) & 0xffffffff
		}
	}
}
