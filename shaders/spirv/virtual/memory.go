package virtual

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Buffer is memory of the device.
type Buffer struct {
	Name    string
	Bytes   []byte
	Unknown []uint32 // of each word, the bits that nobody has written, or that are made of such
	shadow  []access
}

// NewBuffer makes a buffer of so many bytes, which nobody has written.
func NewBuffer(name string, size int) *Buffer {
	words := (size + 3) / 4
	b := &Buffer{Name: name, Bytes: make([]byte, 4*words), Unknown: make([]uint32, words), shadow: make([]access, words)}
	for i := range b.Unknown {
		b.Unknown[i] = math.MaxUint32
	}
	return b
}

// Write puts bytes at an offset that is a multiple of 4.
func (b *Buffer) Write(at int, p []byte) {
	copy(b.Bytes[at:], p)
	for i := at / 4; i < (at+len(p)+3)/4; i++ {
		b.Unknown[i] = 0
	}
}

// Copy copies bytes lo to hi of another buffer to an offset, and which of their bits are known.
func (b *Buffer) Copy(at int, from *Buffer, lo, hi int) {
	copy(b.Bytes[at:], from.Bytes[lo:hi])
	copy(b.Unknown[at/4:], from.Unknown[lo/4:(hi+3)/4])
}

// A View is a range of a buffer, in bytes.
type View struct {
	Buffer *Buffer
	Lo, Hi int
}

// A Fault is something that a real device may do anything with.
type Fault struct {
	Kernel     string
	What       string
	At         string // the address, as binding 2 [12]
	Invocation [3]int // local
	Group      [3]int
	Code       int // number of the instruction
}

func (f Fault) Error() string {
	return fmt.Sprintf("%s: %s %s by invocation %v of group %v, instruction %d", f.Kernel, f.What, f.At, f.Invocation, f.Group, f.Code)
}

// An access tells who touched a word last in this dispatch. Epochs count the barriers of the workgroup.
type access struct {
	dispatch         uint32
	writer, reader   int32 // number of the invocation in the dispatch, −1: none, −2: several
	wGroup, rGroup   int32
	wEpoch, rEpoch   int32
	manyReaderGroups bool
}

// conflict notes an access and returns what it races with, or "".
//
//go:norace
func (a *access) conflict(dispatch uint32, me, group, epoch int32, write bool) string {
	if a.dispatch != dispatch {
		*a = access{dispatch: dispatch, writer: -1, reader: -1}
	}
	clash := ""
	if a.writer >= 0 && a.writer != me && (a.wGroup != group || a.wEpoch == epoch) {
		clash = "races with a write"
	}
	if write {
		if a.reader != -1 && a.reader != me && (a.manyReaderGroups || a.rGroup != group || a.rEpoch == epoch) {
			clash = "races with a read"
		}
		a.writer, a.wGroup, a.wEpoch = me, group, epoch
		return clash
	}
	switch {
	case a.reader == -1 || a.rGroup == group && a.rEpoch != epoch && !a.manyReaderGroups:
		a.reader, a.rGroup, a.rEpoch = me, group, epoch
	case a.rGroup != group:
		a.reader, a.manyReaderGroups = -2, true
	case a.reader != me:
		a.reader = -2
	}
	return clash
}

// find returns the bound range of a buffer variable.
//
//go:norace
func (v *invocation) find(ptr uint64) (View, int, *variable) {
	x := v.kernel.list[ptr>>48]
	return v.group.run.view(x.binding), int(ptr & (1<<48 - 1)), x
}

// readBuffer reads a word of a bound range at a byte offset, and tells whether nobody has written it.
//
//go:norace
func (v *invocation) readBuffer(ptr uint64, more int) (x, unknown uint64) {
	view, at, b := v.find(ptr)
	at += more
	if !v.inside(view, at, b, "reads outside of") {
		return 0, 0
	}
	w := (view.Lo + at) / 4
	if clash := view.Buffer.shadow[w].conflict(v.group.run.number, v.me, v.group.number, v.group.storageEpoch, false); clash != "" {
		v.fault("reads and "+clash+",", b, at)
	}
	return word(view.Buffer.Bytes, view.Lo+at), uint64(view.Buffer.Unknown[w])
}

//go:norace
func (v *invocation) writeBuffer(ptr uint64, more int, value uint32, unknown uint64) {
	view, at, x := v.find(ptr)
	at += more
	if !v.inside(view, at, x, "writes outside of") {
		return
	}
	w := (view.Lo + at) / 4
	if clash := view.Buffer.shadow[w].conflict(v.group.run.number, v.me, v.group.number, v.group.storageEpoch, true); clash != "" {
		v.fault("writes and "+clash+",", x, at)
	}
	view.Buffer.Unknown[w] = uint32(unknown)
	binary.LittleEndian.PutUint32(view.Buffer.Bytes[view.Lo+at:], value)
}

//go:norace
func (v *invocation) inside(view View, at int, x *variable, what string) bool {
	if view.Buffer == nil || at < 0 || view.Lo+at+4 > view.Hi {
		v.fault(what, x, at)
		return false
	}
	if at%4 != 0 {
		v.fault("is misaligned,", x, at)
		return false
	}
	return true
}

func (v *invocation) fault(what string, x *variable, at int) {
	v.group.run.report(Fault{
		Kernel: v.kernel.module.Name, What: what, At: fmt.Sprintf("binding %d, byte %d", x.binding, at),
		Invocation: v.local, Group: v.group.id, Code: v.pc,
	})
}

func (v *invocation) faultAt(what, at string) {
	v.group.run.report(Fault{Kernel: v.kernel.module.Name, What: what, At: at, Invocation: v.local, Group: v.group.id, Code: v.pc})
}

