// Package codegen writes the shaders of a compiled graph: one for each unit of package fuse, in a form that suits the kind of device. It
// picks between the forms of matrix products, and runs nothing.
package codegen
