package walk

// quantize returns at most most colours, 256 or fewer, for others, and for each of these the number of the one that stands for it.
//
// It splits the set of colours whose error is the largest, across its widest channel at the mean, until there are as many sets
// (Wu 1991 calls this variance-based; he finds better places to split, for twice the time). A set's mean stands for it.
func quantize(colours []rgb, most int) (palette []rgb, number []byte) {
	if len(colours) == 0 {
		return nil, nil
	}
	members := make([]int, len(colours))
	for i := range members {
		members[i] = i
	}
	sets := []colourSet{newColourSet(colours, members)}
	for len(sets) < most {
		worst := 0
		for i := range sets {
			if sets[i].err > sets[worst].err {
				worst = i
			}
		}
		a, b, ok := sets[worst].split(colours)
		if !ok {
			break
		}
		sets[worst] = a
		sets = append(sets, b)
	}
	number = make([]byte, len(colours))
	for k, s := range sets {
		palette = append(palette, rgb{uint8(s.mean[0] + 0.5), uint8(s.mean[1] + 0.5), uint8(s.mean[2] + 0.5)})
		for _, i := range s.members {
			number[i] = byte(k)
		}
	}
	return palette, number
}

// A colourSet is some of the colours.
type colourSet struct {
	members []int
	mean    [3]float64
	widest  int     // the channel of the largest variance
	err     float64 // the sum of squares of the distances to the mean
}

func newColourSet(colours []rgb, members []int) colourSet {
	var sum, squares [3]int
	for _, i := range members {
		for k, v := range colours[i] {
			sum[k] += int(v)
			squares[k] += int(v) * int(v)
		}
	}
	s, n, most := colourSet{members: members}, len(members), -1
	total := 0
	for k := range sum {
		s.mean[k] = float64(sum[k]) / float64(n)
		spread := n*squares[k] - sum[k]*sum[k] // n² times the variance: whole numbers, so 0 where all are equal
		total += spread
		if spread > most {
			s.widest, most = k, spread
		}
	}
	s.err = float64(total) / float64(n)
	return s
}

// split halves a set, which it reorders; false where all colours are the same.
func (s colourSet) split(colours []rgb) (a, b colourSet, ok bool) {
	if s.err == 0 {
		return a, b, false
	}
	m, low := s.members, 0
	for i := range m {
		if float64(colours[m[i]][s.widest]) <= s.mean[s.widest] {
			m[i], m[low] = m[low], m[i]
			low++
		}
	}
	return newColourSet(colours, m[:low]), newColourSet(colours, m[low:]), true
}
