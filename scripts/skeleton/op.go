package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// opRows is the part of the table of ops where new rows begin, as elementwise ones.
const opRows = "tensor/optest/elementwise.go"

// newOp plans an op: its method, and its row in the table of ops.
func newOp(root, name string) (changes, error) {
	if !regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`).MatchString(name) {
		return nil, fmt.Errorf("%q is no name of an op: it begins with a capital letter and has letters and digits, as SoftCap", name)
	}
	path := "tensor/op_" + strings.ToLower(name) + ".go"
	files, err := filepath.Glob(filepath.Join(root, "tensor", "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if filepath.Base(file) == filepath.Base(path) || bytes.Contains(text, []byte("Tensor) "+name+"(")) || bytes.Contains(text, []byte("\nfunc "+name+"(")) {
			return nil, fmt.Errorf("there is an op %s already, or its file: see %s", name, file)
		}
	}
	method, err := fill("op.go.tmpl", name)
	if err != nil {
		return nil, err
	}
	made := changes{path: method}
	return made, made.apply(root, edit{
		path: opRows, after: "\nvar elementwiseCases = []Case{", before: "}",
		line: fmt.Sprintf("\t{Name: %q, Op: unary((*T).%s), Ref: each(func(x float64) float64 { panic(%q) }), In: normal, Dims: vectors, Also: edges},",
			name, name, "fill in the reference of "+name+" in "+opRows+": its formula in float64"),
	})
}
