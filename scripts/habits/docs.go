package main

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// wellKnown are methods that mean what they mean in the standard library.
var wellKnown = []string{"String", "Error", "Unwrap", "Len", "Shape", "Read"}

// docs finds exported functions, methods, types, constants and variables without a doc comment.
func docs(f file) (found []finding) {
	if f.tree == nil || strings.HasSuffix(f.path, "_test.go") {
		return nil
	}
	bare := func(name *ast.Ident) {
		found = append(found, finding{
			rule: "docs", path: f.path, name: name.Name, line: f.line(name.Pos()),
			text: fmt.Sprintf("%s is exported and has no doc comment: give it one, or a small letter", name.Name),
		})
	}
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			known := d.Recv != nil && slices.Contains(wellKnown, d.Name.Name)
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !known {
				bare(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				for _, name := range undocumented(d, s) {
					bare(name)
				}
			}
		}
	}
	return found
}

// undocumented returns the exported names of a specification that has no comment. That of its group will do for constants and variables,
// and for a type that is alone in it.
func undocumented(d *ast.GenDecl, s ast.Spec) (names []*ast.Ident) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && (d.Doc == nil || len(d.Specs) > 1) && s.Name.IsExported() {
			names = append(names, s.Name)
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if d.Doc == nil && s.Doc == nil && s.Comment == nil && name.IsExported() {
				names = append(names, name)
			}
		}
	}
	return names
}

// exportedReceiver tells whether a function has no receiver, or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	name, ok := t.(*ast.Ident)
	return ok && name.IsExported()
}

// packageDocs finds packages without a package comment.
func packageDocs(files []file) (found []finding) {
	documented := map[string]bool{}
	first := map[string]file{}
	for _, f := range files {
		if f.tree == nil || strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		dir := path.Dir(f.path)
		if _, seen := first[dir]; !seen {
			first[dir] = f
		}
		documented[dir] = documented[dir] || f.tree.Doc != nil
	}
	for dir, f := range first {
		if !documented[dir] {
			found = append(found, finding{
				rule: "docs", path: f.path,
				text: fmt.Sprintf("no file of %s has a package comment: begin one with %q", dir, begins(f)),
			})
		}
	}
	return found
}

// begins returns how the package comment of a file's package begins.
func begins(f file) string {
	if f.tree.Name.Name == "main" {
		return "// Command " + path.Base(path.Dir(f.path))
	}
	return "// Package " + f.tree.Name.Name
}
