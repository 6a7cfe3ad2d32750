// Package scripts_test runs the scripts that developers use.
package scripts_test

import (
	"errors"
	"go/format"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// command runs a command in the repository. Go takes the race detector along where the test has it, so that it shares the build cache
// with the other tests.
func command(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = ".."
	goflags := os.Getenv("GOFLAGS") + " -buildvcs=false"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" {
				goflags += " -race=" + s.Value
			}
		}
	}
	cmd.Env = append(os.Environ(), "GOFLAGS="+goflags)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestSkeletons: new-op and new-family write code that is formatted and vets, and a test that fails with a line which says what to fill in.
// Go reads the code from an overlay, so that only the packages which it changes are built.
func TestSkeletons(t *testing.T) {
	for _, c := range []struct {
		script, name string
		vet          []string
		test         []string
		want         string
	}{
		{
			"new-op", "SoftCap",
			[]string{"./tensor/optest"},
			[]string{"./tensor", "-run", "^TestOps$/^device$/^SoftCap$"},
			"tensor: SoftCap [7]: fill in the op in tensor/op_softcap.go (",
		},
		{
			"new-family", "trial",
			[]string{"./models/trial", "./models/zoo"},
			[]string{"./models/trial", "-run", "^TestFamily$"},
			"fill in networks in models/trial/trial.go: the variables, the loss and the decoder",
		},
	} {
		t.Run(c.script, func(t *testing.T) {
			dir := t.TempDir()
			if out, err := command("scripts/"+c.script, "-overlay", dir, c.name); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			formatted(t, dir)
			if c.script == "new-family" { // go vet and go test run in a package's folder, which must exist
				folder := filepath.Join("../models", c.name)
				if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.Remove(folder) })
			}
			overlay := []string{"-overlay", filepath.Join(dir, "overlay.json")}
			if out, err := command("go", slices.Concat([]string{"vet"}, overlay, c.vet)...); err != nil {
				t.Errorf("go vet: %v\n%s", err, out)
			}
			out, err := command("go", slices.Concat([]string{"test"}, overlay, c.test)...)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("go test: %v, want a failure that says %q\n%s", err, c.want, out)
			}
		})
	}
}

// formatted holds the Go files below a folder to gofmt.
func formatted(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if want, err := format.Source(text); err != nil || string(want) != string(text) {
			t.Errorf("%s is not formatted: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestOneOp: test op runs the rows of an op on both families of kernels.
func TestOneOp(t *testing.T) {
	out, err := command("scripts/test", "op", "tanh", "-v", "-short")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"--- PASS: TestOps/device/Tanh ", "--- PASS: TestOps/gpu/Tanh ", "--- PASS: TestOpsRefuse/Tanh "} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in %s", want, out)
		}
	}
	if n := strings.Count(out, "--- PASS: TestOps/gpu/"); n != 2 {
		t.Errorf("%d rows and shapes were tested, want Tanh with one shape:\n%s", n, out)
	}
	if out, err := command("scripts/test", "op", "Nonsense"); err == nil || !strings.Contains(out, `tensor/optest has no row of an op "Nonsense"; it has rows of `) || !strings.Contains(out, " MatMul ") {
		t.Errorf("an op that does not exist: %v: %s", err, out)
	}
}

// TestShot draws a panel. The tests of package viewer hold its contents.
func TestShot(t *testing.T) {
	to := filepath.Join(t.TempDir(), "panel.png")
	if out, err := command("scripts/shot", "dates/Attention", "-o", to); err != nil || !strings.Contains(out, to) {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, err := png.DecodeConfig(f); err != nil || c.Width < 300 || c.Height < 300 {
		t.Errorf("%d × %d pixels, %v", c.Width, c.Height, err)
	}
	for _, args := range [][]string{nil, {"-o", to}, {"dates", "-o"}, {"dates", "-nonsense", "1"}} {
		if out, err := command("scripts/shot", args...); err == nil || !strings.Contains(out, "usage: scripts/shot") {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}

// TestWorkedExamples checks that git finds the commits that ARCHITECTURE.md shows: one that adds an op, one a kernel and one a pass. An
// archive and a shallow clone have no history in which to look.
func TestWorkedExamples(t *testing.T) {
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("`git show ':/\\^([^']+)'`").FindAllStringSubmatch(string(text), -1)
	if len(shown) < 3 {
		t.Fatalf("ARCHITECTURE.md shows %d commits, want one for each of an op, a kernel and a pass", len(shown))
	}
	if shallow, err := command("git", "rev-parse", "--is-shallow-repository"); err != nil || strings.TrimSpace(shallow) != "false" {
		t.Skipf("SKIPPED, there is no history: %s", shallow)
	}
	for _, s := range shown {
		if subject, err := command("git", "show", "--no-patch", "--format=%s", ":/^"+s[1]); err != nil || !strings.HasPrefix(subject, s[1]) {
			t.Errorf("no commit's subject begins with %q: %s", s[1], subject)
		}
	}
}
