package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSignedRun: with trusted keys only checkpoints are loaded that one of them has signed, to sample, to train further and to look back.
func TestSignedRun(t *testing.T) {
	dir := t.TempDir()
	run, key, pub := filepath.Join(dir, "run"), filepath.Join(dir, "me.key"), filepath.Join(dir, "me.pub")
	must(t, tiny("--out", run, "--steps", "2", "--save-every", "1")...)
	if out := must(t, "keygen", "-o", key); !strings.Contains(out, pub) {
		t.Errorf("keygen says %q", out)
	}
	refused(t, 1, "no key is ever replaced", "keygen", "-o", key)
	refused(t, 2, "with --key", "sign", run)
	refused(t, 1, "is not signed", "verify", run, "--trusted-keys", pub)
	if out := must(t, "sign", run, "--key", key, "--checkpoint", "1"); !strings.HasSuffix(out, "step-00000001.safetensors.minisig\n") {
		t.Errorf("sign says %q", out)
	}
	png := filepath.Join(dir, "a.png")
	refused(t, 1, "is not signed; the checkpoint of step 1 is trusted (--checkpoint 1)", "sample", run, "-n", "2", "-o", png, "--trusted-keys", pub)
	must(t, "sample", run, "-n", "2", "-o", png, "--trusted-keys", pub, "--checkpoint", "1")
	must(t, "verify", run, "--trusted-keys", pub, "--checkpoint", "1")
	must(t, "sign", run, "--key", key)
	must(t, "sample", run, "-n", "2", "-o", png, "--trusted-keys", pub)
	refused(t, 1, "not signed, and only those of trusted people", "sample", run, "-n", "2", "-o", png, "--trusted-keys", pub, "--recorded", "1")
	if out := must(t, "runs", "check", run); strings.Contains(out, "damaged") {
		t.Errorf("check says %q", out)
	}
	config := filepath.Join(run, "config.yaml")
	was := read(t, config)
	write(t, config, append(was, '\n'))
	refused(t, 1, "config.yaml was changed after it was signed", "sample", run, "-n", "2", "-o", png, "--trusted-keys", pub)
	write(t, config, was)
	t.Setenv("GENVIEW_TRUSTED_KEYS", pub)
	must(t, "train", "--resume", run, "--steps", "6")
	refused(t, 1, "is not signed", "sample", run, "-n", "2", "-o", png)
	left, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.minisig"))
	if err != nil || len(left) > 0 {
		t.Errorf("of checkpoints that are gone these signatures are left: %v, %v", left, err)
	}
	text := filepath.Join(dir, "notes.txt")
	write(t, text, []byte("a"))
	must(t, "sign", text, "--key", key)
	must(t, "verify", text)
	write(t, text, []byte("b"))
	refused(t, 1, "was changed after it was signed", "verify", text)
	if err := os.Remove(pub); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "me.pub", "sample", run)
}
