// Package shaders holds the kernels that are written in GLSL: one .comp a kernel, compiled by go generate into .spv files that are
// committed and embedded. Their bindings and constants are read from the SPIR-V.
//
// They have holes: functions whose bodies package tensor writes when it compiles a program, with what it knows by then: where the
// operands lie, and what is made of the results (see [spirv.Module.Fill]). Elementwise work and reductions are not here at all:
// package tensor assembles them whole.
package shaders

//go:generate go run ./gen
