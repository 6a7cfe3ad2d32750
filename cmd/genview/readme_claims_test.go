package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"genview/models/data"
	"genview/models/run"
	"genview/tensor/optest"
)

// section returns the part of README.md under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// TestReadmeTour runs the commands of the tour one after another, with small models and few steps. What opens a window is left to the
// tests of view.
func TestReadmeTour(t *testing.T) {
	tour := section(t, "Five minutes")
	t.Chdir(t.TempDir())
	small := map[string][]string{
		"vae":       {"--set", "model.hidden=32"},
		"translate": {"--set", "model.width=16", "--set", "model.hidden=16", "--set", "model.heads=2", "--set", "model.layers=1"},
	}
	ran := 0
	for _, line := range regexp.MustCompile("(?m)^genview ([^#\n]+)").FindAllStringSubmatch(tour, -1) {
		words := regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line[1], -1)
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		if words[0] == "view" {
			continue
		}
		if at := slices.Index(words, "--steps"); at > 0 {
			words[at+1] = "2"
			if slices.Contains(words, "--resume") {
				words[at+1] = "4"
			}
			words = append(words, small[words[1]]...)
		}
		must(t, words...)
		ran++
		if at := slices.Index(words, "-o"); at > 0 {
			if info, err := os.Stat(words[at+1]); err != nil || info.Size() == 0 {
				t.Errorf("genview %s wrote no %s", strings.Join(words, " "), words[at+1])
			}
		}
	}
	if ran < 8 {
		t.Errorf("the tour has only %d commands", ran)
	}
}

