package virtual

// An instruction with its operands resolved to registers, and with what carries it out.
type instruction struct {
	op    uint32
	do    does
	t     *typ     // of the result
	id    uint32   // of the result
	res   int      // register of the result
	n     int      // cells of the result
	w     []uint32 // the operands, undecoded
	a     []int    // registers of operands, or −1
	from  *typ     // of the first operand
	to    []int    // where a branch goes
	chain chain    // of an access chain
	loop  int      // of a label that begins one: its number; else −1
	loops []int    // those that it is in, the outermost first

	product *instruction // of a sum that may be contracted: its operand
	second  bool         // which is the second
}

// does carries an instruction out. An invocation that then waits, or has ended, is no longer running; others go on with the next
// instruction.
type does func(v *invocation, i *instruction)

// extension is added to the number of an instruction of GLSL.std.450.
const extension = 0x10000

// operations are the instructions that are known, but for those that scalar computes.
var operations = map[uint32]does{
	0: (*invocation).nothing, 225: (*invocation).nothing, // OpNop, OpMemoryBarrier
	1:  (*invocation).undefined,
	57: (*invocation).call, 245: (*invocation).phi, 248: (*invocation).label,
	249: (*invocation).branch, 250: (*invocation).branchIf, 251: (*invocation).choose,
	253: (*invocation).back, 254: (*invocation).back, 255: (*invocation).unreachable,
	61: (*invocation).loads, 62: (*invocation).stores, 65: (*invocation).follow, 66: (*invocation).follow, 98: (*invocation).texel,
	77: (*invocation).extractAt, 79: (*invocation).shuffle, 80: (*invocation).construct, 81: (*invocation).extract, 82: (*invocation).insert,
	83: (*invocation).duplicate, 124: (*invocation).bitcast, 142: (*invocation).scale, 148: (*invocation).dot, 151: (*invocation).wideProduct,
	154: (*invocation).anyOrAll, 155: (*invocation).anyOrAll, 169: (*invocation).choice,
	extension + 58: (*invocation).packHalves, extension + 62: (*invocation).unpackHalves,

	224: (*invocation).meetAll,
	333: (*invocation).meet, 337: (*invocation).meet, 345: (*invocation).meet, 346: (*invocation).meet,
	349: (*invocation).meet, 350: (*invocation).meet, 351: (*invocation).meet, 352: (*invocation).meet, 353: (*invocation).meet,
	354: (*invocation).meet, 355: (*invocation).meet, 356: (*invocation).meet, 357: (*invocation).meet, 358: (*invocation).meet,
	loadMatrixKHR: (*invocation).meet, storeMatrixKHR: (*invocation).meet, mulAddKHR: (*invocation).meet,
	loadMatrixNV: (*invocation).meet, storeMatrixNV: (*invocation).meet, mulAddNV: (*invocation).meet,
	359: (*invocation).meet, 360: (*invocation).meet, 362: (*invocation).meet, 363: (*invocation).meet,
}

// operation returns what carries an instruction out, nil if nothing does.
func operation(i *instruction) does {
	if do := operations[i.op]; do != nil {
		return do
	}
	if _, ok := scalar(i, 1, 1, 1); ok && i.t != nil && len(i.a) > 0 && i.a[0] >= 0 {
		return (*invocation).compute
	}
	return nil
}

// A loop lies between two labels of the code. Its control says whether drivers are to write it out.
type loop struct {
	head, end int
	control   uint32
}

// body reads an instruction of a function.
func (k *Kernel) body(current, op uint32, w []uint32) uint32 {
	i := instruction{op: op, w: w, res: -1, loop: -1}
	switch op {
	case 8, 247, 317: // lines, merges of branches
		return current
	case 246: // OpLoopMerge: of the block that ends here
		k.merges = append(k.merges, [3]int{k.block, int(w[0]), int(w[2])})
		return current
	case 54: // OpFunction
		k.funcs[w[1]] = len(k.code)
		k.of[w[1]] = k.types[w[0]]
		return w[1]
	case 55: // OpFunctionParameter
		k.params[current] = append(k.params[current], k.define(w[1], k.types[w[0]]))
		k.named[w[1]] = "argument " + k.names[w[1]]
		return current
	case 56: // OpFunctionEnd
		return 0
	case 59:
		v := k.variable(w)
		if v.init < 0 {
			return current
		}
		i.op, i.w = 62, []uint32{w[1], w[3]} // a store of its first value
	case 248:
		k.block = len(k.code)
		k.labels[w[0]] = k.block
	case 0, 62, 249, 250, 251, 252, 253, 254, 224, 225, 255, storeMatrixKHR, storeMatrixNV: // no result
	default:
		i.t, i.id = k.types[w[0]], w[1]
		i.res = k.define(w[1], i.t)
		i.n = i.t.cells
		i.w = w[2:]
		k.made[i.id] = len(k.code)
	}
	k.code = append(k.code, i)
	return current
}

