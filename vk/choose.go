package vk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (i Info) tooOld() error {
	return fmt.Errorf("vk: the driver of %s speaks Vulkan %s, and 1.1 is needed: update it, or %s", i.Name, i.API, install)
}

// A NoDeviceError says that no device has the name that was asked for.
type NoDeviceError struct {
	Asked   string
	Devices []Info // all devices
	able    string // those that can compute
}

func (e *NoDeviceError) Error() string {
	return fmt.Sprintf("vk: there is no device %q; choose one of %s", e.Asked, e.able)
}

// named returns the devices that a name may mean: the one with that index, else those of that name, else those whose names contain it. If
// several match, those that can compute are meant.
func named(infos []Info, name string) []Info {
	lower := strings.ToLower(name)
	for _, fits := range []func(Info) bool{
		func(i Info) bool { return strconv.Itoa(i.Index) == name },
		func(i Info) bool { return strings.ToLower(i.Name) == lower },
		func(i Info) bool { return strings.Contains(strings.ToLower(i.Name), lower) },
	} {
		var found, able []Info
		for _, i := range infos {
			if fits(i) {
				found = append(found, i)
			}
			if fits(i) && i.Compute {
				able = append(able, i)
			}
		}
		switch {
		case len(able) > 0:
			return able
		case len(found) > 0:
			return found[:1] // choose returns an error that says why it cannot be used
		}
	}
	return nil
}

// choose returns the device with that name or index.
func choose(infos []Info, name string) (Info, error) {
	var names, able []string // able holds those that can compute
	for _, i := range infos {
		names = append(names, i.Name)
		if i.Compute {
			able = append(able, fmt.Sprintf("%d (%s)", i.Index, i.Name))
		}
	}
	if old := slices.IndexFunc(infos, func(i Info) bool { return i.Old }); old >= 0 && len(able) == 0 {
		return Info{}, infos[old].tooOld()
	}
	if len(able) == 0 {
		return Info{}, fmt.Errorf("vk: none of the devices has a queue that computes (%s): %s", strings.Join(names, ", "), install)
	}
	list := strings.Join(able, ", ")
	if name != "" {
		meant := named(infos, name)
		if len(meant) == 0 {
			return Info{}, &NoDeviceError{name, infos, list}
		}
		i := meant[0]
		switch {
		case len(meant) > 1:
			var which []string
			for _, i := range meant {
				which = append(which, fmt.Sprintf("%d (%s)", i.Index, i.Name))
			}
			return i, fmt.Errorf("vk: %q may be any of %d devices; give the index of one, of %s", name, len(meant), strings.Join(which, ", "))
		case i.Old:
			return i, i.tooOld()
		case !i.Compute:
			return i, fmt.Errorf("vk: the device %s has no queue that computes; choose one of %s", i.Name, list)
		}
		return i, nil
	}
	sorted := slices.Clone(infos)
	slices.SortStableFunc(sorted, func(a, b Info) int {
		if a.typeOrder == b.typeOrder && a.Class == CPU && a.Lavapipe != b.Lavapipe { // lavapipe, for which we have kernels
			if a.Lavapipe {
				return -1
			}
			return 1
		}
		return a.typeOrder - b.typeOrder
	})
	return sorted[slices.IndexFunc(sorted, func(i Info) bool { return i.Compute })], nil
}
