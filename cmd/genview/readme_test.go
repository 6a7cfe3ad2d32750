package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"genview/models/family"
)

// readmeImports are the imports that README.md leaves out of its programs.
var readmeImports = map[string]string{
	"context": "context", "fmt": "fmt", "log": "log",
	"vk": "genview/vk", "tensor": "genview/tensor", "nn": "genview/models/nn", "optim": "genview/models/optim",
	"run": "genview/models/run", "family": "genview/models/family", "walk": "genview/models/walk", "film": "genview/models/film",
}

// TestReadmePrograms runs the Go code of README.md unchanged: the first program has to print one number, a small loss, and the second to
// film a run.
func TestReadmePrograms(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 2 {
		t.Fatalf("README.md has %d blocks of Go code; this test is of two", len(blocks))
	}
	dir := t.TempDir()
	out := readmeProgram(t, dir, string(blocks[0][1]))
	if loss, err := strconv.ParseFloat(strings.TrimSpace(out), 64); err != nil || !(loss > 0 && loss < 0.02) {
		t.Errorf("the first program prints %q; want a loss between 0 and 0.02", out)
	}
	must(t, tiny("--out", filepath.Join(dir, "runs", "letters"), "--steps", "2")...)
	readmeProgram(t, dir, "ctx := context.Background()\n"+string(blocks[1][1]))
	if _, err := os.Stat(filepath.Join(dir, "walk.gif")); err != nil {
		t.Error(err)
	}
}

// readmeProgram builds code with the imports that it needs, in this module, and runs it in a folder.
func readmeProgram(t *testing.T, dir, code string) string {
	t.Helper()
	var imports []string
	for name, path := range readmeImports {
		if strings.Contains(code, name+".") {
			imports = append(imports, strconv.Quote(path))
		}
	}
	slices.Sort(imports)
	file, program := filepath.Join(t.TempDir(), "main.go"), filepath.Join(t.TempDir(), "program")
	write(t, file, fmt.Appendf(nil, "package main\n\nimport (\n%s\n)\n\nfunc main() {\n%s}\n", strings.Join(imports, "\n"), code))
	if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestReadmeFlags: every command in README.md exists and has the flags that README.md gives it.
func TestReadmeFlags(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, typed := newRoot(nil, &results{to: os.Stdout}), 0
	for _, m := range regexp.MustCompile("(?:`|\n)genview ([a-z]+[^`\n#]*)").FindAllSubmatch(readme, -1) {
		words := strings.Fields(strings.NewReplacer(`"`, "").Replace(string(m[1])))
		c, rest, err := root.Find(words)
		if err != nil || c == root {
			t.Errorf("genview %s: there is no such command", m[1])
			continue
		}
		typed++
		for _, word := range rest {
			name, long := strings.CutPrefix(word, "--")
			name, _, _ = strings.Cut(name, "=")
			if long && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
				t.Errorf("genview %s: there is no flag --%s", m[1], name)
			}
		}
	}
	if typed < 15 {
		t.Errorf("only %d commands were found", typed)
	}
}

// TestReadmeFigures wants what README.md says that eval prints to have the form of what it prints.
func TestReadmeFigures(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	form := func(line string) string { return regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?`).ReplaceAllString(line, "0") }
	var forms []string
	for preset, settings := range map[string][]string{
		"vae": {"model.hidden=8", "model.z=4", "data.size=8"}, "points": {"model.hidden=8"},
		"translate":  {"model.width=16", "model.heads=2", "model.layers=1", "model.hidden=16"},
		"text":       {"model.width=16", "model.heads=2", "model.layers=1", "model.context=16"},
		"classifier": {"model.hidden=4", "data.size=8"},
	} {
		measured, err := learner(t, &app{}, preset, settings...).Model.(family.Evaluator).Evaluate(t.Context(), family.Evaluation{Examples: 16, Samples: 1})
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(measured.String(), "\n")
		forms = append(forms, form("step 0: "+line))
	}
	figures := regexp.MustCompile("(?m)^# (step .*)$").FindAllSubmatch(readme, -1)
	if len(figures) < len(forms) {
		t.Errorf("README.md has %d figures of eval, want %d at least", len(figures), len(forms))
	}
	for _, f := range figures {
		if !slices.Contains(forms, form(string(f[1]))) {
			t.Errorf("eval prints nothing like %q", f[1])
		}
	}
}
