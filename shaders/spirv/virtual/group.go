package virtual

import "fmt"

// A group is the workgroup that runs.
type group struct {
	run          *run
	pool         []*invocation
	number       int32
	id           [3]int
	epoch        int32 // barriers so far that order shared memory
	storageEpoch int32 // barriers so far that order buffers
	shared       []uint64
	unknown      []uint64
	shadow       []access

	results, unknowns []uint64 // of an operation of a subgroup
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
	for _, v := range g.pool {
		v.begin(int32(n)*int32(len(g.pool)) + int32(v.index))
	}
}

// endless is how many instructions at most an invocation runs: more than the kernels of small tests have.
const endless = 500_000

func (g *group) subgroups() int { return (len(g.pool) + g.run.o.Subgroup - 1) / g.run.o.Subgroup }

// finish runs the workgroup to its end: at random one invocation after the other, each for a few instructions.
//
//go:norace
func (g *group) finish() {
	ready := make([]*invocation, 0, len(g.pool))
	for {
		ready = ready[:0]
		for _, v := range g.pool {
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
			if ready[n].ran > endless {
				ready[n].fault("runs on and on,", "")
				return
			}
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
	for lo := 0; lo < len(g.pool); lo += size {
		lanes := g.pool[lo:min(lo+size, len(g.pool))]
		if together(lanes, atSubgroup) {
			g.combine(lanes, lanes[0].at())
			went = true
		}
	}
	if went {
		return true
	}
	if together(g.pool, atBarrier) {
		i := g.pool[0].at()
		semantics := uint32(g.pool[0].regs[i.a[2]])
		if semantics&0x100 != 0 {
			g.epoch++
		}
		if semantics&0x40 != 0 {
			g.storageEpoch++
		}
		for _, v := range g.pool {
			v.pc, v.state = v.pc+1, running
		}
		return true
	}
	for _, v := range g.pool {
		switch v.state {
		case atBarrier:
			v.fault("waits for others of its workgroup that do not come", "here, or in another round of the loop")
			return false
		case atSubgroup:
			v.fault("waits for others of its subgroup that do not come", "here, or in another round of the loop")
			return false
		}
	}
	return false
}

// at returns the instruction that an invocation is at.
//
//go:norace
func (v *invocation) at() *instruction { return &v.kernel.code[v.pc] }

// together tells whether all wait in one state at one instruction, and in the same round of each loop that it is in.
//
//go:norace
func together(lanes []*invocation, s state) bool {
	first := lanes[0]
	for _, v := range lanes {
		if v.state != s || v.pc != first.pc {
			return false
		}
	}
	for _, l := range first.at().loops {
		for _, v := range lanes[1:] {
			if v.rounds[l] != first.rounds[l] {
				return false
			}
		}
	}
	return true
}

// combine does an operation of a subgroup.
//
//go:norace
func (g *group) combine(lanes []*invocation, i *instruction) {
	g.results, g.unknowns = g.results[:0], g.unknowns[:0]
	switch i.op {
	case loadMatrixKHR, storeMatrixKHR, mulAddKHR, loadMatrixNV, storeMatrixNV, mulAddNV:
		g.matrix(lanes, i)
		return
	case 333: // Elect
		for n := range lanes {
			g.results, g.unknowns = append(g.results, boolean(n == 0)), append(g.unknowns, 0)
		}
	case 337, 345, 346: // Broadcast, Shuffle, ShuffleXor
		for n, v := range lanes {
			from := g.from(lanes, n, i)
			if i.op == 337 && v.regs[i.a[2]] != lanes[0].regs[i.a[2]] {
				v.fault("broadcasts from an invocation that is not the same for all of its subgroup,", fmt.Sprintf("number %d", v.regs[i.a[2]]))
			}
			g.results, g.unknowns = append(g.results, from.regs[i.a[1]:i.a[1]+i.n]...), append(g.unknowns, from.unknown[i.a[1]:i.a[1]+i.n]...)
		}
	default:
		g.results = append(g.results, lanes[0].regs[i.a[2]:i.a[2]+i.n]...)
		unknown := lanes[0].unknownIn(i.a[2], i.n)
		for _, v := range lanes[1:] {
			reduce(g.results, v.regs[i.a[2]:], i)
			unknown |= v.unknownIn(i.a[2], i.n)
		}
		for range i.n {
			g.unknowns = append(g.unknowns, unknown)
		}
		for range lanes[1:] {
			g.results, g.unknowns = append(g.results, g.results[:i.n]...), append(g.unknowns, g.unknowns[:i.n]...)
		}
	}
	for n, v := range lanes {
		copy(v.regs[i.res:i.res+i.n], g.results[n*i.n:])
		copy(v.unknown[i.res:i.res+i.n], g.unknowns[n*i.n:])
		v.pc, v.state = v.pc+1, running
	}
}

// from is the invocation that lane n reads from.
//
//go:norace
func (g *group) from(lanes []*invocation, n int, i *instruction) *invocation {
	v := lanes[n]
	to := int(uint32(v.regs[i.a[2]]))
	if v.unknown[i.a[2]] != 0 {
		v.fault("reads from an invocation that nobody has written the number of", "")
	}
	if i.op == 346 {
		to ^= n
	}
	if to >= len(lanes) {
		v.fault("reads from an invocation that its subgroup has not,", fmt.Sprintf("number %d of %d", to, len(lanes)))
		to = n
	}
	return lanes[to]
}

// reduce combines the numbers of one more invocation with those of others.
//
//go:norace
func reduce(out, more []uint64, i *instruction) {
	for c := range i.n {
		x, y := out[c], more[c]
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
