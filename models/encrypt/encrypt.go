// Package encrypt encrypts the files of runs with age (https://age-encryption.org/v1), and opens them.
//
//	to, err := encrypt.Parse("age1…", "team.txt")
//	err = to.Write("runs/letters/checkpoints/step-00002000.safetensors.age", write)
//	err = encrypt.AddIdentities("me.txt")
//	f, err := encrypt.Open("runs/letters/checkpoints/step-00002000.safetensors.age")
//
// A run has its recipients in recipients.txt. Every encrypted file can be opened with the age command, too: age -d -i me.txt FILE. With a
// passphrase in place of recipients, a run has a key of its own, which lies beside in key.age and is encrypted with the passphrase, so that
// the passphrase is asked for once and not for each file; age -d -i RUN/key.age FILE asks for it, too.
//
// The identities that open files belong to the process, as those of an agent do: whatever reads a run finds them. A process can always open
// what it has encrypted itself, because it is a recipient with a key that it has in memory alone. So a server that has nobody's secret key
// can train, show its past, and go on from its own checkpoints when it has lost its device.
package encrypt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"genview/vk/files"

	"filippo.io/age"
)

// The names of files.
const (
	Ending         = ".age"           // of encrypted files
	RecipientsName = "recipients.txt" // in a run's folder: whom its files are encrypted to
	KeyName        = "key.age"        // in a run's folder: its own key, encrypted with a passphrase
)

// magic is the beginning of every file of age.
const magic = "age-encryption.org/v1\n"

// mostText bounds the files of keys.
const mostText = 1 << 20

// Recipients are those whom files are encrypted to. Files to nil are plain.
type Recipients struct {
	text   []string // public keys
	all    []age.Recipient
	hybrid bool // all are safe from quantum computers
}

// Parse returns the recipients of some words: public keys (age1…), and files of such, one a line. Of the keys of one run, all must be safe
// from quantum computers (age1pq1…), or none.
func Parse(words ...string) (*Recipients, error) {
	r := &Recipients{}
	for _, w := range words {
		if secret(w) {
			return nil, fmt.Errorf("encrypt: a secret key was given in place of a public one: others may have seen it, make a new one")
		}
		if strings.HasPrefix(w, "age1") && !strings.ContainsAny(w, "./\\") {
			if err := r.add(w); err != nil {
				return nil, err
			}
			continue
		}
		p, err := readSmall(w)
		if err != nil {
			return nil, err
		}
		if err := r.read(p); err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
	}
	return r, nil
}

// read adds the keys of a file.
func (r *Recipients) read(p []byte) error {
	n := len(r.all)
	for line := range strings.Lines(string(p)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if secret(line) {
			return errors.New("encrypt: it has a secret key where public ones belong: make that file unreadable for others, and give its public key")
		}
		if err := r.add(line); err != nil {
			return err
		}
	}
	if len(r.all) == n {
		return errors.New("encrypt: it has no public key of age's (age1…)")
	}
	return nil
}

// add adds a key.
func (r *Recipients) add(text string) error {
	all, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(all) != 1 {
		return fmt.Errorf("encrypt: %.40q is no public key of age's (age1…): genview keygen --age makes a pair", text)
	}
	_, hybrid := all[0].(*age.HybridRecipient)
	if len(r.all) > 0 && hybrid != r.hybrid {
		return errors.New("encrypt: of the public keys some are safe from quantum computers (age1pq1…) and some are not: a run takes one kind")
	}
	r.text, r.all, r.hybrid = append(r.text, text), append(r.all, all[0]), hybrid
	return nil
}

