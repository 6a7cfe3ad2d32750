package virtual

import (
	"encoding/binary"
	"fmt"
)

// inBrackets writes an index with how many there are.
func inBrackets(at, n int) string { return fmt.Sprintf("[%d] of %d", at, n) }

// find returns the bound range that a pointer leads into, and how many bytes from its beginning.
//
//go:norace
func (v *invocation) find(ptr uint64) (*bound, int) {
	return &v.group.run.bounds[ptr>>48], int(ptr & (1<<48 - 1))
}

// readBuffer reads a word of a bound range, and tells which of its bits nobody has written.
//
//go:norace
func (v *invocation) readBuffer(b *bound, at int) (x, unknown uint64) {
	if !v.inside(b, at, "reads") {
		return 0, 0
	}
	w := (b.Lo + at) / 4
	if !b.quiet {
		g := v.group
		if clash := b.Buffer.shadow[w].conflict(g.run.number, v.me, g.number, g.storageEpoch, false); clash != "" {
			v.fault("reads and "+clash+",", b.place(at))
		}
	}
	return word(b.Buffer.Bytes, b.Lo+at), uint64(b.Buffer.Unknown[w])
}

//go:norace
func (v *invocation) writeBuffer(b *bound, at int, value uint32, unknown uint64) {
	if !v.inside(b, at, "writes") {
		return
	}
	w, g := (b.Lo+at)/4, v.group
	if clash := b.Buffer.shadow[w].conflict(g.run.number, v.me, g.number, g.storageEpoch, true); clash != "" {
		v.fault("writes and "+clash+",", b.place(at))
	}
	b.Buffer.Unknown[w] = uint32(unknown)
	binary.LittleEndian.PutUint32(b.Buffer.Bytes[b.Lo+at:], value)
}

//go:norace
func (v *invocation) inside(b *bound, at int, does string) bool {
	if b.Buffer == nil || at < 0 || b.Lo+at+4 > b.Hi {
		v.fault(does+" outside of", b.place(at))
		return false
	}
	if at%4 != 0 {
		v.fault(does+" what is misaligned,", b.place(at))
		return false
	}
	return true
}

// texel is OpImageRead of a texel of four components; those that the format lacks are 0, 0, 1.
//
//go:norace
func (v *invocation) texel(i *instruction) {
	b, _ := v.find(v.regs[i.a[0]])
	if v.unknown[i.a[1]] != 0 {
		v.fault("takes an address from what nobody has written,", "")
	}
	at := int(int32(v.regs[i.a[1]]))
	for c := range i.n {
		x, unknown := uint64(0), uint64(0)
		switch {
		case c < b.texel && v.group.run.o.Forgiving:
			x, unknown = v.forgiven(b, (at*b.texel+c)*4)
		case c < b.texel:
			x, unknown = v.readBuffer(b, (at*b.texel+c)*4)
		case c == 3 && i.t.elem.kind == kFloat:
			x = bitsOf(1)
		case c == 3:
			x = 1
		}
		v.regs[i.res+c], v.unknown[i.res+c] = x, unknown
	}
}

// forgiven reads a word of a texel as lavapipe does: what lies outside is 0, and what another writes at the same time is anything.
//
//go:norace
func (v *invocation) forgiven(b *bound, at int) (x, unknown uint64) {
	if b.Buffer == nil || at < 0 || b.Lo+at+4 > b.Hi {
		return 0, 0
	}
	w, g := (b.Lo+at)/4, v.group
	if !b.quiet && b.Buffer.shadow[w].raced(g.run.number, v.me, g.number, g.storageEpoch) {
		return word(b.Buffer.Bytes, b.Lo+at), all
	}
	return word(b.Buffer.Bytes, b.Lo+at), uint64(b.Buffer.Unknown[w])
}

// loads is OpLoad.
//
//go:norace
func (v *invocation) loads(i *instruction) {
	res, t, ptr := i.res, i.t, v.regs[i.a[0]]
	switch i.from.class {
	case storageBuffer, uniform:
		b, at := v.find(ptr)
		for c, p := range t.flat {
			v.regs[res+c], v.unknown[res+c] = v.readBuffer(b, at+p.at)
			if p.bits == 64 {
				high, unknown := v.readBuffer(b, at+p.at+4)
				v.regs[res+c] |= high << 32
				v.unknown[res+c] |= unknown << 32
			}
		}
	case input:
		v.loadInput(res, t, int(ptr))
	case workgroup:
		v.ordered(i, 1, visible, "reads")
		for c := range t.cells {
			v.regs[res+c], v.unknown[res+c] = v.readShared(int(ptr) + c)
		}
	case uniformConstant:
		v.regs[res] = ptr
	default:
		copy(v.regs[res:res+t.cells], v.mem[ptr:])
		copy(v.unknown[res:res+t.cells], v.memUnknown[ptr:])
	}
}

