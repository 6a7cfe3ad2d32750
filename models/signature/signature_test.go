package signature_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"genview/models/signature"
)

func write(t testing.TB, path string, p []byte) {
	t.Helper()
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
}

// pair makes a pair of keys.
func pair(t *testing.T, name, passphrase string) (secret, public string) {
	t.Helper()
	secret = filepath.Join(t.TempDir(), name+".key")
	public, err := signature.Generate(secret, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return secret, public
}

// signed returns a file that is signed together with another, and who is trusted.
func signed(t *testing.T) (path, beside string, trust signature.Trust) {
	t.Helper()
	dir := t.TempDir()
	path, beside = filepath.Join(dir, "checkpoints", "step.safetensors"), filepath.Join(dir, "config.yaml")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, path, []byte("weights"))
	write(t, beside, []byte("settings"))
	secret, public := pair(t, "me", "")
	key, err := signature.ReadKey(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := signature.Sign(key, path, beside); err != nil {
		t.Fatal(err)
	}
	if trust, err = signature.ReadTrust(public); err != nil {
		t.Fatal(err)
	}
	return path, beside, trust
}

// TestEveryBitIsSigned: one flipped bit of the file, of its signature or of what belongs to it is found. In a signature the comment that is
// not trusted does not count.
func TestEveryBitIsSigned(t *testing.T) {
	path, beside, trust := signed(t)
	if err := trust.Check(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, beside, path + signature.Ending} {
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		from := 0
		if name == path+signature.Ending {
			from = strings.IndexByte(string(whole), '\n') + 1
		}
		for i := from; i < len(whole)-1; i++ { // the last is a line end
			p := append([]byte(nil), whole...)
			p[i] ^= 1 << (i % 8)
			write(t, name, p)
			var problem *signature.Problem
			if err := trust.Check(path); !errors.As(err, &problem) && !(err != nil && from > 0) {
				t.Fatalf("bit %d of byte %d of %s is flipped: %v", i%8, i, filepath.Base(name), err)
			}
		}
		write(t, name, whole)
	}
	if err := trust.Check(path); err != nil {
		t.Fatal(err)
	}
	other, public := pair(t, "other", "")
	foreign, err := signature.ReadTrust(public)
	if err != nil {
		t.Fatal(err)
	}
	if err := foreign.Check(path); err == nil || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("of a key that is not trusted: %v", err)
	}
	if err := append(foreign, trust...).Check(path); err != nil {
		t.Errorf("one of two trusted keys: %v", err)
	}
	if err := trust.Check(other); err == nil || !strings.HasSuffix(err.Error(), "is not signed") {
		t.Errorf("of a file without a signature: %v", err)
	}
}

// TestPassphrases: a secret key is for nobody else to read, and one with a passphrase is read with that alone.
func TestPassphrases(t *testing.T) {
	secret, _ := pair(t, "me", "open sesame")
	info, err := os.Stat(secret)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key is %v, %v", info.Mode(), err)
	}
	for _, wrong := range []string{"", "shut"} {
		if _, err := signature.ReadKey(secret, wrong); !errors.Is(err, signature.ErrPassphrase) {
			t.Errorf("with the passphrase %q: %v", wrong, err)
		}
	}
	if _, err := signature.ReadKey(secret, "open sesame"); err != nil {
		t.Error(err)
	}
}

// TestKeys: no key is replaced, and files of other kinds are no keys.
func TestKeys(t *testing.T) {
	secret, public := pair(t, "me", "")
	before, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signature.Generate(secret, ""); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a key is replaced: %v", err)
	}
	if after, _ := os.ReadFile(secret); string(after) != string(before) {
		t.Error("the key has changed")
	}
	if _, err := signature.ReadKey(public, ""); err == nil || !strings.Contains(err.Error(), "no secret key") {
		t.Errorf("a public key as a secret one: %v", err)
	}
	if _, err := signature.ReadTrust(secret); err == nil || strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("a secret key as a public one: %v", err)
	}
	write(t, public, []byte("# nobody\n"))
	if _, err := signature.ReadTrust(public); err == nil || !strings.Contains(err.Error(), "no public key") {
		t.Errorf("a file without keys: %v", err)
	}
}

// TestDrop: the signature of a file that is gone goes, too, unless somebody else made it.
func TestDrop(t *testing.T) {
	path, _, _ := signed(t)
	p, err := os.ReadFile(path + signature.Ending)
	if err != nil {
		t.Fatal(err)
	}
	if err := signature.Drop(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + signature.Ending); err == nil {
		t.Error("the signature is still there")
	}
	write(t, path+signature.Ending, []byte(strings.Replace(string(p), "genview", "minisign", 1)))
	if err := signature.Drop(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + signature.Ending); err != nil {
		t.Error("somebody else's signature is gone")
	}
}

// TestMinisign: minisign's own program verifies what is signed here, where it is installed.
func TestMinisign(t *testing.T) {
	program, err := exec.LookPath("minisign")
	if err != nil {
		t.Skip("minisign is not installed")
	}
	secret, public := pair(t, "me", "")
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, []byte("weights"))
	key, err := signature.ReadKey(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := signature.Sign(key, path, public); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-V", "-p", public, "-m", path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// A file is signed, and then changed.
func ExampleSign() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	_ = os.WriteFile(path, []byte("weights"), 0o644)
	public, err := signature.Generate(filepath.Join(dir, "me.key"), "")
	if err != nil {
		panic(err)
	}
	key, _ := signature.ReadKey(filepath.Join(dir, "me.key"), "")
	trust, _ := signature.ReadTrust(public)
	fmt.Println(signature.Sign(key, path), trust.Check(path))
	_ = os.WriteFile(path, []byte("Weights"), 0o644)
	fmt.Println(trust.Check(path) != nil)
	// Output:
	// <nil> <nil>
	// true
}
