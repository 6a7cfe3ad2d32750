package vk

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Room estimates how many bytes of device memory are still available. If the device is the CPU, whose drivers promise anything, it is the
// available memory of the host, if known. [Limits] has the largest size of one buffer.
func (d *Device) Room() int64 {
	if d.info.Class == CPU {
		return hostRoom(os.ReadFile)
	}
	return max(d.info.HeapBytes-d.Memory().Held, 0)
}

// hostRoom returns the available bytes of the host's memory, as Linux reports them for the machine and for the process's control groups. If
// nothing is reported, it returns a number larger than any need.
func hostRoom(read func(name string) ([]byte, error)) int64 {
	room := int64(math.MaxInt64)
	if p, err := read("/proc/meminfo"); err == nil {
		for line := range bytes.Lines(p) {
			f := strings.Fields(string(line)) // MemAvailable: 12345 kB
			if len(f) < 2 || f[0] != "MemAvailable:" {
				continue
			}
			if kib, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				room = kib << 10
			}
		}
	}
	number := func(parts ...string) (int64, bool) {
		p, err := read(filepath.Join(parts...))
		if err != nil {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(p)), 10, 64)
		return n, err == nil // "max" is not a number
	}
	for _, group := range controlGroups(read) {
		limit, limited := number(group, "memory.max")
		used, known := number(group, "memory.current")
		if !limited || !known {
			continue
		}
		// Cached files count as used, but can be dropped.
		if stat, err := read(filepath.Join(group, "memory.stat")); err == nil {
			for line := range bytes.Lines(stat) {
				f := strings.Fields(string(line))
				if len(f) == 2 && (f[0] == "inactive_file" || f[0] == "active_file") {
					n, _ := strconv.ParseInt(f[1], 10, 64) // 0 if it is damaged
					used -= n
				}
			}
		}
		room = min(room, max(limit-used, 0))
	}
	return room
}

// controlGroups returns the folders of the process's control groups (version 2), the innermost first.
func controlGroups(read func(name string) ([]byte, error)) []string {
	const root = "/sys/fs/cgroup"
	p, err := read("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	var all []string
	for line := range bytes.Lines(p) {
		path, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "0::")
		if !ok {
			continue
		}
		for path = filepath.Clean("/" + path); ; path = filepath.Dir(path) {
			all = append(all, filepath.Join(root, path))
			if path == "/" {
				break
			}
		}
	}
	return all
}
