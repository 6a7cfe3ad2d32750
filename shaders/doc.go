// Package shaders holds the kernels that are written in GLSL: one .comp a kernel, compiled by go generate into .spv files that are
// committed and embedded. Their bindings, push constants and sizes are read from the SPIR-V.
//
// Elementwise work and reductions are not here: package tensor assembles them at run time with package spirv.
package shaders

//go:generate go run ./gen
