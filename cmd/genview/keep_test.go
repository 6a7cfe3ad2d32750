package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutThatIsThereStays: --out that names something else than a new folder is refused before anything is read, and stays as it was.
func TestOutThatIsThereStays(t *testing.T) {
	dir := t.TempDir()
	corpus := filepath.Join(dir, "corpus.txt")
	text := bytes.Repeat([]byte("All the world's a stage. "), 400)
	write(t, corpus, text)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("corpus.txt", link); err != nil {
		t.Skip(err)
	}
	config := filepath.Join(dir, "run", "config.yaml")
	if err := os.Mkdir(filepath.Dir(config), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, config, []byte("kind: vae\n"))
	for _, out := range []string{corpus, link, config, filepath.Join(corpus, "run"), "/dev/null"} {
		refused(t, 1, "", "train", "text", corpus, "--out", out, "--steps", "1")
	}
	refused(t, 1, "give another folder, or go on with the run (--out FOLDER, --resume RUN)", "train", "text", corpus, "--out", filepath.Dir(config), "--steps", "1")
	if p, err := os.ReadFile(corpus); err != nil || !bytes.Equal(p, text) {
		t.Errorf("the text was changed or removed: %v", err)
	}
	if to, err := os.Readlink(link); err != nil || to != "corpus.txt" {
		t.Errorf("the link was changed or removed: %v", err)
	}
	holds(t, dir, "corpus.txt", "link", "run/config.yaml")
}

// TestGoingBackFromADamagedCheckpoint: the newest checkpoint has one wrong bit. The error says so, and --checkpoint can use the one before.
func TestGoingBackFromADamagedCheckpoint(t *testing.T) {
	dir := t.TempDir()
	run, whole := filepath.Join(dir, "run"), filepath.Join(dir, "whole")
	must(t, tiny("--out", whole, "--steps", "6")...)
	must(t, tiny("--out", run, "--steps", "3")...)
	must(t, "train", "--resume", run, "--steps", "5")
	files, err := filepath.Glob(filepath.Join(run, "checkpoints", "*5.safetensors"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	p, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	p[len(p)-100] ^= 1
	write(t, files[0], p)
	refused(t, 1, "--checkpoint 3", "sample", run)
	out, said, code := genview(t, "runs", "check", run)
	if code != 1 || !strings.Contains(out, "go on from it with train --resume "+run+" --checkpoint 3\n") || !strings.Contains(said, "is damaged: 1 of ") {
		t.Errorf("runs check: exit code %d, %s, %s", code, out, said)
	}
	if out := must(t, "runs", "check", whole, "--json"); !strings.Contains(out, `"whole":true`) {
		t.Errorf("runs check --json of a whole run: %s", out)
	}
	refused(t, 1, "--checkpoint 3", "train", "--resume", run)
	refused(t, 1, "has no checkpoint of step 4, but of steps 3, 5\n", "sample", run, "--checkpoint", "4")
	refused(t, 2, "--checkpoint -3: give the step of a checkpoint, 0 or more", "sample", run, "--checkpoint", "-3")
	refused(t, 2, "--checkpoint takes a checkpoint of a run", tiny("--checkpoint", "3", "--out", filepath.Join(dir, "new"))...)
	must(t, "sample", run, "--checkpoint", "3", "-o", filepath.Join(dir, "a.png"))
	_, said, code = genview(t, "train", "--resume", run, "--checkpoint", "3", "--steps", "6")
	if code != 0 || !strings.Contains(said, "put aside what is newer than step 3: "+files[0]+".aside") {
		t.Errorf("going back says %q", said)
	}
	if !bytes.Equal(newest(t, run), newest(t, whole)) {
		t.Error("a run that went back gives other bits than one that did not")
	}
}

// TestEndsEarly: a training that no longer becomes better ends; the best checkpoint stays beside as many of the newest as are asked for, and
// can be taken by that name.
func TestEndsEarly(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	_, said, code := genview(t, tiny("--out", run, "--steps", "40", "--set", "eval.every=2", "--set", "optim.lr=1e-30", "--save-every", "3", "--keep", "1", "--patience", "2")...)
	if code != 0 || !strings.Contains(said, "training ends at step 6: held out elbo has not become better than ") || !strings.Contains(said, " held-out data, 2 was the best, with held out elbo ") {
		t.Errorf("exit code %d: %s", code, said)
	}
	holds(t, filepath.Join(run, "checkpoints"), "step-00000002.safetensors", "step-00000006.safetensors")
	if out := must(t, "eval", run, "--checkpoint", "best", "--examples", "100"); !strings.Contains(out, "step 2: ") {
		t.Errorf("eval says %s", out)
	}
	_, said, code = genview(t, "train", "--resume", run, "--patience", "0", "--steps", "9")
	if code != 0 || !strings.Contains(said, "at step 9") {
		t.Errorf("going on: exit code %d: %s", code, said)
	}
}
