package virtual

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"genview/shaders/spirv"
)

// Storage classes.
const (
	uniformConstant = 0
	input           = 1
	uniform         = 2
	workgroup       = 4
	private         = 6
	function        = 7
	storageBuffer   = 12
)

type variable struct {
	id      uint32
	t       *typ // that it points to
	class   uint32
	binding int
	view    int // of a dispatch
	builtin int // −1: none
	texel   int // of a texel buffer: components of a texel
	aliased bool
	writes  bool // into its buffer
	at      int  // cell of local or shared memory
	init    int  // register of the first value, −1: none
}

// A Kernel is a module that is ready to run.
type Kernel struct {
	module *spirv.Module
	local  [3]int
	types  map[uint32]*typ
	of     map[uint32]*typ // types of values
	reg    map[uint32]int
	regs   []uint64 // first values: constants and pointers of variables
	list   []*variable
	code   []instruction
	labels map[uint32]int // where blocks begin
	block  int            // the one that is being read
	merges [][3]int       // heads of loops, the labels behind these, and their controls
	loops  []loop
	made   map[uint32]int // where a result is computed
	names  map[uint32]string
	named  map[uint32]string // what parameters and variables are called in a fault
	funcs  map[uint32]int
	params map[uint32][]int
	entry  int
	shared int // cells
	shBits int // bytes of shared memory
	locals int // cells of function variables

	decor   map[uint32]map[uint32]uint32
	members map[[2]uint32]map[uint32]uint32
	consts  map[uint32]uint32 // by constant_id
	glsl    uint32
	vulkan  bool // the memory model is Vulkan's
	broken  error

	mu   sync.Mutex
	idle [][]*invocation // workgroups that have run, for the next
}

// Load reads a module with these specialization constants.
func Load(m *spirv.Module, consts ...spirv.Const) (*Kernel, error) {
	k := &Kernel{
		module: m, local: m.Local, types: map[uint32]*typ{}, of: map[uint32]*typ{}, reg: map[uint32]int{},
		labels: map[uint32]int{}, funcs: map[uint32]int{}, params: map[uint32][]int{}, decor: map[uint32]map[uint32]uint32{},
		members: map[[2]uint32]map[uint32]uint32{}, consts: map[uint32]uint32{},
		made: map[uint32]int{}, names: map[uint32]string{}, named: map[uint32]string{},
	}
	for _, c := range consts {
		k.consts[uint32(c.ID)] = c.Value
		for i, id := range m.LocalID {
			if id == c.ID {
				k.local[i] = int(c.Value)
			}
		}
	}
	k.each(k.decoration)
	var entry uint32
	current := uint32(0)
	k.each(func(op uint32, w []uint32) {
		switch {
		case op == 15: // OpEntryPoint
			entry = w[1]
		case current == 0 && op != 54:
			k.declaration(op, w)
		default:
			current = k.body(current, op, w)
		}
	})
	if k.broken == nil {
		k.resolve()
	}
	k.entry = k.funcs[entry]
	if k.broken != nil {
		return nil, fmt.Errorf("virtual: %s: %w", m.Name, k.broken)
	}
	return k, nil
}

func (k *Kernel) each(f func(op uint32, w []uint32)) {
	for at := 5; at < len(k.module.Words); {
		n := int(k.module.Words[at] >> 16)
		f(k.module.Words[at]&0xffff, k.module.Words[at+1:at+n])
		at += n
	}
}

func (k *Kernel) fail(format string, a ...any) {
	if k.broken == nil {
		k.broken = fmt.Errorf(format, a...)
	}
}

// decoration notes a name or a decoration of an ID or of a structure's member.
func (k *Kernel) decoration(op uint32, w []uint32) {
	set := func(m map[uint32]uint32, rest []uint32) map[uint32]uint32 {
		if m == nil {
			m = map[uint32]uint32{}
		}
		m[rest[0]] = 0
		if len(rest) > 1 {
			m[rest[0]] = rest[1]
		}
		return m
	}
	switch op {
	case 5: // OpName
		k.names[w[0]] = name(w[1:])
	case 71: // OpDecorate
		k.decor[w[0]] = set(k.decor[w[0]], w[1:])
	case 72: // OpMemberDecorate
		key := [2]uint32{w[0], w[1]}
		k.members[key] = set(k.members[key], w[2:])
	}
}

