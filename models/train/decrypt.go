package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"genview/models/encrypt"
	"genview/models/signature"
	"genview/vk/files"
)

// Copied counts the files of a copy.
type Copied struct{ All, Decrypted int }

// Decrypted copies the run to a new folder for its owner alone, and decrypts the files that are encrypted. Signatures of encrypted files are
// left out, because they are not those of what the copy has. If it fails, it removes the copy. If no identity of the process opens the run,
// the error is [encrypt.ErrNoKey].
func (r *Run) Decrypted(ctx context.Context, to string) (n Copied, err error) {
	if err := encrypt.Unlock(r.Dir); err != nil {
		return n, err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return n, fmt.Errorf("train: %s is there already: give the name of a new folder", to)
		}
		return n, fmt.Errorf("train: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(to) // Mkdir made it
		}
	}()
	made, err := os.Stat(to)
	if err != nil {
		return n, fmt.Errorf("train: %w", err)
	}
	err = filepath.WalkDir(r.Dir, func(path string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if info, err := e.Info(); err == nil && os.SameFile(info, made) {
			return filepath.SkipDir
		}
		at, err := filepath.Rel(r.Dir, path)
		if err != nil {
			return err
		}
		return n.copy(path, filepath.Join(to, at), e)
	})
	return n, err
}

// copy copies a file, or makes a folder.
func (n *Copied) copy(from, to string, e fs.DirEntry) error {
	name := e.Name()
	switch {
	case e.IsDir():
		if _, err := os.Stat(to); err == nil {
			return nil
		}
		return os.Mkdir(to, 0o700)
	case !e.Type().IsRegular(), files.Partial(name), name == lockName, name == encrypt.RecipientsName, name == encrypt.KeyName,
		strings.HasSuffix(name, encrypt.Ending+signature.Ending):
		return nil
	}
	plain := strings.ReplaceAll(name, stateEnding+encrypt.Ending, stateEnding) // one that was put aside has another ending behind
	plain = strings.TrimSuffix(plain, encrypt.Ending)
	n.All++
	if plain != name {
		n.Decrypted++
	}
	return encrypt.Decrypt(from, filepath.Join(filepath.Dir(to), plain))
}
