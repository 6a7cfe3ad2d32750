package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEncryptedRun: a run that is encrypted to a key, or with a passphrase, is opened by that and by nothing else, by every kind of command;
// no command says a secret, and a copy of it is plain.
func TestEncryptedRun(t *testing.T) {
	dir := t.TempDir()
	run, me, other, png := filepath.Join(dir, "run"), filepath.Join(dir, "me.txt"), filepath.Join(dir, "other.txt"), filepath.Join(dir, "a.png")
	said := must(t, "keygen", "--age", "-o", me)
	public := strings.TrimSpace(said[strings.Index(said, "age1"):])
	must(t, "keygen", "--age", "-o", other)
	must(t, tiny("--out", run, "--steps", "2", "--save-every", "1", "--recipient", public)...)
	for _, args := range [][]string{
		{"sample", run, "-n", "2", "-o", png},
		{"sample", run, "-n", "2", "-o", png, "--identity", other},
		{"card", run},
		{"runs", "prune", run, "--keep", "1"},
		{"sample", run, "-n", "2", "-o", png, "--recorded", "1"},
		{"report", run, "-o", filepath.Join(dir, "a.html")},
		{"decrypt", run, "-o", filepath.Join(dir, "open")},
		{"train", "--resume", run, "--steps", "3"},
	} {
		refused(t, 1, "is encrypted, and no identity that was given opens it (--identity FILE", args...)
	}
	if _, said, code := genview(t, "runs", "check", run); code != 1 || !strings.Contains(said, "was not verified") {
		t.Errorf("check says %q, exit code %d", said, code)
	}
	if out := must(t, "audit", run); !strings.Contains(out, public) || !strings.Contains(out, "not compared") {
		t.Errorf("audit says %q", out)
	}
	t.Setenv("GENVIEW_IDENTITY", me)
	must(t, "sample", run, "-n", "2", "-o", png)
	must(t, "train", "--resume", run, "--steps", "3")
	must(t, "runs", "check", run)
	must(t, "decrypt", run, "-o", filepath.Join(dir, "open"))
	t.Setenv("GENVIEW_IDENTITY", "")
	copied := filepath.Join(dir, "b.png")
	must(t, "sample", filepath.Join(dir, "open"), "-n", "2", "-o", copied)
	must(t, "audit", filepath.Join(dir, "open"))

	t.Setenv("GENVIEW_PASSPHRASE", "open sesame")
	second := filepath.Join(dir, "second")
	must(t, tiny("--out", second, "--steps", "1", "--passphrase")...)
	must(t, "sample", second, "-n", "2", "-o", png)
	t.Setenv("GENVIEW_PASSPHRASE", "sesame")
	refused(t, 1, "the passphrase is another one", "sample", second, "-n", "2", "-o", png)
	t.Setenv("GENVIEW_PASSPHRASE", "")
	refused(t, 1, "no terminal to ask", "sample", second, "-n", "2", "-o", png)

	secret := strings.TrimSpace(string(read(t, me)))
	secret = secret[strings.Index(secret, "AGE-SECRET-KEY"):]
	for _, args := range [][]string{
		tiny("--out", filepath.Join(dir, "third"), "--recipient", secret),
		{"sample", run, "--identity", secret},
		tiny("--out", filepath.Join(dir, "third"), "--recipient", public, "--passphrase"), tiny("--out", filepath.Join(dir, "third"), "--recipient", public, "--tensorboard"),
	} {
		_, said, code := genview(t, args...)
		if code == 0 || strings.Contains(said, secret[20:40]) || strings.Count(said, "\n") != 1 {
			t.Errorf("exit code %d and %q", code, said)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "third")); err == nil {
		t.Error("a run was made that could not be encrypted")
	}
	err := filepath.WalkDir(run, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && strings.Contains(string(read(t, path)), secret) {
			t.Errorf("%s has the secret key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
