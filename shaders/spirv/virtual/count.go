package virtual

// CountRounds runs the first workgroup of a dispatch and returns how many rounds an invocation goes, on average, in that of the outermost
// loops in which most is done; 1: there is none. Faults are not looked for: memory may be short,
// and hold anything. A loop that does not end for that is counted as far as it was run.
func CountRounds(d *Dispatch, o Options) float64 {
	r := newRun(d, o)
	k, g := d.Kernel, &r.group
	for i := range k.code {
		r.seen[i] = true
	}
	g.begin(0)
	hits, ran := make([]int, len(k.code)), 0
	for going := true; going && ran < endless*len(g.pool); going = g.meet() {
		for _, v := range g.pool {
			for v.state == running && ran < endless*len(g.pool) {
				ran++
				i := &k.code[v.pc]
				hits[v.pc]++
				i.do(v, i)
				if v.state == running {
					v.pc++
				}
			}
		}
	}
	in := make([]int, len(k.loops)) // instructions that ran in each outermost loop
	most, rounds := 0, 1.0
	for pc, n := range hits {
		if loops := k.code[pc].loops; len(loops) > 0 {
			in[loops[0]] += n
		}
	}
	for l, n := range in {
		if n > most {
			most, rounds = n, max(1, float64(hits[k.loops[l].head])/float64(len(g.pool))-1) // the head is come to once more to leave
		}
	}
	k.give(g.pool)
	return rounds
}