// stores is OpStore.
//
//go:norace
func (v *invocation) stores(i *instruction) {
	from, ptr := i.a[1], v.regs[i.a[0]]
	t := i.from.elem
	switch i.from.class {
	case storageBuffer, uniform:
		b, at := v.find(ptr)
		for c, p := range t.flat {
			v.writeBuffer(b, at+p.at, uint32(v.regs[from+c]), v.unknown[from+c])
			if p.bits == 64 {
				v.writeBuffer(b, at+p.at+4, uint32(v.regs[from+c]>>32), v.unknown[from+c]>>32)
			}
		}
	case workgroup:
		v.ordered(i, 2, available, "writes")
		for c := range t.cells {
			v.writeShared(int(ptr)+c, v.regs[from+c], v.unknown[from+c])
		}
	default:
		copy(v.mem[ptr:int(ptr)+t.cells], v.regs[from:])
		copy(v.memUnknown[ptr:int(ptr)+t.cells], v.unknown[from:])
	}
}

// How memory is accessed that others access, too, in Vulkan's memory model.
const nonPrivate, available, visible = 0x20, 0x8, 0x10

// ordered sees that an access to shared memory says that others see it, where the memory model asks for that.
//
//go:norace
func (v *invocation) ordered(i *instruction, flags int, what uint32, does string) {
	if v.kernel.vulkan && (len(i.w) <= flags || i.w[flags]&(nonPrivate|what) != nonPrivate|what) {
		v.fault(does+" shared memory as if it were its own,", "")
	}
}

//go:norace
func (v *invocation) readShared(at int) (x, unknown uint64) {
	g := v.group
	if clash := g.shadow[at].conflict(g.run.number, v.me, g.number, g.epoch, false); clash != "" {
		v.fault("reads and "+clash+",", g.place(at))
	}
	return g.shared[at], g.unknown[at]
}

//go:norace
func (v *invocation) writeShared(at int, x, unknown uint64) {
	g := v.group
	if clash := g.shadow[at].conflict(g.run.number, v.me, g.number, g.epoch, true); clash != "" {
		v.fault("writes and "+clash+",", g.place(at))
	}
	g.shared[at], g.unknown[at] = x, unknown
}

func (g *group) place(at int) string {
	return fmt.Sprintf("shared cell %d of %d", at, len(g.shared))
}

// loadInput reads a built-in variable, or a component of one where a pointer's upper bits say which.
//
//go:norace
func (v *invocation) loadInput(res int, t *typ, ptr int) {
	g := v.group
	var x [3]int
	switch ptr & 0xffff {
	case 24: // NumWorkgroups
		x = g.run.d.Groups
	case 25: // WorkgroupSize
		x = v.kernel.local
	case 26: // WorkgroupId
		x = g.id
	case 27: // LocalInvocationId
		x = v.local
	case 28: // GlobalInvocationId
		for i := range x {
			x[i] = g.id[i]*v.kernel.local[i] + v.local[i]
		}
	case 29: // LocalInvocationIndex
		x[0] = v.index
	case 36: // SubgroupSize
		x[0] = g.run.o.Subgroup
	case 38: // NumSubgroups
		x[0] = g.subgroups()
	case 40: // SubgroupId
		x[0] = v.index / g.run.o.Subgroup
	case 41: // SubgroupLocalInvocationId
		x[0] = v.index % g.run.o.Subgroup
	}
	if part := ptr >> 16; part > 0 {
		x[0] = x[part-1]
	}
	for i := range t.cells {
		v.regs[res+i] = uint64(uint32(x[i]))
	}
}

// follow is OpAccessChain. An index outside of an array is a fault, and taken for 0.
//
//go:norace
func (v *invocation) follow(i *instruction) {
	ptr := v.regs[i.a[0]] + i.chain.more
	for _, l := range i.chain.links {
		at := int(int32(v.regs[l.reg]))
		if v.unknown[l.reg] != 0 {
			v.fault("takes an address from what nobody has written,", "")
		}
		if at < 0 || l.n > 0 && at >= l.n {
			what := "indexes outside of an array,"
			if l.n == 0 {
				what = "indexes outside of a buffer,"
			}
			v.fault(what, inBrackets(at, l.n))
			at = 0
		}
		ptr += uint64(at * l.scale)
	}
	v.regs[i.res] = ptr
}
