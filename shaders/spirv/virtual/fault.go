package virtual

import (
	"fmt"
	"strings"
)

// A Fault is something that a real device may do anything with.
type Fault struct {
	Kernel     string
	What       string
	At         string // the address, as binding 2, byte 12
	Expression string // of the address or the condition, as the kernel computes it; empty where a fault is of the whole dispatch
	Invocation [3]int // local
	Group      [3]int
	Code       int // number of the instruction; negative where it is of none
}

func (f Fault) Error() string {
	said := f.Kernel + ": " + strings.TrimSpace(f.What+" "+f.At)
	if f.Code < 0 {
		return said
	}
	return fmt.Sprintf("%s in %s by invocation %v of group %v, instruction %d", said, f.Expression, f.Invocation, f.Group, f.Code)
}

// fault reports what an invocation does wrong where it is.
func (v *invocation) fault(what, at string) {
	k, r := v.kernel, v.group.run
	if r.seen[v.pc] {
		return
	}
	r.report(Fault{Kernel: k.module.Name, What: what, At: at, Expression: k.describe(v.at()), Invocation: v.local, Group: v.group.id, Code: v.pc})
}

// builtins are the names of input variables.
var builtins = map[int]string{
	24: "groups", 25: "workgroup size", 26: "group", 27: "local", 28: "global", 29: "local index",
	36: "subgroup size", 38: "subgroups", 40: "subgroup", 41: "lane",
}

// infix are the operations that are written between their operands.
var infix = map[uint32]string{
	128: "+", 129: "+", 130: "−", 131: "−", 132: "·", 133: "·", 134: "/", 135: "/", 136: "/", 137: "mod", 138: "mod", 139: "mod", 141: "mod",
	164: "=", 170: "=", 180: "=", 165: "≠", 171: "≠", 183: "≠", 166: "or", 167: "and", 194: ">>", 195: ">>", 196: "<<", 197: "|", 198: "xor", 199: "&",
	172: ">", 173: ">", 186: ">", 174: "≥", 175: "≥", 190: "≥", 176: "<", 177: "<", 184: "<", 178: "≤", 179: "≤", 188: "≤",
}

// prefix are the operations that are written before their operands.
var prefix = map[uint32]string{
	126: "−", 127: "−", 168: "not ", 109: "uint ", 110: "int ", 111: "float ", 112: "float ", 333: "elect", 337: "broadcast", 345: "shuffle", 346: "shuffle by xor",
	extension + 38: "min", extension + 39: "min", extension + 37: "min", extension + 41: "max", extension + 42: "max", extension + 40: "max", extension + 45: "clamp",
	349: "subgroup sum", 350: "subgroup sum", 351: "subgroup product", 352: "subgroup product", 356: "subgroup max", 358: "subgroup max", 353: "subgroup min", 355: "subgroup min",
}

// describe says what an instruction does, as a formula.
func (k *Kernel) describe(i *instruction) string {
	const depth = 5
	switch i.op {
	case 61, 250, 251:
		return k.formula(i.w[0], depth)
	case 62:
		return k.formula(i.w[0], depth) + " ← …"
	case 98:
		return k.formula(i.w[0], depth) + "[" + k.formula(i.w[1], depth) + "]"
	case 224:
		return "a barrier"
	case loadMatrixKHR, loadMatrixNV, storeMatrixKHR, storeMatrixNV:
		return "a matrix at " + k.formula(i.w[0], depth)
	}
	return k.formula(i.id, depth)
}

// formula says how a value is computed, so many operations deep.
func (k *Kernel) formula(id uint32, depth int) string {
	if s, ok := k.named[id]; ok {
		return s
	}
	n, ok := k.made[id]
	switch {
	case !ok:
		return k.literal(id)
	case depth == 0:
		return "…"
	}
	i := &k.code[n]
	switch i.op { // what says little costs nothing
	case 61, 65, 66, 81, 83, 124:
	default:
		depth--
	}
	of := func(n int) string { return k.formula(i.w[n], depth) }
	list := func(from int) string {
		var all []string
		for n := from; n < len(i.w); n++ {
			all = append(all, of(n))
		}
		return strings.Join(all, ", ")
	}
	switch {
	case i.op == 57:
		return k.names[i.w[0]] + "(" + list(1) + ")"
	case i.op == 61 || i.op == 83 || i.op == 124:
		return of(0)
	case i.op == 65 || i.op == 66:
		s, t := of(0), i.from.elem
		for n := range i.w[1:] {
			if t.kind != kStruct {
				s += "[" + of(1+n) + "]"
				t = t.elem
				continue
			}
			t = t.members[k.regs[i.a[1+n]]]
		}
		return s
	case i.op == 80:
		return "(" + list(0) + ")"
	case i.op == 81:
		return of(0) + "." + string("xyzw"[i.w[1]%4])
	case i.op == 98:
		return of(0) + "[" + of(1) + "]"
	case i.op == 169:
		return "(" + of(0) + " ? " + of(1) + " : " + of(2) + ")"
	case infix[i.op] != "":
		return "(" + of(0) + " " + infix[i.op] + " " + of(1) + ")"
	case i.op >= 349 && i.op <= 363: // scope, reduction, operand
		return prefix[i.op] + "(" + list(2) + ")"
	case i.op >= 333 && i.op <= 346:
		return prefix[i.op] + "(" + list(1) + ")"
	case prefix[i.op] != "":
		return prefix[i.op] + "(" + list(0) + ")"
	}
	return fmt.Sprintf("%%%d", id)
}

// literal writes a constant.
func (k *Kernel) literal(id uint32) string {
	t := k.of[id]
	if t == nil || t.cells != 1 {
		return fmt.Sprintf("%%%d", id)
	}
	x := k.regs[k.reg[id]]
	switch {
	case t.kind == kFloat:
		return fmt.Sprint(f32(x))
	case t.kind == kBool:
		return fmt.Sprint(x != 0)
	}
	return fmt.Sprint(int32(x))
}

// title is what a variable is called in a formula.
func (k *Kernel) title(v *variable) string {
	switch {
	case v.class == input:
		return builtins[v.builtin]
	case v.binding >= 0:
		return fmt.Sprintf("binding %d", v.binding)
	case v.class == workgroup:
		return strings.TrimSpace("shared " + k.names[v.id])
	case k.names[v.id] != "":
		return k.names[v.id]
	}
	return fmt.Sprintf("variable %d", v.id)
}
