package encrypt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"genview/vk/files"

	"filippo.io/age"
)

// ErrNoKey says that a file is encrypted, and no identity of this process opens it.
var ErrNoKey = errors.New("is encrypted, and no identity that was given opens it")

// most is the largest work factor of a passphrase: 2¹⁸ is what age uses, and takes a second and 256 MiB.
const most = 18

// ours holds the identities of this process.
var ours ring

// ring holds identities.
type ring struct {
	mu   sync.Mutex
	all  []age.Identity
	keys map[[sha256.Size]byte]bool // files of encrypted keys that are open, by their contents
	own  [2]age.Identity            // of this process; the second is safe from quantum computers
	ask  func(path string) (string, error)
}

// Ask sets the function that is called for the passphrase of a file of keys. nil: none is known.
func Ask(f func(path string) (passphrase string, err error)) {
	ours.mu.Lock()
	defer ours.mu.Unlock()
	ours.ask = f
}

// Forget drops all identities of this process. It opens no encrypted file until it is given others, not even those that it wrote before.
func Forget() {
	ours.mu.Lock()
	defer ours.mu.Unlock()
	ours.all, ours.keys, ours.own = nil, nil, [2]age.Identity{}
}

// recipient returns the one that this process is.
func (r *ring) recipient(hybrid bool) (age.Recipient, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if hybrid {
		key, ok := r.own[1].(*age.HybridIdentity)
		if !ok {
			var err error
			if key, err = age.GenerateHybridIdentity(); err != nil {
				return nil, fmt.Errorf("encrypt: %w", err)
			}
			r.own[1] = key
			r.all = append(r.all, key)
		}
		return key.Recipient(), nil
	}
	key, ok := r.own[0].(*age.X25519Identity)
	if !ok {
		var err error
		if key, err = age.GenerateX25519Identity(); err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		r.own[0] = key
		r.all = append(r.all, key)
	}
	return key.Recipient(), nil
}

// opened adds the identity of a file of an encrypted key.
func (r *ring) opened(file []byte, all ...age.Identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[[sha256.Size]byte]bool{}
	}
	r.keys[sha256.Sum256(file)] = true
	r.all = append(r.all, all...)
}

// isOpen tells whether a file of keys was opened before.
func (r *ring) isOpen(file []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[sha256.Sum256(file)]
}

// identities returns all identities.
func (r *ring) identities() []age.Identity {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[:len(r.all):len(r.all)]
}

// AddIdentities adds the secret keys in files of age's (AGE-SECRET-KEY-…, one a line) to those of this process. A file that is encrypted
// with a passphrase needs what [Ask] has set.
func AddIdentities(paths ...string) error {
	for _, path := range paths {
		if secret(path) {
			return errors.New("encrypt: a secret key was given in place of a file that holds it: others may have seen it, make a new one")
		}
		if err := ours.addFile(path); err != nil {
			return err
		}
	}
	return nil
}

// addFile adds the keys of a file.
func (r *ring) addFile(path string) error {
	p, err := readSmall(path)
	if err != nil || r.isOpen(p) {
		return err
	}
	text := p
	if bytes.HasPrefix(p, []byte(magic)) {
		if text, err = r.withPassphrase(path, p); err != nil {
			return err
		}
	}
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(keys) == 0 { // the error may have a part of a key
		return fmt.Errorf("encrypt: %s has no secret key of age's (AGE-SECRET-KEY-…), or has other lines: genview keygen --age makes one", path)
	}
	r.opened(p, keys...)
	return nil
}

