package signature_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"genview/models/fuzzing"
	"genview/models/signature"
)

// FuzzRead reads files of keys and signatures. A signature that was changed never holds.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	key, file := filepath.Join(dir, "me.key"), filepath.Join(dir, "file")
	public, err := signature.Generate(key, "")
	if err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		f.Fatal(err)
	}
	secret, err := signature.ReadKey(key, "")
	if err != nil {
		f.Fatal(err)
	}
	if err := signature.Sign(secret, file); err != nil {
		f.Fatal(err)
	}
	trust, err := signature.ReadTrust(public)
	if err != nil {
		f.Fatal(err)
	}
	var whole []byte
	for _, name := range []string{key, public, file + signature.Ending} {
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		whole = p // the last is the signature
		f.Add(p)
		f.Add(p[:len(p)/2])
		f.Add(bytes.Repeat(p, 3))
	}
	f.Add([]byte("untrusted comment: \x1b[2J\n\xff\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = fuzzing.File(t, p, "a.key", fuzzing.Usage{}, func(path string) error { _, err := signature.ReadKey(path, ""); return err })
		_ = fuzzing.File(t, p, "a.pub", fuzzing.Usage{}, func(path string) error { _, err := signature.ReadTrust(path); return err })
		if err := os.WriteFile(file+signature.Ending, p, 0o600); err != nil {
			t.Fatal(err)
		}
		err := fuzzing.Check(t, p, fuzzing.Usage{}, func() error { return trust.Check(file) })
		if same := bytes.Equal(bytes.TrimSpace(p), bytes.TrimSpace(whole)); err == nil && !same && !bytes.HasPrefix(p, []byte("untrusted comment:")) {
			t.Errorf("it trusts %q", p)
		}
	})
}
