package nn

import (
	"fmt"
	"maps"
	"slices"
)

// Limits of a network's sizes. They far exceed any device, but make products of sizes countable, and refuse networks with so many layers
// that building them would take minutes.
const (
	MostUnits  = 1 << 28 // of a layer: units, channels, positions
	MostSide   = 1 << 14 // of a picture, in pixels
	MostLayers = 128
)

// A Size is a size of a network, with its limit.
type Size struct{ Value, Most int }

// CheckSizes returns an error that names a size of a network of that kind that is below 1 or above its limit, the first one in alphabetical
// order.
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
