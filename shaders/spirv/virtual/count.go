package virtual

// CountRounds runs the first workgroup of a dispatch and returns how many rounds an invocation goes, on average, in that of the outermost
// loops in which most is done; 1: there is none. Faults are not looked for: memory may be short, and hold anything.
func CountRounds(d *Dispatch, o Options) float64 {
	r := newRun(d, o)
	k, g := d.Kernel, &r.group
	for i := range k.code {
		r.seen[i] = true
	}
	g.begin(0)
	hits := make([]int, len(k.code))
	for going := true; going; going = g.meet() {
		for _, v := range g.pool {
			for v.state == running {
				i := &k.code[v.pc]
				hits[v.pc]++
				i.do(v, i)
				if v.state == running {
					v.pc++
				}
			}
		}
	}
	ran := make([]int, len(k.loops))
	most, rounds := 0, 1.0
	for pc, n := range hits {
		if in := k.code[pc].loops; len(in) > 0 {
			ran[in[0]] += n
		}
	}
	for l, n := range ran {
		if n > most {
			most, rounds = n, max(1, float64(hits[k.loops[l].head])/float64(len(g.pool))-1) // the head is come to once more to leave
		}
	}
	k.give(g.pool)
	return rounds
}
