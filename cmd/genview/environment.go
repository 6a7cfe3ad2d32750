package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"genview/viewer"
	"genview/vk"
)

// A finding is doctor's result about one requirement on the machine.
type finding struct {
	What  string `json:"what"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Hint  string `json:"hint,omitempty"` // what to do
}

func (f finding) String() string {
	if f.OK {
		return fmt.Sprintf("  ok    %s: %s", f.What, f.Found)
	}
	return strings.TrimSuffix(fmt.Sprintf("  look  %s: %s: %s", f.What, f.Found, f.Hint), ": ")
}

// environment checks the requirements on the machine in the order in which they are needed. Errors already contain a remedy.
func environment() []finding {
	var all []finding
	add := func(what string, err error, found, hint string) {
		f := finding{What: what, OK: err == nil, Found: found}
		if err != nil {
			f.Found, f.Hint = oneLine(err), hint
		}
		all = append(all, f)
	}
	loader, err := vk.Loader()
	add("Vulkan loader", err, loader, "")
	if err == nil {
		all = append(all, drivers(runtime.GOOS, vk.DriverFiles())...)
		devices, err := vk.Devices()
		var names []string
		for _, d := range devices {
			names = append(names, fmt.Sprintf("%d (%s)", d.Index, d.Name))
		}
		add("devices", err, strings.Join(names, ", "), "")
	}
	if runtime.GOOS == "linux" {
		all = append(all, cards("/dev/dri"))
	}
	err = viewer.CheckDisplay()
	add("display", err, "a window can be opened", "")
	if err == nil {
		add("OpenGL", viewer.CheckOpenGL(), "found", "")
	}
	return all
}

// drivers returns findings about the files of Vulkan drivers.
func drivers(goos string, files []vk.DriverFile) []finding {
	var all []finding
	molten := false
	for _, f := range files {
		molten = molten || strings.Contains(f.Library, "MoltenVK")
		if f.Problem == "" {
			all = append(all, finding{What: "driver", OK: true, Found: f.Path})
			continue
		}
		hint := "install it again, if this is the driver of your GPU"
		if f.Variable != "" {
			hint = "correct or unset " + f.Variable
		}
		all = append(all, finding{What: "driver", Found: visible(f.Path + ": " + f.Problem), Hint: hint})
	}
	if goos == "darwin" && !molten {
		all = append(all, finding{What: "MoltenVK", Found: "no file names it", Hint: "brew install molten-vk"})
	}
	return all
}

// cards returns a finding about the permissions on Linux's graphics cards.
func cards(dir string) finding {
	f := finding{What: dir, OK: true, Found: "no graphics card: Vulkan runs on the CPU"}
	nodes, _ := filepath.Glob(filepath.Join(dir, "renderD*")) // whose pattern is right
	var good, bad []string
	for _, n := range nodes {
		file, err := os.OpenFile(n, os.O_RDWR, 0)
		if err != nil {
			bad = append(bad, oneLine(err))
			continue
		}
		_ = file.Close()
		good = append(good, n)
	}
	switch {
	case len(bad) > 0:
		f.OK, f.Found = false, strings.Join(bad, ", ")
		f.Hint = "join the group that owns it, as by sudo usermod -aG render $USER, and log in anew"
	case len(good) > 0:
		f.Found = strings.Join(good, ", ")
	}
	return f
}
