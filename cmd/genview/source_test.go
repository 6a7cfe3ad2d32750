package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// smallGPT trains a GPT on a text in no time.
func smallGPT(file string, args ...string) []string {
	return append([]string{
		"train", "text", file, "--batch", "4", "--set", "model.width=16", "--set", "model.layers=1", "--set", "model.heads=2",
		"--set", "model.context=16", "--set", "optim.decay=0", "--no-tune",
	}, args...)
}

// prosaic is a text of n characters.
func prosaic(n int) string {
	var s strings.Builder
	for i := 0; s.Len() < n; i++ {
		fmt.Fprintf(&s, "The number %d is written %x, and its square %d.\n", i, i, i*i)
	}
	return s.String()[:n]
}

type lossLine struct {
	Loss     float64 `json:"val_loss"`
	Examples int
}

func lossOf(t *testing.T, args ...string) (e lossLine) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, append([]string{"eval", "--json", "--no-tune"}, args...)...)), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEveryHeldOutCharacterCounts measures GPTs of short texts, with batches that no held-out part fills.
func TestEveryHeldOutCharacterCounts(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{175, 2001} {
		file, run := filepath.Join(dir, "text.txt"), filepath.Join(dir, fmt.Sprint(n))
		write(t, file, []byte(prosaic(n)))
		must(t, smallGPT(file, "--out", run, "--steps", "2")...)
		e := lossOf(t, run)
		if want := n - n*9/10; e.Examples != want {
			t.Errorf("%d characters: the loss is of %d, want %d", n, e.Examples, want)
		}
		config := filepath.Join(run, "config.yaml")
		p, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		write(t, config, bytes.Replace(p, []byte("batch: 4"), []byte("batch: 64"), 1))
		if other := lossOf(t, run); other != e {
			t.Errorf("%d characters: %+v with a batch of 4 and %+v with one of 64", n, e, other)
		}
	}
	if e := lossOf(t, filepath.Join(dir, "2001"), "--examples", "3"); e.Examples != 3*16 {
		t.Errorf("three windows of 16 are %d characters", e.Examples)
	}
}

// TestDataThatChanged trains on a text, and resumes with another text, with the same one elsewhere, and from another folder.
func TestDataThatChanged(t *testing.T) {
	dir := t.TempDir()
	file, run := filepath.Join(dir, "text.txt"), filepath.Join(dir, "run")
	text := prosaic(2000)
	write(t, file, []byte(text))
	cmd := exec.Command(binary, smallGPT("text.txt", "--out", run, "--steps", "2")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, "train", "--resume", run, "--steps", "3", "--no-tune") // from the folder of the tests
	config, err := os.ReadFile(filepath.Join(run, "config.yaml"))
	if err != nil || !strings.Contains(string(config), "name: "+file) || !strings.Contains(string(config), "identity: sha256:") {
		t.Errorf("the configuration has no absolute path or no identity: %v: %s", err, config)
	}
	before := lossOf(t, run)

	write(t, file, []byte(text[100:]+text[:100]))
	refused(t, 1, "is not what the run began with", "train", "--resume", run, "--steps", "4")
	refused(t, 1, "--accept-data", "eval", run)
	must(t, "generate", run, "-n", "5") // which takes no data
	if after, err := os.ReadFile(filepath.Join(run, "config.yaml")); err != nil || !bytes.Equal(config, after) {
		t.Errorf("a resumption that was refused changed the configuration: %v: %s", err, after)
	}

	moved := filepath.Join(dir, "moved.txt")
	write(t, moved, []byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if e := lossOf(t, run, "--data", moved); e != before {
		t.Errorf("the same text elsewhere gives %+v, want %+v", e, before)
	}
	must(t, "train", "--resume", run, "--steps", "4", "--data", moved, "--no-tune")
	lossOf(t, run)
	refused(t, 1, "is not what the run began with", "train", "--resume", run, "--steps", "5", "--data", file)
	must(t, "train", "--resume", run, "--steps", "5", "--data", file, "--accept-data", "--no-tune")
	lossOf(t, run)
	refused(t, 1, "no such file", "train", "--resume", run, "--steps", "6", "--data", filepath.Join(dir, "none"))

	// A run of an older version has no identity, and a path as it was typed.
	old := bytes.Replace(config, []byte("name: "+file), []byte("name: text.txt"), 1)
	at := bytes.Index(old, []byte("  identity:"))
	old = append(old[:at:at], old[at+bytes.IndexByte(old[at:], '\n')+1:]...)
	write(t, filepath.Join(run, "config.yaml"), old)
	cmd = exec.Command(binary, "train", "--resume", run, "--steps", "6", "--no-tune")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lossOf(t, run)

	letters := filepath.Join(dir, "letters")
	must(t, tiny("--out", letters, "--steps", "2")...)
	refused(t, 2, "the run learned from glyphs", "train", "--resume", letters, "--data", "mnist")
	must(t, "train", "--resume", letters, "--steps", "3", "--data", "glyphs")
}

// TestTextFromAPipe trains on what a shell puts together, as <(cat a b).
func TestTextFromAPipe(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("SKIPPED: there is no bash, whose <(…) makes pipes")
	}
	dir := t.TempDir()
	a, b, run := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "run")
	write(t, a, []byte("\ufeff"+prosaic(900)+"\r\n"))
	write(t, b, []byte("\ufeff"+prosaic(700)))
	shell := func(command string) (string, error) {
		out, err := exec.Command(bash, "-c", command, binary).CombinedOutput()
		return string(out), err
	}
	pipe := fmt.Sprintf("<(cat %s %s)", a, b)
	if out, err := shell(`"$0" ` + strings.Join(smallGPT(pipe, "--out", run, "--steps", "2"), " ")); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	refused(t, 2, "came through a pipe", "train", "--resume", run, "--steps", "3")
	refused(t, 2, "came through a pipe", "eval", run)
	if out, err := shell(fmt.Sprintf(`"$0" train --no-tune --resume %s --steps 3 --data %s`, run, pipe)); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := shell(fmt.Sprintf(`"$0" eval --no-tune %s --data %s`, run, pipe)); err != nil || !strings.Contains(out, "161 held-out characters") {
		t.Errorf("%v: %s", err, out)
	}
	refused(t, 1, "is a device", smallGPT("/dev/zero", "--out", filepath.Join(dir, "never"))...)
}

// TestPromptsHaveLineEndsOfAnyKind gives a prompt as files of other systems have it.
func TestPromptsHaveLineEndsOfAnyKind(t *testing.T) {
	dir := t.TempDir()
	file, run := filepath.Join(dir, "text.txt"), filepath.Join(dir, "run")
	write(t, file, []byte("\ufeff"+strings.ReplaceAll(prosaic(700), "\n", "\r\n")))
	must(t, smallGPT(file, "--out", run, "--steps", "2")...)
	want := must(t, "generate", run, "-n", "5", "--prompt", "The\nnumber\n")
	for _, prompt := range []string{"The\r\nnumber\r\n", "The\rnumber\r", "\ufeffThe\nnumber\n"} {
		if got := must(t, "generate", run, "-n", "5", "--prompt", prompt); got != want {
			t.Errorf("%q gives %q, want %q", prompt, got, want)
		}
	}
	must(t, "attention", run, "The\r\nnumber", "-o", filepath.Join(dir, "maps.png"))
}
