package record

import (
	"math"
	"slices"
)

// item holds the files of a step.
type item struct {
	step  int
	size  int64
	files []string
}

// A series is the items of one kind, in the order of their steps.
type series struct {
	items []item
	size  int64
}

// add adds an item, or replaces the one of the same step. It returns the files of the replaced item that the new one does not have.
func (s *series) add(it item) (stale []string) {
	i, found := slices.BinarySearchFunc(s.items, it.step, func(a item, step int) int { return a.step - step })
	if found {
		for _, f := range s.items[i].files {
			if !slices.Contains(it.files, f) {
				stale = append(stale, f)
			}
		}
		s.size -= s.items[i].size
		s.items[i] = it
	} else {
		s.items = slices.Insert(s.items, i, it)
	}
	s.size += it.size
	return stale
}

// thin removes items until the rest fit into a budget. Each time it removes the one whose neighbours have the smallest ratio of steps, so
// that the remaining steps are spaced evenly in their logarithms. The first and the newest always stay.
func (s *series) thin(budget int64) error {
	for s.size > budget && len(s.items) > 2 {
		least, at := math.Inf(1), 0
		for i := 1; i < len(s.items)-1; i++ {
			if gap := math.Log(float64(s.items[i+1].step)+1) - math.Log(float64(s.items[i-1].step)+1); gap < least {
				least, at = gap, i
			}
		}
		if err := remove(s.items[at].files...); err != nil {
			return err
		}
		s.size -= s.items[at].size
		s.items = slices.Delete(s.items, at, at+1)
	}
	return nil
}