// resolve turns ids into registers and places of the code, now that all are known.
func (k *Kernel) resolve() {
	for _, m := range k.merges {
		k.code[m[0]].loop = len(k.loops)
		k.loops = append(k.loops, loop{m[0], k.labels[uint32(m[1])], uint32(m[2])})
	}
	for n := range k.code {
		i := &k.code[n]
		for _, id := range i.w {
			at, ok := k.reg[id]
			if !ok {
				at = -1
			}
			i.a = append(i.a, at)
		}
		if len(i.w) > 0 {
			i.from = k.of[i.w[0]]
		}
		switch i.op {
		case 12: // OpExtInst: set, instruction, operands
			if i.w[0] != k.glsl {
				k.fail("an instruction set other than GLSL.std.450")
			}
			i.op, i.w, i.a = extension+i.w[1], i.w[2:], i.a[2:]
			i.from = k.of[i.w[0]]
		case 57:
			i.to = []int{k.funcs[i.w[0]]}
		case 65, 66:
			i.chain = k.links(i)
		case 249:
			i.to = k.targets(i.w...)
		case 250:
			i.to = k.targets(i.w[1:3]...)
		case 251:
			i.to = k.targets(i.w[1])
			for c := 3; c < len(i.w); c += 2 {
				i.to = append(i.to, k.targets(i.w[c])...)
			}
		}
		if i.do = operation(i); i.do == nil {
			k.fail("the instruction %d is not known", i.op)
		}
		if k.contractible(i) {
			i.do = (*invocation).contracted
		}
		for l, at := range k.loops {
			if at.head < n && n < at.end {
				i.loops = append(i.loops, l)
			}
		}
	}
}

// contractible tells whether a device may round a sum or difference of floats together with the product that is one of its operands, and
// finds that.
func (k *Kernel) contractible(i *instruction) bool {
	const sum, difference, product, noContraction = 129, 131, 133, 42
	if i.op != sum && i.op != difference || k.decorated(i.id, i.t, noContraction) {
		return false
	}
	for n, id := range i.w {
		at, ok := k.made[id]
		if ok && k.code[at].op == product && !k.decorated(id, i.t, noContraction) {
			i.product, i.second = &k.code[at], n == 1
			return true
		}
	}
	return false
}

func (k *Kernel) targets(labels ...uint32) []int {
	var to []int
	for _, l := range labels {
		to = append(to, k.labels[l]-1) // what comes next is the label
	}
	return to
}

// A chain is where a pointer leads from the one that it begins with: so far, and farther with each index.
type chain struct {
	more  uint64
	links []link
}

// A link multiplies an index, which must lie below n unless that is 0.
type link struct{ reg, scale, n int }

// links resolves an access chain.
func (k *Kernel) links(i *instruction) chain {
	t, class := i.from.elem, i.from.class
	bytes := class == storageBuffer || class == uniform
	var c chain
	for _, at := range i.a[1:] {
		switch {
		case t.kind == kStruct: // by a constant
			m := int(k.regs[at])
			if bytes {
				c.more += uint64(t.offsets[m])
			} else {
				for _, before := range t.members[:m] {
					c.more += uint64(before.cells)
				}
			}
			t = t.members[m]
			continue
		case class == input: // a component of a built-in variable
			c.more += 1 << 16
			c.links = append(c.links, link{at, 1 << 16, t.n})
		case bytes:
			c.links = append(c.links, link{at, t.stride, t.n})
		default:
			c.links = append(c.links, link{at, t.elem.cells, t.n})
		}
		t = t.elem
	}
	return c
}

// Watch calls see each time after the instruction has been carried out that computes id, for each component with its result and its
// operands, at most three; of a branch on id, with the condition alone. The kernel is then for one dispatch at a time.
func (k *Kernel) Watch(id uint32, branch bool, see func(result uint64, a [3]uint64)) {
	for n := range k.code {
		i := &k.code[n]
		if branch && (i.op != 250 || i.w[0] != id) || !branch && (i.id != id || i.id == 0) {
			continue
		}
		do := i.do
		i.do = func(v *invocation, i *instruction) {
			if branch {
				see(v.regs[i.a[0]], [3]uint64{})
			}
			do(v, i)
			for c := range i.n {
				var a [3]uint64
				for n := range min(len(i.a), 3) {
					if at := i.a[n]; at >= 0 {
						a[n] = v.regs[at+min(c, v.kernel.of[i.w[n]].cells-1)]
					}
				}
				see(v.regs[i.res+c], a)
			}
		}
	}
}
