package main

import (
	"fmt"
	"go/token"
	"path/filepath"
	"regexp"
)

// newFamily plans a family: its package with a test, its line in the list of families, and what may be imported.
func newFamily(root, name string) (changes, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(name) || token.IsKeyword(name) {
		return nil, fmt.Errorf("%q is no name of a package: it has small letters and digits, as diffusion", name)
	}
	dir := "models/" + name
	if files, err := filepath.Glob(filepath.Join(root, dir, "*")); err != nil || len(files) > 0 {
		return nil, fmt.Errorf("%s exists already", dir)
	}
	made := changes{}
	for path, file := range map[string]string{name + ".go": "family.go.tmpl", name + "_test.go": "family_test.go.tmpl"} {
		text, err := fill(file, name)
		if err != nil {
			return nil, err
		}
		made[dir+"/"+path] = text
	}
	return made, made.apply(root,
		edit{path: "models/zoo/zoo.go", after: "import (", before: "\t\"genview/models/family\"", line: fmt.Sprintf("\t%q", "genview/"+dir)},
		edit{path: "models/zoo/zoo.go", after: "var Families = []family.Family{", before: "}", line: "\t" + name + ".Family,"},
		edit{path: "cmd/genview/imports_test.go", after: "var mayImport = ", before: "\t\"models/zoo\":", line: fmt.Sprintf("\t%q: ofFamily,", dir)},
		edit{path: "cmd/genview/imports_test.go", after: "var ofZoo = []string{", before: "}", line: fmt.Sprintf("\t%q,", dir)},
	)
}
