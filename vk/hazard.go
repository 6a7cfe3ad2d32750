package vk

// An extent is a range of bytes of one buffer.
type extent struct {
	buffer uint64
	lo, hi int
}

func (e extent) overlaps(f extent) bool { return e.buffer == f.buffer && e.lo < f.hi && f.lo < e.hi }

// hazards decides where barriers are needed, from what each command reads and writes. A barrier orders everything before it with everything
// after it, so only the commands since the last barrier matter.
type hazards struct {
	reads, writes []extent
}

// before tells whether a command that reads and writes these extents needs a barrier before it, and records the command.
func (h *hazards) before(reads, writes []extent) bool {
	need := anyOverlap(reads, h.writes) || anyOverlap(writes, h.writes) || anyOverlap(writes, h.reads)
	if need {
		h.reads, h.writes = h.reads[:0], h.writes[:0]
	}
	h.reads = append(h.reads, reads...)
	h.writes = append(h.writes, writes...)
	return need
}

// anyOverlap tells whether an extent of a overlaps one of b.
func anyOverlap(a, b []extent) bool {
	for _, x := range a {
		for _, y := range b {
			if x.overlaps(y) {
				return true
			}
		}
	}
	return false
}
