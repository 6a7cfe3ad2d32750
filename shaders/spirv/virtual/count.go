package virtual

// Mesa's compilers unroll a loop without being asked if it has at most writtenRounds rounds, which together have at most writtenOut
// instructions.
const writtenRounds, writtenOut = 32, 26 * 32

// countable is how many instructions of an invocation are counted at most: more than any kernel of a training step has. Products of large
// models have a million.
const countable = 4_000_000

// Executed runs the first workgroup of a dispatch and counts the instructions that it executes. It divides them by the number that a
// compiler expects, which does not know how many rounds the loops have that it does not unroll: reckoned returns the rounds that it assumes
// for a loop inside of within other loops. A ratio of 3 means that the compiler's estimate is to be multiplied by 3.
//
// Faults are not reported. Memory may be shorter than the kernel expects, and have any content. If a loop therefore never ends, the result
// is 0.
func Executed(d *Dispatch, o Options, reckoned func(within int) float64) float64 {
	r := newRun(d, o)
	k, g := d.Kernel, &r.group
	for i := range k.code {
		r.seen[i] = true
	}
	ends := make([]int, len(k.code)) // of loops: their numbers, from 1
	for l, at := range k.loops {
		ends[at.end] = l + 1
	}
	g.begin(0)
	root, ran := newPath(k, nil, 0), 0
	in := make([]*path, len(g.pool))
	for i := range in {
		in[i] = root
	}
	for going := true; going; going = g.meet() {
		for n, v := range g.pool {
			for v.state == running {
				if ran++; ran > countable*len(g.pool) {
					return 0
				}
				i := &k.code[v.pc]
				in[n] = in[n].count(k, v, ends[v.pc])
				i.do(v, i)
				if v.state == running {
					v.pc++
				}
			}
		}
	}
	executed, assumed := root.sums(k, reckoned, 0, 1)
	k.give(g.pool)
	if assumed == 0 {
		return 1
	}
	return executed / assumed
}

// A path is a way into a function: through which calls.
type path struct {
	from  *path
	at    int // the last of them
	calls map[int]*path
	hits  []int  // of each instruction
	trips []trip // of each loop
}

// A trip is how often a loop was gone through.
type trip struct {
	ends, rounds, first int
	varies              bool
}

func newPath(k *Kernel, from *path, at int) *path {
	return &path{from, at, map[int]*path{}, make([]int, len(k.code)), make([]trip, len(k.loops))}
}

// count counts the instruction that an invocation is at, which may be behind a loop. It returns the path of the next one.
func (p *path) count(k *Kernel, v *invocation, ends int) *path {
	p.hits[v.pc]++
	if ends > 0 {
		t, n := &p.trips[ends-1], v.rounds[ends-1]
		if t.ends == 0 {
			t.first = n
		}
		t.varies = t.varies || n != t.first
		t.ends, t.rounds = t.ends+1, t.rounds+n
	}
	switch k.code[v.pc].op {
	case 57: // OpFunctionCall
		next := p.calls[v.pc]
		if next == nil {
			next = newPath(k, p, v.pc)
			p.calls[v.pc] = next
		}
		return next
	case 253, 254: // OpReturn, OpReturnValue
		if p.from != nil {
			return p.from
		}
	}
	return p
}

// sums returns the cost of what was executed on a path and those that go on from it, and what it would be with as many rounds as reckoned.
// within loops surround the call that begins the path, and times is the product of their reckoned rounds over their real ones.
func (p *path) sums(k *Kernel, reckoned func(within int) float64, within int, times float64) (executed, assumed float64) {
	stays := make([]bool, len(p.trips))
	for l, t := range p.trips {
		stays[l] = t.ends > 0 && !k.writtenOut(l, t)
	}
	at := func(pc int) (int, float64) {
		depth, all := within, times
		for _, l := range k.code[pc].loops {
			if t := p.trips[l]; stays[l] {
				if t.rounds > 0 {
					all *= reckoned(depth) * float64(t.ends) / float64(t.rounds)
				}
				depth++
			}
		}
		return depth, all
	}
	for pc, n := range p.hits {
		if n > 0 {
			c := float64(n) * k.cost(pc)
			_, all := at(pc)
			executed, assumed = executed+c, assumed+c*all
		}
	}
	for pc, next := range p.calls {
		depth, all := at(pc)
		e, a := next.sums(k, reckoned, depth, all)
		executed, assumed = executed+e, assumed+a
	}
	return executed, assumed
}

// writtenOut tells whether drivers write a loop out: as it says itself, or because it is short.
func (k *Kernel) writtenOut(l int, t trip) bool {
	const unroll, dontUnroll = 1, 2
	control := k.loops[l].control
	if control&(unroll|dontUnroll) != 0 {
		return control&unroll != 0
	}
	all := 0.0
	for pc := k.loops[l].head; pc < k.loops[l].end; pc++ {
		all += k.cost(pc) * float64(t.first)
	}
	return !t.varies && t.first <= writtenRounds && all <= writtenOut
}

// cost is roughly how many instructions of a machine an instruction becomes: one a component for arithmetic, one for access to memory that
// is shared, and none for what only names or moves a value.
func (k *Kernel) cost(pc int) float64 {
	i := &k.code[pc]
	switch {
	case i.product != nil: // is added to a product without a further instruction
		return 0
	case i.op == 61 || i.op == 62: // OpLoad, OpStore
		if i.from != nil && (i.from.class == storageBuffer || i.from.class == workgroup || i.from.class == uniform) {
			return 1
		}
		return 0
	case i.op >= 79 && i.op <= 83, i.op == 65, i.op == 66, i.op == 57, i.op == 245, i.op == 248, i.op == 124:
		return 0
	case i.res < 0: // branches, barriers
		return 1
	}
	return float64(i.n)
}