// load reads a value that a pointer leads to.
//
//go:norace
func (v *invocation) load(res int, t *typ, class uint32, ptr uint64) {
	switch class {
	case storageBuffer, uniform:
		v.loadBuffer(res, t, ptr)
	case pushConstant:
		v.loadPush(res, t, int(ptr))
	case input:
		v.loadInput(res, t, int(ptr))
	case workgroup:
		for i := range t.cells {
			v.regs[res+i], v.unknown[res+i] = v.readShared(int(ptr) + i)
		}
	case uniformConstant:
		v.regs[res] = ptr
	default:
		for i := range t.cells {
			at := int(ptr) + i
			if at < 0 || at >= len(v.mem) {
				v.faultAt("reads outside of its own variables,", fmt.Sprintf("cell %d", at))
				return
			}
			v.regs[res+i], v.unknown[res+i] = v.mem[at], v.memUnknown[at]
		}
	}
}

//go:norace
func (v *invocation) readShared(at int) (x, unknown uint64) {
	g := v.group
	if at < 0 || at >= len(g.shared) {
		v.faultAt("reads outside of shared memory,", fmt.Sprintf("cell %d of %d", at, len(g.shared)))
		return 0, 0
	}
	if clash := g.shadow[at].conflict(g.run.number, v.me, g.number, g.epoch, false); clash != "" {
		v.faultAt("reads and "+clash+",", fmt.Sprintf("shared cell %d", at))
	}
	return g.shared[at], g.unknown[at]
}

//go:norace
func (v *invocation) writeShared(at int, x, unknown uint64) {
	g := v.group
	if at < 0 || at >= len(g.shared) {
		v.faultAt("writes outside of shared memory,", fmt.Sprintf("cell %d of %d", at, len(g.shared)))
		return
	}
	if clash := g.shadow[at].conflict(g.run.number, v.me, g.number, g.epoch, true); clash != "" {
		v.faultAt("writes and "+clash+",", fmt.Sprintf("shared cell %d", at))
	}
	g.shared[at], g.unknown[at] = x, unknown
}

//go:norace
func (v *invocation) loadBuffer(res int, t *typ, ptr uint64) {
	for i, p := range t.places() {
		v.regs[res+i], v.unknown[res+i] = v.readBuffer(ptr, p.at)
		if p.bits == 64 {
			high, unknown := v.readBuffer(ptr, p.at+4)
			v.regs[res+i] |= high << 32
			v.unknown[res+i] |= unknown << 32
		}
	}
}

//go:norace
func (v *invocation) storeBuffer(from int, t *typ, ptr uint64) {
	for i, p := range t.places() {
		v.writeBuffer(ptr, p.at, uint32(v.regs[from+i]), v.unknown[from+i])
		if p.bits == 64 {
			v.writeBuffer(ptr, p.at+4, uint32(v.regs[from+i]>>32), v.unknown[from+i]>>32)
		}
	}
}

//go:norace
func (v *invocation) store(from int, t *typ, class uint32, ptr uint64) {
	switch class {
	case storageBuffer, uniform:
		v.storeBuffer(from, t, ptr)
	case workgroup:
		for i := range t.cells {
			v.writeShared(int(ptr)+i, v.regs[from+i], v.unknown[from+i])
		}
	default:
		for i := range t.cells {
			at := int(ptr) + i
			if at < 0 || at >= len(v.mem) {
				v.faultAt("writes outside of its own variables,", fmt.Sprintf("cell %d", at))
				return
			}
			v.mem[at], v.memUnknown[at] = v.regs[from+i], v.unknown[from+i]
		}
	}
}

//go:norace
func (v *invocation) loadPush(res int, t *typ, at int) {
	p := v.group.run.d.Push
	if t.kind == kVector {
		for i := range t.n {
			v.loadPush(res+i, t.elem, at+4*i)
		}
		return
	}
	if at+4 > len(p) {
		v.faultAt("reads outside of the push constants,", fmt.Sprintf("byte %d of %d", at, len(p)))
		return
	}
	v.regs[res] = word(p, at)
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
	default:
		v.faultAt("reads a built-in that is not known,", fmt.Sprint(ptr&0xffff))
	}
	if part := ptr >> 16; part > 0 {
		x[0] = x[part-1]
	}
	for i := range t.cells {
		v.regs[res+i] = uint64(uint32(x[i]))
	}
}

// chain follows an access chain.
//
//go:norace
func (v *invocation) chain(i *instruction, base uint64) uint64 {
	t, class := i.from.elem, i.from.class
	bytes := class == storageBuffer || class == uniform || class == pushConstant
	for n := 1; n < len(i.a); n++ {
		at := int(int32(v.regs[i.a[n]]))
		if v.unknown[i.a[n]] != 0 {
			v.faultAt("takes an address from what nobody has written", "")
		}
		switch t.kind {
		case kStruct:
			if bytes {
				base += uint64(t.offsets[at])
			} else {
				for _, m := range t.members[:at] {
					base += uint64(m.cells)
				}
			}
			t = t.members[at]
			continue
		case kArray, kVector:
			if at < 0 || at >= t.n {
				v.faultAt("indexes outside of an array,", fmt.Sprintf("[%d] of %d", at, t.n))
				at = 0
			}
		case kRuntime:
			if at < 0 {
				v.faultAt("indexes outside of a buffer,", fmt.Sprintf("[%d]", at))
				at = 0
			}
		}
		switch {
		case class == input:
			base |= uint64(at+1) << 16
		case bytes:
			base += uint64(at * t.stride)
		default:
			base += uint64(at * t.elem.cells)
		}
		t = t.elem
	}
	return base
}
