// Command skeleton writes what a new op or a new family of models begins with: code that compiles, in all places that must know of it,
// and a test that fails until it is filled in.
//
//	scripts/new-op [-overlay DIR] NAME
//	scripts/new-family [-overlay DIR] NAME
//
// With -overlay it leaves the repository alone, and writes into a folder from which go's flag -overlay takes the files.
package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var templates embed.FS

// changes are new texts of files, by their paths from the root of the repository.
type changes map[string][]byte

// kinds are what can be begun.
var kinds = map[string]struct {
	plan func(root, name string) (changes, error)
	next string // what to do then, of NAME
}{
	"op": {newOp, "Write the op in tensor/op_FILE.go and the reference of its row at the end of elementwiseCases in " + opRows + ", until this passes:\n" +
		"  ./scripts/test op NAME"},
	"family": {newFamily, "Write the networks in models/NAME/NAME.go, until this passes:\n" +
		"  ./scripts/test ./models/NAME\n" +
		"Then tell of it: README.md lists the settings of all presets, and CHANGELOG.md what is new."},
}

func main() {
	if err := begin(".", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// begin begins what the arguments say, in the repository at root.
func begin(root string, args []string) error {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	aside := flags.String("overlay", "", "")
	if len(args) == 0 || kinds[args[0]].plan == nil || flags.Parse(args[1:]) != nil || flags.NArg() != 1 {
		return errors.New("usage: scripts/new-op [-overlay DIR] NAME, as SoftCap, or scripts/new-family [-overlay DIR] NAME, as diffusion")
	}
	kind, name := kinds[args[0]], flags.Arg(0)
	made, err := kind.plan(root, name)
	if err != nil {
		return fmt.Errorf("new-%s: %w", args[0], err)
	}
	if *aside != "" {
		return made.overlay(root, *aside)
	}
	if err := made.write(root); err != nil {
		return err
	}
	fmt.Println(strings.NewReplacer("NAME", name, "FILE", strings.ToLower(name)).Replace(kind.next))
	return nil
}

func (c changes) write(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, c[name], 0o644); err != nil {
			return err
		}
		fmt.Println("wrote", path)
	}
	return nil
}

// overlay writes the files into a folder, and overlay.json beside them: with go's flag -overlay the repository builds as if they were in
// it, and all that they do not change comes from the build cache.
func (c changes) overlay(root, dir string) error {
	replace := map[string]string{}
	for name := range c {
		real, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			return err
		}
		replace[real] = filepath.Join(dir, name)
	}
	p, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return errors.Join(c.write(dir), os.WriteFile(filepath.Join(dir, "overlay.json"), p, 0o644))
}

// fill returns Go code from a template.
func fill(file, name string) ([]byte, error) {
	t, err := template.ParseFS(templates, file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]string{"Name": name, "File": strings.ToLower(name)}); err != nil {
		return nil, err
	}
	return format.Source(out.Bytes())
}

// An edit puts a line before another one of a file.
type edit struct {
	path   string // from the root
	after  string // where the search begins; "" for the file's beginning
	before string // the next line of this text follows the new one
	line   string
}

// apply adds edits to changes.
func (c changes) apply(root string, edits ...edit) error {
	for _, e := range edits {
		text, changed := c[e.path]
		if !changed {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, e.path)); err != nil {
				return err
			}
		}
		head, rest, found := bytes.Cut(text, []byte(e.after))
		i := bytes.Index(rest, []byte("\n"+e.before))
		if !found || i < 0 {
			return fmt.Errorf("%s: there is no line %q after %q", e.path, e.before, e.after)
		}
		edited := string(head) + e.after + string(rest[:i]) + "\n" + e.line + string(rest[i:])
		formatted, err := format.Source([]byte(edited))
		if err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
		c[e.path] = formatted
	}
	return nil
}