// name is a string in words, without the types that glslang adds to a function's.
func name(w []uint32) string {
	var b []byte
	for _, x := range w {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	s, _, _ := strings.Cut(string(b), "(")
	return s
}

// declaration reads what stands before the functions.
func (k *Kernel) declaration(op uint32, w []uint32) {
	switch op {
	case 11: // OpExtInstImport
		k.glsl = w[0]
	case 19, 33: // void, function
		k.types[w[0]] = &typ{kind: kVoid}
	case 20:
		k.types[w[0]] = &typ{kind: kBool, bits: 1, cells: 1}
	case 21:
		k.types[w[0]] = &typ{kind: kInt, bits: int(w[1]), signed: w[2] != 0, cells: 1}
	case 22:
		k.types[w[0]] = &typ{kind: kFloat, bits: int(w[1]), cells: 1}
		if w[1] != 32 && w[1] != 16 { // of 16 are components of matrices
			k.fail("a float of %d bits is not known", w[1])
		}
	case 23:
		e := k.types[w[1]]
		k.types[w[0]] = &typ{kind: kVector, elem: e, n: int(w[2]), bits: e.bits, cells: int(w[2]), stride: e.bits / 8}
	case 25:
		k.types[w[0]] = &typ{kind: kImage, elem: k.types[w[1]], cells: 1}
	case typeMatrixKHR, typeMatrixNV:
		rows, cols := int(k.regs[k.reg[w[3]]]), int(k.regs[k.reg[w[4]]])
		k.types[w[0]] = &typ{kind: kMatrix, elem: k.types[w[1]], n: rows, cells: rows * cols}
	case 28:
		e, n := k.types[w[1]], int(k.regs[k.reg[w[2]]])
		k.types[w[0]] = &typ{kind: kArray, elem: e, n: n, cells: e.cells * n, stride: int(k.decor[w[0]][6])}
	case 29:
		k.types[w[0]] = &typ{kind: kRuntime, elem: k.types[w[1]], stride: int(k.decor[w[0]][6])}
	case 30:
		t := &typ{kind: kStruct, id: w[0]}
		for i, m := range w[1:] {
			t.members = append(t.members, k.types[m])
			t.offsets = append(t.offsets, int(k.members[[2]uint32{w[0], uint32(i)}][35]))
			t.cells += k.types[m].cells
		}
		k.types[w[0]] = t
	case 32:
		k.types[w[0]] = &typ{kind: kPointer, class: w[1], elem: k.types[w[2]], cells: 1}
		k.types[w[2]].places() // now, because dispatches that run at the same time share the types
	case 41, 42, 48, 49: // constants true, false, and those that are specialised
		v := uint64(1)
		if op == 42 || op == 49 {
			v = 0
		}
		k.constant(w, k.special(w[1], v))
	case 43, 50:
		v := uint64(w[2])
		if len(w) > 3 {
			v |= uint64(w[3]) << 32
		}
		k.constant(w, k.special(w[1], v))
	case 44, 51:
		var cells []uint64
		for _, id := range w[2:] {
			cells = append(cells, k.value(id)...)
		}
		if t := k.types[w[0]]; t.kind == kMatrix { // one for all
			cells = slices.Repeat(cells, t.cells)
		}
		k.constant(w, cells...)
	case 46, 1: // null, undefined
		k.constant(w, make([]uint64, k.types[w[0]].cells)...)
	case 52: // OpSpecConstantOp
		k.folded(w)
	case 59:
		k.variable(w)
	case 14: // OpMemoryModel
		k.vulkan = w[1] == 3
	case 3, 4, 5, 6, 7, 8, 10, 16, 17, 71, 72, 330, 331: // names, decorations
	default:
		k.fail("the declaration %d is not known", op)
	}
}

func (k *Kernel) special(id uint32, v uint64) uint64 {
	if at, ok := k.decor[id][1]; ok {
		if c, ok := k.consts[at]; ok {
			return uint64(c)
		}
	}
	return v
}

func (k *Kernel) constant(w []uint32, cells ...uint64) {
	k.define(w[1], k.types[w[0]])
	copy(k.regs[k.reg[w[1]]:], cells)
}

// define gives an ID a register for values of its type, and returns its number.
func (k *Kernel) define(id uint32, t *typ) int {
	if t == nil {
		k.fail("the type of %%%d is not known", id)
		t = &typ{cells: 1}
	}
	k.of[id] = t
	k.reg[id] = len(k.regs)
	k.regs = append(k.regs, make([]uint64, max(t.cells, 1))...)
	return k.reg[id]
}

func (k *Kernel) value(id uint32) []uint64 {
	at := k.reg[id]
	return k.regs[at : at+k.of[id].cells]
}

// folded computes a constant of specialization constants, as an instruction does.
func (k *Kernel) folded(w []uint32) {
	i := instruction{op: w[2], t: k.types[w[0]], w: w[3:]}
	i.res, i.n = k.define(w[1], i.t), i.t.cells
	for _, id := range w[3:] {
		at, ok := k.reg[id]
		if !ok {
			at = -1
		}
		i.a = append(i.a, at)
	}
	i.from = k.of[w[3]]
	do := operation(&i)
	if do == nil {
		k.fail("the constant operation %d is not known", i.op)
		return
	}
	do(&invocation{kernel: k, regs: k.regs, unknown: make([]uint64, len(k.regs))}, &i)
}

// variable declares a variable: a binding, a built-in one, or memory of an invocation or a workgroup.
func (k *Kernel) variable(w []uint32) *variable {
	t := k.types[w[0]]
	d := k.decor[w[1]]
	v := &variable{id: w[1], t: t.elem, class: w[2], binding: -1, view: -1, builtin: -1, init: -1}
	if b, ok := d[33]; ok {
		v.binding = int(b)
	}
	if b, ok := d[11]; ok {
		v.builtin = int(b)
	}
	_, v.aliased = d[20]
	if v.builtin >= 0 && builtins[v.builtin] == "" {
		k.fail("the built-in variable %d is not known", v.builtin)
	}
	if len(w) > 3 {
		v.init = k.reg[w[3]]
	}
	base := uint64(0)
	switch v.class {
	case workgroup:
		v.at = k.shared
		k.shared += v.t.cells
		k.shBits += v.t.bytes()
		base = uint64(v.at)
	case function, private:
		v.at = k.locals
		k.locals += v.t.cells
		base = uint64(v.at)
	case input:
		base = uint64(v.builtin)
	case storageBuffer, uniform, uniformConstant:
		base = uint64(len(k.list)) << 48
		at := slices.IndexFunc(k.module.Bindings, func(b spirv.Binding) bool { return b.Index == v.binding })
		if at < 0 {
			k.fail("the variable %%%d has no binding", w[1])
			break
		}
		v.view, v.texel = at, 1
		v.writes = v.class == storageBuffer && k.module.Bindings[at].Writes && !k.decorated(w[1], v.t, 24) // NonWritable
		if kind := k.module.Bindings[at].Kind; kind == spirv.TexelRGBA32F || kind == spirv.TexelRGBA32I {
			v.texel = 4
		}
	}
	k.named[v.id] = k.title(v)
	k.list = append(k.list, v)
	k.regs[k.define(w[1], t)] = base
	return v
}

// decorated tells whether a variable, or each member of its struct, has a decoration.
func (k *Kernel) decorated(id uint32, t *typ, decoration uint32) bool {
	if _, ok := k.decor[id][decoration]; ok {
		return true
	}
	for i := range t.members {
		if _, ok := k.members[[2]uint32{t.id, uint32(i)}][decoration]; !ok {
			return false
		}
	}
	return len(t.members) > 0
}