// secret tells whether a text is a secret key.
func secret(text string) bool { return strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY") }

// Keys returns the public keys.
func (r *Recipients) Keys() []string {
	if r == nil {
		return nil
	}
	return r.text
}

// Text returns the contents of a file of recipients.
func (r *Recipients) Text() []byte { return []byte(strings.Join(r.text, "\n") + "\n") }

// Path returns the name of a file that [Recipients.Write] writes: with [Ending] unless it is plain.
func (r *Recipients) Path(path string) string {
	if r == nil {
		return path
	}
	return path + Ending
}

// Write writes a file whole or not at all, as [files.Write] does. If it is encrypted, only its owner may read it. The path is that of
// [Recipients.Path].
func (r *Recipients) Write(path string, write func(w io.Writer) error) error {
	if r == nil {
		return files.Write(path, write)
	}
	own, err := ours.recipient(r.hybrid)
	if err != nil {
		return err
	}
	all := append(r.all[:len(r.all):len(r.all)], own)
	return files.WritePrivate(path, func(w io.Writer) error { return encrypt(w, all, write) })
}

// WriteBytes is [Recipients.Write] for bytes.
func (r *Recipients) WriteBytes(path string, p []byte) error {
	return r.Write(path, func(w io.Writer) error {
		_, err := w.Write(p)
		return err
	})
}

// encrypt writes what write writes, encrypted.
func encrypt(w io.Writer, to []age.Recipient, write func(w io.Writer) error) error {
	e, err := age.Encrypt(w, to...)
	if err != nil {
		return err
	}
	if err := write(e); err != nil {
		return err
	}
	return e.Close()
}

// Find returns the name under which a file is there: path, or path with [Ending]. If neither is there, it returns the name for r.
func (r *Recipients) Find(path string) string {
	first, second := path, path+Ending
	if r != nil {
		first, second = second, first
	}
	if _, err := os.Lstat(first); err == nil {
		return first
	}
	if _, err := os.Lstat(second); err == nil {
		return second
	}
	return first
}

// A Lock says how the files of a new run are encrypted. nil: they are plain.
type Lock struct {
	To  *Recipients
	key []byte // with a passphrase: the run's own key
}

// Passphrase returns the lock of a run with a passphrase. This process can open its files without asking for it.
func Passphrase(text string) (*Lock, error) {
	scrypt, err := age.NewScryptRecipient(text)
	if err != nil {
		return nil, fmt.Errorf("encrypt: the passphrase is empty: give another one")
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	l := &Lock{To: &Recipients{}}
	if err := l.To.add(key.Recipient().String()); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := encrypt(&b, []age.Recipient{scrypt}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, key)
		return err
	}); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	l.key = b.Bytes()
	ours.opened(l.key, key)
	return l, nil
}

// Of returns the lock of the run in a folder; nil: its files are plain.
func Of(dir string) (*Lock, error) {
	path := filepath.Join(dir, RecipientsName)
	p, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := &Lock{To: &Recipients{}}
	if err := l.To.read(p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if l.key, err = readSmall(filepath.Join(dir, KeyName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return l, nil
}

// Recipients returns whom the files are encrypted to; nil: they are plain.
func (l *Lock) Recipients() *Recipients {
	if l == nil {
		return nil
	}
	return l.To
}

// Write makes the folder of a run one for its owner alone, and writes the files of the lock into it.
func (l *Lock) Write(dir string) error {
	if l == nil {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	if l.key != nil {
		if err := private(filepath.Join(dir, KeyName), l.key); err != nil {
			return err
		}
	}
	return private(filepath.Join(dir, RecipientsName), l.To.Text())
}

// private writes a file for its owner alone.
func private(path string, p []byte) error {
	return files.WritePrivate(path, func(w io.Writer) error {
		_, err := w.Write(p)
		return err
	})
}

// Drop removes the files of a lock from a folder.
func (l *Lock) Drop(dir string) {
	if l != nil {
		_ = os.Remove(filepath.Join(dir, RecipientsName))
		_ = os.Remove(filepath.Join(dir, KeyName))
	}
}

// Missing tells whether the file of the recipients is not in a folder.
func (l *Lock) Missing(dir string) bool {
	if l == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, RecipientsName))
	return errors.Is(err, fs.ErrNotExist)
}

// readSmall reads a file of keys.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, mostText+1))
	if err == nil && len(p) > mostText {
		err = fmt.Errorf("%s is too large for keys", path)
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return p, nil
}