// TestReadmeFolder holds README's table of a run's files to the files of three runs. The first went back to an older checkpoint, the last is encrypted. The table
// names every file, and every file that it names is there, but for the report of doctor, which takes too long here.
func TestReadmeFolder(t *testing.T) {
	var patterns []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(section(t, "A run's folder"), -1) {
		for _, p := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			patterns = append(patterns, p[1])
		}
	}
	dir := t.TempDir()
	vae, writer := filepath.Join(dir, "vae"), filepath.Join(dir, "writer")
	must(t, tiny("--out", vae, "--steps", "2", "--tensorboard")...)
	must(t, "train", "--resume", vae, "--steps", "4")
	must(t, "train", "--resume", vae, "--steps", "3", "--checkpoint", "2")
	must(t, "eval", vae, "--examples", "9", "--samples", "1")
	must(t, "directions", "pca", vae, "-n", "1", "--points", "9")
	key := filepath.Join(dir, "me.key")
	must(t, "keygen", "-o", key)
	must(t, "sign", vae, "--key", key)
	t.Setenv(passphraseVariable, "open sesame")
	locked := filepath.Join(dir, "locked")
	must(t, tiny("--out", locked, "--steps", "1", "--passphrase")...)
	text := filepath.Join(dir, "text.txt")
	write(t, text, []byte(strings.Repeat("to be or not to be ", 60)))
	must(t, "train", "text", text, "--out", writer, "--steps", "2", "--set", "model.width=16", "--set", "model.heads=2", "--set", "model.layers=1")
	found := map[string]bool{}
	for _, run := range []string{vae, writer, locked} {
		err := filepath.WalkDir(run, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			name, err := filepath.Rel(run, path)
			known := false
			for _, p := range patterns {
				if ok, _ := filepath.Match(p, filepath.ToSlash(name)); ok {
					known, found[p] = true, true
				}
			}
			if !known {
				t.Errorf("README.md does not name %s", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range patterns {
		if !found[p] && p != "doctor.json" && p != "films/*" && p != "latents/*.npy" { // the window's, which tests of package replay write
			t.Errorf("README.md names %s, which no run has", p)
		}
	}
}

// TestReadmePackages: README.md names the packages of Debian that scripts/setup installs, and the Go that go.mod asks for.
func TestReadmePackages(t *testing.T) {
	setup, err := os.ReadFile("../../scripts/setup")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, list := range regexp.MustCompile(`(?m)^  (?:local )?want\+?=\((.*)\)$`).FindAllStringSubmatch(string(setup), -1) {
		packages = append(packages, strings.Fields(list[1])...)
	}
	text := section(t, "Install")
	if want := "`apt-get install " + strings.Join(packages, " ") + "`"; len(packages) < 10 || !strings.Contains(text, want) {
		t.Errorf("README.md does not have %s", want)
	}
	if goes := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod); !strings.Contains(text, "Go "+string(goes[1])+" ") {
		t.Errorf("README.md does not ask for Go %s", goes[1])
	}
}

// TestReadmeKeys: presets take the settings that README.md sets, and open the data sets that it names.
func TestReadmeKeys(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	sets := regexp.MustCompile(`((?:data|model|optim|record)\.[a-z0-9_]+|kernels)=([a-z0-9.-]+)`).FindAllStringSubmatch(string(readme), -1)
	for _, set := range sets {
		taken := slices.ContainsFunc(presetNames(), func(preset string) bool {
			c, err := run.New(preset)
			return err == nil && c.Set(set[1], set[2]) == nil
		})
		if !taken {
			t.Errorf("no preset takes %s", set[0])
		}
	}
	if len(sets) < 8 {
		t.Errorf("only %d settings were found", len(sets))
	}
	_, names, _ := strings.Cut(section(t, "The command line"), "`--data` takes ")
	names, _, _ = strings.Cut(names, ", or the path")
	var named []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(names, -1) {
		named = append(named, m[1])
	}
	want := slices.DeleteFunc(data.Names(), func(name string) bool { return name == "folder" }) // which is named by its path
	slices.Sort(named)
	if !slices.Equal(named, want) {
		t.Errorf("README.md names the data sets %q, want %q", named, want)
	}
}

// TestReadmeOps: the ops that README.md lists have a row in the table of ops that are checked. Rows of the list that describe ops instead of
// naming them are left out.
func TestReadmeOps(t *testing.T) {
	checked := map[string]bool{}
	plain := func(name string) string { return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(name)) }
	for _, c := range optest.Cases {
		checked[plain(c.Name)] = true
	}
	described := []string{"comparisons", "logic", "slice with steps", "KL of normal distributions and of classes"}
	suffixes := map[string]string{"elementwise": "", "activations": "", "reductions": "", "shape": "", "indices": "", "norms": "norm", "losses": ""}
	listed := 0
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+) \| (.*) \|$`).FindAllStringSubmatch(section(t, "How it is built"), -1) {
		suffix, ok := suffixes[row[1]]
		if !ok {
			continue
		}
		for _, op := range strings.Split(regexp.MustCompile(` \([^)]*\)`).ReplaceAllString(row[2], ""), ", ") {
			listed++
			if !slices.Contains(described, op) && !checked[plain(op+suffix)] {
				t.Errorf("README.md lists %s, which is not among the ops that are checked", op)
			}
		}
	}
	if listed < 70 {
		t.Errorf("only %d ops were found", listed)
	}
}

// TestReadmeMessages: what README.md says that genview prints is made of the texts in the code.
func TestReadmeMessages(t *testing.T) {
	pieces := messagePieces(t)
	messages := regexp.MustCompile("(?m)^\\| `([^|]+)` \\|").FindAllStringSubmatch(section(t, "When something is wrong"), -1)
	if len(messages) < 15 {
		t.Errorf("only %d messages were found", len(messages))
	}
	for _, m := range messages {
		if got := printable(m[1], pieces); got < len(m[1]) {
			t.Errorf("nothing prints %q, from %q on", m[1], m[1][got:])
		}
	}
}

// messagePieces are the texts in the code, cut where they are filled in.
func messagePieces(t *testing.T) []string {
	t.Helper()
	verb := regexp.MustCompile(`%[+#]?(\[\d\])?[a-zA-Z]`)
	seen := map[string]bool{}
	for _, dir := range []string{"cmd", "models", "viewer", "vk"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					for _, piece := range verb.Split(text, -1) {
						seen[piece] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var pieces []string
	for p := range seen { // short words would make up anything
		if p != "" && (len(p) >= 4 || !strings.ContainsFunc(p, unicode.IsLetter)) {
			pieces = append(pieces, p)
		}
	}
	return pieces
}

// printable returns how much of a message pieces can make up, in which … stands for anything.
func printable(message string, pieces []string) (most int) {
	pieces = append(pieces, "…")
	from := make([]bool, len(message)+1)
	from[0] = true
	for i := range message {
		if !from[i] {
			continue
		}
		most = max(most, i)
		for _, p := range pieces {
			if strings.HasPrefix(message[i:], p) {
				from[i+len(p)] = true
			}
		}
	}
	if from[len(message)] {
		return len(message)
	}
	return most
}
