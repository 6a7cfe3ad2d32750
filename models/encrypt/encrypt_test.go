package encrypt_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/encrypt"
	"genview/models/fuzzing"

	"filippo.io/age"
)

// TestRoundTrip: the recipients of a file open it, and the process that wrote it, and nobody else; files have from a byte to several of age's
// chunks.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	keys := []string{filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt"), filepath.Join(dir, "other.txt")}
	var public []string
	for _, k := range keys {
		p, err := encrypt.Generate(k, "")
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, p)
		if info, err := os.Stat(k); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read a secret key: %v, %v", info.Mode(), err)
		}
	}
	if _, err := encrypt.Generate(keys[0], ""); err == nil || !strings.Contains(err.Error(), "no key is ever replaced") {
		t.Errorf("a key was replaced: %v", err)
	}
	team := filepath.Join(dir, "team.txt")
	put(t, team, "# the team\n\n"+public[1]+"\n")
	to, err := encrypt.Parse(public[0], team)
	if err != nil || !slices.Equal(to.Keys(), public[:2]) {
		t.Fatalf("got %v, %v", to.Keys(), err)
	}
	for _, size := range []int{0, 1, 1 << 16, 1<<16 + 1, 200_000} {
		text := bytes.Repeat([]byte("genview"), size/7+1)[:size]
		path := to.Path(filepath.Join(dir, "file"))
		if err := to.WriteBytes(path, text); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others may read the file: %v, %v", info.Mode(), err)
		}
		if size > 20 && bytes.Contains(get(t, path), text) {
			t.Errorf("%d bytes are not encrypted", size)
		}
		for i, k := range append([]string{""}, keys...) {
			if i > 0 {
				encrypt.Forget()
				if err := encrypt.AddIdentities(k); err != nil {
					t.Fatal(err)
				}
			}
			got, err := encrypt.ReadFile(path)
			if opens := k != keys[2]; opens && (err != nil || !bytes.Equal(got, text)) || !opens && !errors.Is(err, encrypt.ErrNoKey) {
				t.Errorf("%d bytes with %q: %d bytes, %v", size, k, len(got), err)
			}
		}
		encrypt.Forget()
		if _, err := encrypt.ReadFile(path); !errors.Is(err, encrypt.ErrNoKey) {
			t.Errorf("without a key: %v", err)
		}
	}
}

// TestEveryChangeIsFound: an encrypted file of which a bit is changed, or that is cut, is an error of one line.
func TestEveryChangeIsFound(t *testing.T) {
	t.Cleanup(encrypt.Forget)
	dir := t.TempDir()
	public, err := encrypt.Generate(filepath.Join(dir, "me.txt"), "")
	if err != nil {
		t.Fatal(err)
	}
	to, err := encrypt.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "file.age")
	if err := to.WriteBytes(path, bytes.Repeat([]byte("x"), 100)); err != nil {
		t.Fatal(err)
	}
	whole := get(t, path)
	check := func(what string, at int, p []byte) {
		t.Helper()
		put(t, path, string(p))
		_, err := encrypt.ReadFile(path)
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s at %d: %v", what, at, err)
		}
	}
	for i := range whole {
		p := slices.Clone(whole)
		p[i] ^= 1 << (i % 8)
		check("changed", i, p)
		check("cut", i, whole[:i])
	}
}

// TestPassphrases: a run's own key is opened by its passphrase, which is asked for once, and by no other.
func TestPassphrases(t *testing.T) {
	t.Cleanup(func() { encrypt.Ask(nil) })
	t.Cleanup(encrypt.Forget)
	if _, err := encrypt.Passphrase(""); err == nil {
		t.Error("an empty passphrase is taken")
	}
	l, err := encrypt.Passphrase("secret")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := l.Write(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is open to others: %v, %v", info.Mode(), err)
	}
	path := l.Recipients().Path(filepath.Join(dir, "file"))
	if err := l.Recipients().WriteBytes(path, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if encrypt.Locked(dir) {
		t.Error("the process that made the key cannot use it")
	}
	encrypt.Forget()
	if !encrypt.Locked(dir) {
		t.Error("the key is open")
	}
	if err := encrypt.Unlock(dir); !errors.Is(err, encrypt.ErrNoKey) {
		t.Errorf("with nobody to ask: %v", err)
	}
	asked := 0
	for _, passphrase := range []string{"other", "secret"} {
		encrypt.Ask(func(string) (string, error) { asked++; return passphrase, nil })
		if err := encrypt.Unlock(dir); (err == nil) != (passphrase == "secret") || err != nil && !errors.Is(err, encrypt.ErrNoKey) {
			t.Errorf("%s: %v", passphrase, err)
		}
	}
	if err := encrypt.Unlock(dir); err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	if got, err := encrypt.ReadFile(path); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
	again, err := encrypt.Of(dir)
	if err != nil || !slices.Equal(again.Recipients().Keys(), l.Recipients().Keys()) {
		t.Errorf("the folder has %v, %v", again.Recipients().Keys(), err)
	}
	again.Drop(dir)
	if !again.Missing(dir) {
		t.Error("the recipients are still there")
	}
}

// TestKeysOfOneKind: keys that are safe from quantum computers work, and are not mixed with others.
func TestKeysOfOneKind(t *testing.T) {
	t.Cleanup(encrypt.Forget)
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encrypt.Parse(key.Recipient().String(), plain.Recipient().String()); err == nil || !strings.Contains(err.Error(), "quantum") {
		t.Errorf("kinds are mixed: %v", err)
	}
	to, err := encrypt.Parse(key.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.age")
	if err := to.WriteBytes(path, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if got, err := encrypt.ReadFile(path); err != nil || string(got) != "text" {
		t.Errorf("the process that wrote it reads %q, %v", got, err)
	}
	r, err := age.Decrypt(bytes.NewReader(get(t, path)), key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestSecretsAreNeverSaid: a secret key that is given in the wrong place is refused, and no error has a part of it.
func TestSecretsAreNeverSaid(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	secret, dir := key.String(), t.TempDir()
	file, damaged, empty := filepath.Join(dir, "me.txt"), filepath.Join(dir, "damaged.txt"), filepath.Join(dir, "empty.txt")
	put(t, file, secret+"\n")
	put(t, damaged, secret[:40]+"\n")
	put(t, empty, "# nothing\n")
	parse := func(word string) error { _, err := encrypt.Parse(word); return err }
	for name, err := range map[string]error{
		"a secret recipient": parse(secret), "a file with one": parse(file), "an identity": encrypt.AddIdentities(secret),
		"a damaged identity": encrypt.AddIdentities(damaged), "no identity": encrypt.AddIdentities(empty), "no recipient": parse(empty), "no key": parse("age1xyz"),
	} {
		if err == nil || strings.Contains(err.Error(), secret[20:36]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := parse(filepath.Join(dir, "missing.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzParse reads files of keys, and opens files.
func FuzzParse(f *testing.F) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, key.Recipient())
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write([]byte("text")); err != nil || w.Close() != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "# a\n" + key.Recipient().String() + "\n", key.String(), "age1\n", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> X25519 \n\n---", b.String(), "\xff\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, encrypt.RecipientsName)
		put(t, path, string(p))
		for _, read := range []func() error{
			func() error { _, err := encrypt.ReadFile(path); return err }, func() error { _, err := encrypt.Of(dir); return err },
			func() error { return encrypt.AddIdentities(path) },
		} {
			_ = fuzzing.Check(t, p, fuzzing.Usage{}, read)
		}
		encrypt.Forget()
	})
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
