// Command habits holds the repository to what no compiler and no linter checks: how long functions and files are, how comments are
// worded, that exported names and packages are documented, and that documents link to what exists.
//
//	go run ./scripts/habits
//
// It prints one line for each finding and exits with status 1 if there are any. The exceptions are in exceptions.go.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// A finding is a place that breaks a rule.
type finding struct {
	rule string // the name of the rule
	path string // of the file, from the repository's root
	name string // of the declaration in it; "" for the file itself
	line int    // from 1; 0 for the whole file
	text string // what is wrong, and what to do
}

func (f finding) String() string {
	at := f.path
	if f.line > 0 {
		at = fmt.Sprintf("%s:%d", f.path, f.line)
	}
	return fmt.Sprintf("%s: %s (%s)", at, f.text, f.rule)
}

// A file is a file of the repository that rules look at.
type file struct {
	path string
	text string
	fset *token.FileSet // nil but for Go
	tree *ast.File      // nil but for Go
}

// line returns the line of a position, from 1.
func (f file) line(p token.Pos) int { return f.fset.Position(p).Line }

func main() {
	found, err := check(os.DirFS("."), exceptions)
	if err != nil {
		fmt.Fprintln(os.Stderr, "habits:", err)
		os.Exit(1)
	}
	for _, f := range found {
		fmt.Fprintln(os.Stderr, f)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// check returns the findings in a repository that are not excepted, in the order of their places.
func check(repo fs.FS, except []exception) ([]finding, error) {
	files, err := read(repo)
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, f := range files {
		found = slices.Concat(found, sizes(f), words(f), docs(f))
	}
	found = slices.Concat(found, packageDocs(files), links(repo, files))
	found = without(found, except)
	slices.SortStableFunc(found, func(a, b finding) int {
		if a.path != b.path {
			return strings.Compare(a.path, b.path)
		}
		return a.line - b.line
	})
	return found, nil
}

// read returns the files that people write: Go, GLSL, scripts and documents.
func read(repo fs.FS) (files []file, err error) {
	err = fs.WalkDir(repo, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		ext := path.Ext(name)
		if script := path.Dir(name) == "scripts" && ext == ""; !script && !slices.Contains([]string{".go", ".comp", ".glsl", ".md"}, ext) {
			return nil
		}
		text, err := fs.ReadFile(repo, name)
		if err != nil {
			return err
		}
		f := file{path: name, text: string(text)}
		if ext == ".go" {
			f.fset = token.NewFileSet()
			if f.tree, err = parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
				return err
			}
			if ast.IsGenerated(f.tree) {
				return nil
			}
		}
		files = append(files, f)
		return nil
	})
	return files, err
}
