package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"genview/models/encrypt"
	"genview/models/run"
	"genview/models/signature"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The environment variables of keys. A passphrase is no flag, because other users see the arguments of processes.
const (
	identityVariable   = "GENVIEW_IDENTITY"
	trustedVariable    = "GENVIEW_TRUSTED_KEYS"
	passphraseVariable = "GENVIEW_PASSPHRASE"
)

// readTrust reads the keys of those whose checkpoints are loaded.
func (a *app) readTrust() (err error) {
	names := a.trusted
	if v := os.Getenv(trustedVariable); len(names) == 0 && v != "" {
		names = strings.Split(v, ",")
	}
	if len(names) > 0 {
		a.trust, err = signature.ReadTrust(names...)
	}
	return err
}

func (a *app) keygen() *cobra.Command {
	var out string
	var locked, toEncrypt bool
	c := &cobra.Command{
		Use:   "keygen -o FILE",
		Short: "Make a pair of keys to sign models with, or to encrypt runs to",
		Long: `Make a pair of Ed25519 keys in minisign's format: the secret one in FILE, for you alone, and the public one beside it with the ending .pub, for
everybody who wants to know that a model is yours. With --age, make a secret key that opens encrypted runs, in age's format, and print the public
one, which train --recipient takes. No file is ever replaced.`,
		Example: "  genview keygen -o me.key\n  genview keygen -o me.key --passphrase\n  genview keygen --age -o me.txt",
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usageError{errors.New("say where the secret key goes, with -o me.key")}
			}
			passphrase := ""
			if locked {
				var err error
				if passphrase, err = a.newPassphrase(); err != nil {
					return err
				}
			}
			if toEncrypt {
				public, err := encrypt.Generate(out, passphrase)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s: keep it secret\n%s\n", out, public)
				return nil
			}
			public, err := signature.Generate(out, passphrase)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s: keep it secret\n%s: give it to others\n", out, public)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file for the secret key")
	c.Flags().BoolVar(&toEncrypt, "age", false, "a key that opens encrypted runs")
	c.Flags().BoolVar(&locked, "passphrase", false, "encrypt the secret key with a passphrase, asked for or from "+passphraseVariable)
	return c
}

// newPassphrase asks for a passphrase twice, or takes that of the environment.
func (a *app) newPassphrase() (string, error) {
	first, err := a.passphrase("a passphrase")
	if err != nil || os.Getenv(passphraseVariable) != "" {
		return first, err
	}
	again, err := a.passphrase("it again")
	switch {
	case err != nil:
		return "", err
	case first != again:
		return "", errors.New("the two differ: nothing is written")
	case first == "":
		return "", errors.New("the passphrase is empty: nothing is written")
	}
	return first, nil
}

// passphrase returns the passphrase of the environment, or asks for one at the terminal.
func (a *app) passphrase(what string) (string, error) {
	if v := os.Getenv(passphraseVariable); v != "" {
		return v, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", fmt.Errorf("there is no terminal to ask for a passphrase: set %s", passphraseVariable)
	}
	fmt.Fprintf(os.Stderr, "genview: give %s: ", what)
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("the passphrase: %w", err)
	}
	return string(p), nil
}

// readKey reads a secret key, and asks for its passphrase if it has one.
func (a *app) readKey(path string) (signature.Key, error) {
	key, err := signature.ReadKey(path, "")
	if !errors.Is(err, signature.ErrPassphrase) {
		return key, err
	}
	text, err := a.passphrase("the passphrase of " + path)
	if err != nil {
		return key, err
	}
	return signature.ReadKey(path, text)
}

func (a *app) sign() *cobra.Command {
	var secret string
	c := &cobra.Command{
		Use:   "sign RUN|FILE --key FILE",
		Short: "Sign a run's checkpoint, or any file",
		Long: `Sign the newest checkpoint of a run, or that of --checkpoint, together with the run's settings; or any file. The signature lies beside it with the
ending .minisig, and minisign verifies it, too. Checkpoints that are saved later are not signed.`,
		Example: "  genview sign runs/letters --key me.key\n  genview sign letters.safetensors --key me.key",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, words []string) error {
			if secret == "" {
				return usageError{errors.New("say with which secret key, with --key me.key: genview keygen makes one")}
			}
			path, step, err := a.signable(words[0])
			if err != nil {
				return err
			}
			key, err := a.readKey(secret)
			if err != nil {
				return err
			}
			if step < 0 {
				if err := signature.Sign(key, path); err != nil {
					return err
				}
				fmt.Fprintln(a.out, path+signature.Ending)
				return nil
			}
			_, folder, err := run.Read(words[0], run.Place{})
			if err != nil {
				return err
			}
			if path, err = folder.Sign(key, step); err != nil {
				return err
			}
			a.shown = words
			fmt.Fprintln(a.out, path)
			return nil
		},
	}
	c.Flags().StringVar(&secret, "key", "", "file with the secret key, from genview keygen or minisign -G")
	return c
}

// signable returns the file that is to be signed or verified. If it is the checkpoint of a run, step is that of it, otherwise below 0.
func (a *app) signable(name string) (path string, step int, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", 0, err
	}
	if !info.IsDir() {
		return name, -1, nil
	}
	_, folder, err := run.Read(name, run.Place{})
	if err != nil {
		return "", 0, err
	}
	switch a.checkpoint {
	case run.Newest:
		_, step, err = folder.Newest()
	case run.Best:
		step, _, err = folder.Best()
	default:
		step = a.checkpoint
	}
	return folder.Checkpoint(step), step, err
}

func (a *app) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify RUN|FILE --trusted-keys FILE",
		Short: "Verify who signed a run's checkpoint, or any file",
		Long: `Verify that one of the public keys in the files of --trusted-keys has signed the newest checkpoint of a run, or that of --checkpoint, and that
neither it nor the run's settings have changed since; or that one has signed any file.`,
		Example: "  genview verify runs/letters --trusted-keys me.pub",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, words []string) error {
			if a.trust == nil {
				return usageError{errors.New("say whose signatures count, with --trusted-keys me.pub")}
			}
			path, _, err := a.signable(words[0])
			if err != nil {
				return err
			}
			if err := a.trust.Check(path); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s is as it was signed\n", path)
			return nil
		},
	}
}
