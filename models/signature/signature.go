// Package signature signs files with Ed25519, in minisign's format (https://jedisct1.github.io/minisign), and verifies what others signed.
//
//	key, err := signature.ReadKey("me.key", "")
//	err = signature.Sign(key, "runs/letters/checkpoints/step-00002000.safetensors", "runs/letters/config.yaml")
//	trust, err := signature.ReadTrust("trusted.pub")
//	err = trust.Check("runs/letters/checkpoints/step-00002000.safetensors")
//
// The signature lies beside the file, with the ending .minisig. Its trusted comment, which is signed, too, has the hashes of the files that
// belong to it. minisign -V verifies the file itself, and keys that minisign -G made can be used here.
package signature

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"genview/vk/files"

	"aead.dev/minisign"
)

// Ending is that of the file with a signature.
const Ending = ".minisig"

// The parts of the comments in a signature.
const (
	comment    = "signature by genview"
	hashPrefix = "sha256:"
)

// mostText bounds the files of keys and signatures.
const mostText = 1 << 16

// Key is a secret key.
type Key = minisign.PrivateKey

// ErrPassphrase says that a key needs another passphrase.
var ErrPassphrase = errors.New("needs its passphrase")

// Generate makes a pair of keys and writes them: the secret one to path, for nobody else to read, the public one to path with the ending
// .pub. With a passphrase the secret key is encrypted. It never replaces a file.
func Generate(path, passphrase string) (public string, err error) {
	public = strings.TrimSuffix(path, filepath.Ext(path)) + ".pub"
	if public == path {
		return "", fmt.Errorf("signature: %s is the name of a public key: give the secret one another ending", path)
	}
	for _, name := range []string{path, public} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("signature: %s is there already, and no key is ever replaced: give another name", name)
		}
	}
	pub, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	text, err := key.MarshalText()
	if err == nil && passphrase != "" {
		text, err = minisign.EncryptKey(passphrase, key)
	}
	if err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	if err := files.CreateNew(path, text, 0o600); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	open, err := pub.MarshalText()
	if err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	if err := files.CreateNew(public, append(open, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	return public, nil
}

// read reads a small file.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, mostText+1))
	if err == nil && len(p) > mostText {
		err = fmt.Errorf("%s is too large for what it should be", path)
	}
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return p, nil
}

// ReadKey reads a secret key. The error is [ErrPassphrase] if it is encrypted with another passphrase.
func ReadKey(path, passphrase string) (key Key, err error) {
	text, err := read(path)
	if err != nil {
		return key, err
	}
	if minisign.IsEncrypted(text) {
		if passphrase == "" { // do not take a second and a gigabyte for what cannot be
			return key, fmt.Errorf("signature: the key in %s %w", path, ErrPassphrase)
		}
		if key, err = minisign.DecryptKey(passphrase, text); err != nil {
			return key, fmt.Errorf("signature: the key in %s %w", path, ErrPassphrase)
		}
		return key, nil
	}
	if err := key.UnmarshalText(text); err != nil {
		return key, fmt.Errorf("signature: %s has no secret key of minisign's", path)
	}
	return key, nil
}

// Sign signs a file, and with it the hashes of those that belong to it. The signature replaces one that is there.
func Sign(key Key, path string, beside ...string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	defer f.Close()
	trusted := fmt.Sprintf("timestamp:%d\tfile:%s\thashed", time.Now().Unix(), filepath.Base(path))
	for _, name := range beside {
		at, err := filepath.Rel(filepath.Dir(path), name)
		if err != nil {
			return fmt.Errorf("signature: %w", err)
		}
		sum, err := hash(name)
		if err != nil {
			return err
		}
		trusted += fmt.Sprintf("\t%s:%s%s", filepath.ToSlash(at), hashPrefix, sum)
	}
	r := minisign.NewReader(f)
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	return files.WriteBytes(path+Ending, r.SignWithComments(key, trusted, comment))
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("signature: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Drop removes the signature of a file that is gone. One that genview did not make stays.
func Drop(path string) error {
	text, err := read(path + Ending)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !strings.HasPrefix(string(text), "untrusted comment: "+comment+"\n") {
		return err
	}
	return files.Remove(path + Ending)
}

// Trust is the public keys of those whose signatures count.
type Trust []minisign.PublicKey

// ReadTrust reads public keys from files: lines in base64, as minisign writes them. Other lines are comments.
func ReadTrust(paths ...string) (Trust, error) {
	var t Trust
	for _, path := range paths {
		text, err := read(path)
		if err != nil {
			return nil, err
		}
		n := len(t)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "untrusted comment:") {
				continue
			}
			var key minisign.PublicKey
			if err := key.UnmarshalText([]byte(line)); err != nil {
				return nil, fmt.Errorf("signature: %s has a line that is no public key of minisign's: %.60q", path, line)
			}
			t = append(t, key)
		}
		if len(t) == n {
			return nil, fmt.Errorf("signature: %s has no public key", path)
		}
	}
	return t, nil
}

// A Problem says why a file is not trusted.
type Problem struct{ Path, What string }

func (p *Problem) Error() string { return fmt.Sprintf("%s %s", p.Path, p.What) }

// Check verifies that one of the keys signed a file and those that belong to it, and that none has changed since. Otherwise the error is a
// [*Problem].
func (t Trust) Check(path string) error {
	text, err := read(path + Ending)
	if errors.Is(err, fs.ErrNotExist) {
		return &Problem{path, "is not signed"}
	}
	if err != nil {
		return err
	}
	var s minisign.Signature
	if err := s.UnmarshalText(text); err != nil {
		return &Problem{path, "has a damaged signature"}
	}
	if s.Algorithm != minisign.HashEdDSA {
		return &Problem{path, "has a signature of minisign's old kind: sign it anew"}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	defer f.Close()
	r := minisign.NewReader(f)
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	known := false
	for _, key := range t {
		if r.Verify(key, text) {
			return besides(path, s.TrustedComment)
		}
		known = known || key.ID() == s.KeyID
	}
	if !known {
		return &Problem{path, fmt.Sprintf("is signed by the key %016X, which is not trusted", s.KeyID)}
	}
	return &Problem{path, "or its signature was changed after it was signed"}
}

// besides verifies the files that a trusted comment has the hashes of.
func besides(path, trusted string) error {
	for part := range strings.SplitSeq(trusted, "\t") {
		name, want, ok := strings.Cut(part, ":"+hashPrefix)
		if !ok {
			continue
		}
		beside := filepath.Join(filepath.Dir(path), filepath.FromSlash(name))
		got, err := hash(beside)
		if err != nil {
			return err
		}
		if got != want {
			return &Problem{beside, fmt.Sprintf("was changed after it was signed with %s", filepath.Base(path))}
		}
	}
	return nil
}
