package nn

import (
	"fmt"
	"maps"
	"slices"
)

// What sizes of a network are at most. It is far more than a device holds: with it products of sizes can be counted, and networks of more
// layers would take minutes to be built before they are found to be too large.
const (
	MostUnits  = 1 << 28 // of a layer: units, channels, places
	MostSide   = 1 << 14 // of a picture, in pixels
	MostLayers = 128
)

// A Size is a size of a network, and what it may be at most.
type Size struct{ Value, Most int }

// CheckSizes returns an error that names a size of a network of that kind that is below 1 or above its limit, the first in the alphabet.
func CheckSizes(kind string, sizes map[string]Size) error {
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		switch s := sizes[name]; {
		case s.Value < 1:
			return fmt.Errorf("%s: %s is %d and must be at least 1", kind, name, s.Value)
		case s.Value > s.Most:
			return fmt.Errorf("%s: %s is %d and must be at most %d", kind, name, s.Value, s.Most)
		}
	}
	return nil
}
