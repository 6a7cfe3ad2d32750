package main

import (
	"fmt"
	"strings"
)

// An exception is a place that may break a rule.
type exception struct {
	rule string
	path string // of a file; of a folder with all in it where it ends with a slash
	name string // of the declaration that breaks the rule; "" for any, and for the file
	why  string
}

// exceptions are all of them. One that excepts nothing is a finding, so the list shrinks with the code that it is about.
var exceptions = []exception{
	{rule: "size", path: "shaders/spirv/virtual/arithmetic.go", name: "scalar", why: "one case an instruction, in the order of SPIR-V's numbers"},
}

func (e exception) holds(f finding) bool {
	inside := f.path == e.path || strings.HasSuffix(e.path, "/") && strings.HasPrefix(f.path, e.path)
	return inside && f.rule == e.rule && (e.name == "" || f.name == e.name)
}

// without returns findings without those that are excepted, and one for each exception that none needs.
func without(found []finding, except []exception) (left []finding) {
	used := make([]bool, len(except))
	for _, f := range found {
		excepted := false
		for i, e := range except {
			if e.holds(f) {
				excepted, used[i] = true, true
			}
		}
		if !excepted {
			left = append(left, f)
		}
	}
	for i, e := range except {
		if !used[i] {
			left = append(left, finding{
				rule: e.rule, path: e.path, name: e.name,
				text: fmt.Sprintf("the exception %s is no longer needed: delete it from scripts/habits/exceptions.go", strings.TrimSpace(e.path+" "+e.name)),
			})
		}
	}
	return left
}
