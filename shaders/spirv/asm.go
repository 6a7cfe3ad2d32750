package spirv

import (
	"maps"
	"math"
	"slices"
)

// An ID names a value, type or variable of the module being assembled.
type ID uint32

// A Type is the type of a value: a scalar or a vector of four.
type Type struct {
	Elem Elem
	N    int // 1 or 4; 2 of Long, and of what is packed
}

// Elem is the type of one component.
type Elem uint8

// The component types; all that is stored in memory takes 32 bits, or is two of a kind seen as a Long, or two share 32 bits.
const (
	Void Elem = iota
	Bool
	Int
	Uint
	Float
	Long
	Half  // in memory only: IEEE 754's binary16
	Brain // in memory only: the upper half of a Float, bfloat16
)

// A Block assembles one compute shader, instruction by instruction, in the order in which they run. The operations pick the
// instruction by the operands' type (a Sub of floats is OpFSub), so that code reads as the formula does. Operands of one
// operation must agree in type; a Block does not convert on its own.
//
// A Block is for one goroutine.
type Block struct {
	name    string
	local   [3]int
	next    ID
	caps    map[uint32]bool
	decor   []uint32
	globals []uint32 // types, constants and global variables
	vars    []uint32 // function-local variables, which must open the function
	code    []uint32
	known   map[key]ID // types and constants already written
	typeOf  map[ID]Type
	zeros   map[ID]bool   // constants that are 0
	packs   map[packed]ID // the words of floats that were rounded
	iface   []ID          // built-in inputs, for the entry point
	glsl    ID
	main    ID
	entry   ID // label of the first block
	binds   []Binding

	special       bool // NaN, infinities and the signs of zeros are kept
	careful       bool // functions of NaN are NaN
	noContraction bool // what is written now is decorated NoContraction
	subgroup      int  // invocations of each subgroup, which it counts on; 0: on none
	vulkan        bool // Vulkan's memory model, in which accesses to shared memory say that others see them
	extensions    []string
}

type key struct {
	op      uint32
	a, b, c uint32
}

// NewBlock starts a shader with that workgroup size. The name appears in profiles.
func NewBlock(name string, x, y, z int) *Block {
	b := &Block{
		name: name, local: [3]int{x, y, z}, next: 1,
		caps: map[uint32]bool{1: true}, known: map[key]ID{}, typeOf: map[ID]Type{}, zeros: map[ID]bool{},
	}
	b.glsl, b.main, b.entry = b.id(), b.id(), b.id()
	return b
}

// KeepSpecial forbids the driver to compute as if there were neither NaN nor infinities nor zeros of two signs, as it may otherwise: x − x
// would be 0 for all x. The device must have VK_KHR_shader_float_controls' shaderSignedZeroInfNanPreserveFloat32.
func (b *Block) KeepSpecial() {
	if !b.special {
		b.special = true
		b.caps[4466] = true // SignedZeroInfNanPreserve
		b.extensions = append(b.extensions, "SPV_KHR_float_controls")
	}
}

// CarryNaN has exponentials and logarithms of NaN be NaN, and logarithms of 0 and less be −∞ and NaN, on drivers, too, that clamp what they
// are given, as SwiftShader does.
func (b *Block) CarryNaN() { b.careful = true }

// NoContraction calls write. Each sum, difference and product of floats that it writes is rounded by itself, so that all drivers agree;
// elsewhere a driver may compute a·b + c with one rounding. The decoration of the same name says so, as precise does in GLSL.
func (b *Block) NoContraction(write func()) {
	before := b.noContraction
	b.noContraction = true
	write()
	b.noContraction = before
}

func (b *Block) id() ID {
	b.next++
	return b.next - 1
}

func inst(dst []uint32, op uint32, args ...uint32) []uint32 {
	return append(append(dst, uint32(len(args)+1)<<16|op), args...)
}

// emit writes an instruction with a result of type t.
func (b *Block) emit(op uint32, t Type, args ...ID) ID {
	r := b.id()
	b.code = append(b.code, uint32(len(args)+3)<<16|op, uint32(b.typ(t)), uint32(r))
	for _, a := range args {
		b.code = append(b.code, uint32(a))
	}
	if b.noContraction && t.Elem == Float && (op == opFAdd || op == opFSub || op == opFMul) {
		const noContraction = 42
		b.decor = inst(b.decor, opDecorate, uint32(r), noContraction)
	}
	b.typeOf[r] = t
	return r
}

