package settings

import "strings"

// Nearest returns the known word that a misspelt one most likely stands for, or "" if none is similar. Words are similar if at most a third
// of the letters are missing, added, replaced or swapped with their neighbour (optimal string alignment distance).
func Nearest(word string, known []string) string {
	return nearest(word, known, len(word), distance)
}

// nearestKey is Nearest for dotted keys, where all parts except the last may be missing or wrong.
func nearestKey(key string, keys []string) string {
	return nearest(key, keys, len(last(key)), func(a, b string) int {
		return min(distance(a, b), distance(last(a), last(b))+1)
	})
}

func nearest(word string, known []string, letters int, distance func(a, b string) int) string {
	best, near := max(1, letters/3)+1, ""
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < best {
			best, near = d, k
		}
	}
	return near
}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// distance counts the letters to insert, delete, replace or swap with their neighbours to turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before, above []int // the previous row of the table, and the one before
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, above, row = above, row, make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			same := 1
			if x[i-1] == y[j-1] {
				same = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+same)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(y)]
}
