package main

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
)

const (
	mostOfFunction = 80
	mostOfFile     = 400
)

// sizes finds files and functions that do not fit in a head.
func sizes(f file) (found []finding) {
	if path.Ext(f.path) == ".md" {
		return nil
	}
	if n := strings.Count(f.text, "\n"); n > mostOfFile {
		found = append(found, finding{
			rule: "size", path: f.path,
			text: fmt.Sprintf("the file has %d lines: split it into files of at most %d", n, mostOfFile),
		})
	}
	if f.tree == nil {
		return found
	}
	for _, d := range f.tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := f.line(fn.End()) - f.line(fn.Pos()) + 1; n > mostOfFunction {
			found = append(found, finding{
				rule: "size", path: f.path, name: fn.Name.Name, line: f.line(fn.Pos()),
				text: fmt.Sprintf("%s has %d lines: split it into functions of at most %d", fn.Name.Name, n, mostOfFunction),
			})
		}
	}
	return found
}
