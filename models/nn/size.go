package nn

import (
	"fmt"
	"maps"
	"slices"
)

// AtLeastOne returns an error that names a size of a network of that kind that is below 1, the first in the alphabet.
func AtLeastOne(kind string, sizes map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		if sizes[name] < 1 {
			return fmt.Errorf("%s: %s is %d and must be at least 1", kind, name, sizes[name])
		}
	}
	return nil
}