// global returns the type or constant that the instruction makes, made once.
func (b *Block) global(op uint32, a, c, d uint32, make func(r ID)) ID {
	k := key{op, a, c, d}
	if r, ok := b.known[k]; ok {
		return r
	}
	r := b.id()
	b.known[k] = r
	make(r)
	return r
}

// typ returns the ID of a type, which it declares at the first call.
func (b *Block) typ(t Type) ID {
	if t.N > 1 {
		e := b.typ(Type{t.Elem, 1})
		return b.global(opTypeVector, uint32(e), uint32(t.N), 0, func(r ID) {
			b.globals = inst(b.globals, opTypeVector, uint32(r), uint32(e), uint32(t.N))
		})
	}
	return b.global(opTypeVoid, uint32(t.Elem), 0, 0, func(r ID) {
		switch t.Elem {
		case Void:
			b.globals = inst(b.globals, opTypeVoid, uint32(r))
		case Bool:
			b.globals = inst(b.globals, opTypeBool, uint32(r))
		case Int:
			b.globals = inst(b.globals, opTypeInt, uint32(r), 32, 1)
		case Uint:
			b.globals = inst(b.globals, opTypeInt, uint32(r), 32, 0)
		case Float:
			b.globals = inst(b.globals, opTypeFloat, uint32(r), 32)
		case Long:
			b.caps[11] = true // Int64
			b.globals = inst(b.globals, opTypeInt, uint32(r), 64, 0)
		}
	})
}

func (b *Block) ptr(class uint32, elem ID) ID {
	return b.global(opTypePointer, class, uint32(elem), 0, func(r ID) {
		b.globals = inst(b.globals, opTypePointer, uint32(r), class, uint32(elem))
	})
}

// TypeOf returns the type of a value.
func (b *Block) TypeOf(x ID) Type { return b.typeOf[x] }

// bits returns the constant of type t whose components all have these bits.
func (b *Block) bits(t Type, v uint32) ID {
	if t.N > 1 {
		s := b.bits(Type{t.Elem, 1}, v)
		ty := b.typ(t)
		r := b.global(opConstantComposite, uint32(ty), uint32(s), 0, func(r ID) {
			args := []uint32{uint32(ty), uint32(r)}
			for range t.N {
				args = append(args, uint32(s))
			}
			b.globals = inst(b.globals, opConstantComposite, args...)
		})
		b.typeOf[r] = t
		b.zeros[r] = b.zeros[s]
		return r
	}
	ty := b.typ(t)
	r := b.global(opConstant, uint32(ty), v, 0, func(r ID) {
		switch {
		case t.Elem == Bool && v != 0:
			b.globals = inst(b.globals, opConstantTrue, uint32(ty), uint32(r))
		case t.Elem == Bool:
			b.globals = inst(b.globals, opConstantFalse, uint32(ty), uint32(r))
		default:
			b.globals = inst(b.globals, opConstant, uint32(ty), uint32(r), v)
		}
	})
	b.typeOf[r] = t
	if v == 0 || t.Elem == Float && v == 1<<31 {
		b.zeros[r] = true
	}
	return r
}

// Float returns four times the float32 nearest to v.
func (b *Block) Float(v float64) ID {
	return b.bits(Type{Float, 4}, math.Float32bits(float32(v)))
}

// Int returns four times v.
func (b *Block) Int(v int) ID { return b.bits(Type{Int, 4}, uint32(int32(v))) }

// Uint returns four times v.
func (b *Block) Uint(v uint32) ID { return b.bits(Type{Uint, 4}, v) }

// True returns four times true.
func (b *Block) True() ID { return b.bits(Type{Bool, 4}, 1) }

// Index returns the scalar int v, as index arithmetic wants it.
func (b *Block) Index(v int) ID { return b.bits(Type{Int, 1}, uint32(int32(v))) }

// Zero returns the zero of type t.
func (b *Block) Zero(t Type) ID { return b.bits(t, 0) }

// Same returns the constant v in the type of x.
func (b *Block) Same(x ID, v float64) ID {
	t := b.typeOf[x]
	if t.Elem == Float {
		return b.bits(t, math.Float32bits(float32(v)))
	}
	return b.bits(t, uint32(int64(v)))
}

// IsZero tells whether x is a constant whose components are all 0, of either sign.
func (b *Block) IsZero(x ID) bool { return b.zeros[x] }

// Lanes returns the int vector (0, 1, 2, 3).
func (b *Block) Lanes() ID {
	return b.Vec(b.Index(0), b.Index(1), b.Index(2), b.Index(3))
}

