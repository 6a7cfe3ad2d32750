package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"genview/models/encrypt"
	"genview/models/train"

	"github.com/spf13/cobra"
)

// readIdentities reads the secret keys that open encrypted runs.
func (a *app) readIdentities() error {
	encrypt.Ask(func(path string) (string, error) {
		text, err := a.passphrase("the passphrase of " + path)
		if err != nil {
			return "", fmt.Errorf("%s %w: %w", path, encrypt.ErrNoKey, err)
		}
		return text, nil
	})
	names := a.identities
	if v := os.Getenv(identityVariable); len(names) == 0 && v != "" {
		names = filepath.SplitList(v)
	}
	return encrypt.AddIdentities(names...)
}

// encrypts has new runs encrypted as the flags of a training say.
func (a *app) encrypts(f *trainFlags) (err error) {
	switch {
	case f.passphrase && len(f.recipients) > 0:
		return usageError{errors.New("--passphrase and --recipient both say how to encrypt: give one of them")}
	case len(f.recipients) > 0:
		to, err := encrypt.Parse(f.recipients...)
		if err != nil {
			return usageError{fmt.Errorf("--recipient: %w", err)}
		}
		a.secret = &encrypt.Lock{To: to}
	case f.passphrase:
		text, err := a.newPassphrase()
		if err != nil {
			return err
		}
		if a.secret, err = encrypt.Passphrase(text); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) decrypt() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "decrypt RUN -o FOLDER",
		Short: "Copy an encrypted run, decrypted",
		Long: `Copy a run to a new folder, with its checkpoints, samples and recording decrypted, to pass it on or to open it with other programs. The folder is
for you alone. The run stays as it is. Single files are opened by the age command: age -d -i me.txt FILE.`,
		Example: "  genview decrypt runs/secret -o runs/open --identity me.txt",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, words []string) error {
			if out == "" {
				return usageError{errors.New("say where the copy goes, with -o FOLDER")}
			}
			folder, err := train.OpenRun(words[0])
			if err != nil {
				return err
			}
			n, err := folder.Decrypted(c.Context(), out)
			if err != nil {
				return err
			}
			a.shown = words
			fmt.Fprintf(a.out, "%s: %d files, %d of them decrypted\n", out, n.All, n.Decrypted)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "folder for the copy; it must not be there yet")
	return c
}
