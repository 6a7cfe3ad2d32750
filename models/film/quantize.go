package film

// quantize returns at most most colours (256 or fewer) that represent others, and for each of the others the index of its representative.
//
// It repeatedly splits the set of colours with the largest error, across its widest channel at the mean (Wu 1991 calls this variance-based;
// he finds better splits in twice the time). The mean represents a set.
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

// A colourSet is a subset of the colours.
type colourSet struct {
	members []int
	mean    [3]float64
	widest  int     // channel with the largest variance
	err     float64 // sum of squared distances to the mean
}

// newColourSet returns the set of some of the colours, with their mean and the channel in which they vary most.
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
		spread := n*squares[k] - sum[k]*sum[k] // n² times the variance, in whole numbers, so 0 for equal colours
		total += spread
		if spread > most {
			s.widest, most = k, spread
		}
	}
	s.err = float64(total) / float64(n)
	return s
}

// split divides a set, which it reorders, in two; false if all colours are equal.
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