// Module ends the shader and returns it, with what a caller has to know.
func (b *Block) Module() *Module {
	w := b.header()
	for _, e := range b.extensions {
		w = inst(w, opExtension, str(e)...)
	}
	w = inst(w, opExtInstImport, append([]uint32{uint32(b.glsl)}, str(glslStd)...)...)
	model := uint32(1) // GLSL450
	if b.vulkan {
		model = 3
	}
	w = inst(w, opMemoryModel, 0, model) // logical addresses
	entry := append([]uint32{5, uint32(b.main)}, str("main")...)
	for _, v := range b.iface {
		entry = append(entry, uint32(v))
	}
	void := b.typ(Type{Void, 1})
	fn := b.global(opTypeFunction, uint32(void), 0, 0, func(r ID) {
		b.globals = inst(b.globals, opTypeFunction, uint32(r), uint32(void))
	})
	w = inst(w, opEntryPoint, entry...)
	w = inst(w, opExecutionMode, uint32(b.main), 17, uint32(b.local[0]), uint32(b.local[1]), uint32(b.local[2]))
	if b.special {
		w = inst(w, opExecutionMode, uint32(b.main), keepSpecial, 32)
	}
	w = append(w, b.decor...)
	w = append(w, b.globals...)
	w = inst(w, opFunction, uint32(void), uint32(b.main), 0, uint32(fn))
	w = inst(w, opLabel, uint32(b.entry))
	w = append(w, b.vars...)
	w = append(w, b.code...)
	w = inst(w, opReturn)
	w = inst(w, opFunctionEnd)
	w[3] = uint32(b.next)
	return &Module{
		Name: b.name, Words: w, Entry: "main", Local: b.local, LocalID: [3]int{-1, -1, -1},
		Bindings: b.binds, Subgroup: b.subgroup,
	}
}

// Count returns how many instructions have been written, those apart that are transcendental functions.
func (b *Block) Count() (plain, functions int) {
	for at := 0; at < len(b.code); at += int(b.code[at] >> 16) {
		if b.code[at]&0xffff == opExtInst && b.code[at+4] >= uint32(Sin) && b.code[at+4] <= uint32(InvSqrt) {
			functions++
			continue
		}
		plain++
	}
	return plain, functions
}

// header returns the first words of the module, with its capabilities; word 3, the bound of all ids, is still to be set.
func (b *Block) header() []uint32 {
	w := []uint32{0x07230203, 0x00010300, 0, 0, 0}
	for _, c := range slices.Sorted(maps.Keys(b.caps)) { // in order, so that equal shaders have equal bytes
		w = inst(w, opCapability, c)
	}
	return w
}

// keepSpecial is the execution mode SignedZeroInfNanPreserve.
const keepSpecial = 4461

const glslStd = "GLSL.std.450"

func str(s string) []uint32 {
	w := make([]uint32, len(s)/4+1)
	for i := range len(s) {
		w[i/4] |= uint32(s[i]) << (8 * (i % 4))
	}
	return w
}

// The opcodes that a Block uses (SPIR-V specification, section 3.42).
const (
	opExtension         = 10
	opExtInstImport     = 11
	opExtInst           = 12
	opMemoryModel       = 14
	opEntryPoint        = 15
	opExecutionMode     = 16
	opCapability        = 17
	opTypeVoid          = 19
	opTypeBool          = 20
	opTypeInt           = 21
	opTypeFloat         = 22
	opTypeVector        = 23
	opTypeImage         = 25
	opTypeArray         = 28
	opTypeRuntimeArray  = 29
	opTypeStruct        = 30
	opTypePointer       = 32
	opTypeFunction      = 33
	opConstantTrue      = 41
	opConstantFalse     = 42
	opConstant          = 43
	opConstantComposite = 44
	opFunction          = 54
	opFunctionParameter = 55
	opFunctionEnd       = 56
	opVariable          = 59
	opLoad              = 61
	opStore             = 62
	opAccessChain       = 65
	opDecorate          = 71
	opMemberDecorate    = 72
	opCompositeBuild    = 80
	opCompositeExtract  = 81
	opImageRead         = 98
	opVectorShuffle     = 79
	opBitcast           = 124
	opFAdd              = 129
	opFSub              = 131
	opFMul              = 133
	opShiftRight        = 194
	opControlBarrier    = 224
	opLoopMerge         = 246
	opSelectionMerge    = 247
	opLabel             = 248
	opBranch            = 249
	opBranchConditional = 250
	opReturn            = 253
	opReturnValue       = 254
	opElect             = 333
	opShuffleXor        = 346
)