// withPassphrase decrypts a file of keys.
func (r *ring) withPassphrase(path string, p []byte) ([]byte, error) {
	r.mu.Lock()
	ask := r.ask
	r.mu.Unlock()
	if ask == nil {
		return nil, fmt.Errorf("%s %w: it needs a passphrase", path, ErrNoKey)
	}
	text, err := ask(path)
	if err != nil {
		return nil, err
	}
	key, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, fmt.Errorf("encrypt: the passphrase of %s is empty: give another one", path)
	}
	key.SetMaxWorkFactor(most)
	d, err := age.Decrypt(bytes.NewReader(p), key)
	if err != nil {
		if no := new(age.NoIdentityMatchError); errors.As(err, &no) {
			return nil, fmt.Errorf("%s %w: the passphrase is another one", path, ErrNoKey)
		}
		return nil, fmt.Errorf("encrypt: %s cannot be opened with a passphrase: %s", path, oneLine(err))
	}
	text2, err := io.ReadAll(io.LimitReader(d, mostText))
	if err != nil {
		return nil, fmt.Errorf("encrypt: %s is damaged: %s", path, oneLine(err))
	}
	return text2, nil
}

// Unlock opens the key of the run in a folder, if it has one and that is not open yet; [Ask] gives the passphrase.
func Unlock(dir string) error {
	path := filepath.Join(dir, KeyName)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return ours.addFile(path)
}

// Locked tells whether the run in a folder has a key that is not open yet.
func Locked(dir string) bool {
	p, err := readSmall(filepath.Join(dir, KeyName))
	return err == nil && !ours.isOpen(p)
}

// A File is an open file, decrypted while it is read. It is safe for concurrent use.
type File struct {
	io.ReaderAt
	file      *os.File
	size      int64
	encrypted bool
}

// Size returns the number of bytes, decrypted.
func (f *File) Size() int64 { return f.size }

// Encrypted tells whether the file is encrypted.
func (f *File) Encrypted() bool { return f.encrypted }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Open opens a file, encrypted or not. It reads the last part of an encrypted file, so that one that was cut is found at once. If no identity
// opens the file, the error is [ErrNoKey].
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened, err := open(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}

func open(f *os.File, path string) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, len(magic))
	n, _ := f.ReadAt(head, 0)
	if string(head[:n]) != magic {
		if strings.HasSuffix(path, Ending) {
			return nil, fmt.Errorf("%s is damaged or was changed: it does not begin as files of age do", path)
		}
		return &File{f, f, info.Size(), false}, nil
	}
	r, size, err := age.DecryptReaderAt(f, info.Size(), ours.identities()...)
	if err != nil {
		if no := new(age.NoIdentityMatchError); errors.As(err, &no) || len(ours.identities()) == 0 {
			return nil, fmt.Errorf("%s %w", path, ErrNoKey)
		}
		return nil, fmt.Errorf("%s is damaged or was changed: %s", path, oneLine(err))
	}
	return &File{decrypted{r, path}, f, size, true}, nil
}

// decrypted names the file in errors.
type decrypted struct {
	io.ReaderAt
	path string
}

func (d decrypted) ReadAt(p []byte, at int64) (int, error) {
	n, err := d.ReaderAt.ReadAt(p, at)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s is damaged or was changed: %s", d.path, oneLine(err))
	}
	return n, err
}

// oneLine returns the text of an error of age's, without line ends and what a file may have put into it.
func oneLine(err error) string {
	text := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, err.Error())
	return fmt.Sprintf("%.200s", text)
}

// ReadFile returns the contents of a file, encrypted or not. The errors are those of [Open].
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	p, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	return p, errors.Join(err, f.Close())
}

// Decrypt writes a file to another path as it was before it was encrypted.
func Decrypt(from, to string) error {
	f, err := Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return files.WritePrivate(to, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(f, 0, f.Size()))
		return err
	})
}

// Generate makes a pair of keys, writes the secret one to path, for nobody else to read, and returns the public one. With a passphrase the
// secret key is encrypted. It never replaces a file.
func Generate(path, passphrase string) (public string, err error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	var b bytes.Buffer
	write := func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "# public key: %s\n%s\n", key.Recipient(), key)
		return err
	}
	if passphrase == "" {
		err = write(&b)
	} else {
		var scrypt *age.ScryptRecipient
		if scrypt, err = age.NewScryptRecipient(passphrase); err == nil {
			err = encrypt(&b, []age.Recipient{scrypt}, write)
		}
	}
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	err = files.CreateNew(path, b.Bytes(), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("encrypt: %s is there already, and no key is ever replaced: give another name", path)
	}
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return key.Recipient().String(), nil
}
