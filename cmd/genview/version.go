package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"genview/vk"
)

// version is the version of the newest entry of CHANGELOG.md, released or not.
const version = "v0.1.0"

// versionText returns the version of the program and what it runs on.
func versionText() string {
	text := fmt.Sprintf("genview %s%s, %s, %s/%s\n", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	devices, err := vk.Devices()
	if err != nil {
		return text + oneLine(err) + "\n"
	}
	for _, d := range devices {
		text += fmt.Sprintf("%s, driver %s, Vulkan %s\n", visible(d.Name), visible(d.Driver), d.API)
	}
	return text
}

// commit returns the commit that the program was built from, if the build recorded it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var of, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			of = ", commit " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	if of == "" {
		return ""
	}
	return of + changed
}
