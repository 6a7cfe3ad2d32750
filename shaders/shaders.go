package shaders

import "genview/shaders/spirv"

// must parses an embedded shader; it was parsed when it was compiled.
func must(name string, code []byte) *spirv.Module {
	m, err := spirv.Parse(name, code)
	if err != nil {
		panic(err)
	}
	return m
}
