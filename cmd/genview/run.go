package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"genview/models/script"

	"github.com/spf13/cobra"
)

// runFlags are what genview run is asked for.
type runFlags struct {
	set         []string
	dir         string
	reference   bool
	interactive bool
}

func (a *app) run() *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run FILE.star [RUN] | -i [FILE.star] [RUN]",
		Short: "Run a script that films walks through what models have learned, or type one line by line",
		Long: `Run a script in Starlark, a small dialect of Python. It reads runs, pictures, latent vectors and sounds that it names, and writes
films, pictures and latent vectors below the folder of --dir; it can do nothing else. Its model() is RUN.
scripts/examples has whole scripts; --reference prints what scripts can call.

With -i statements are typed at a prompt, after the script if there is one. Tab completes names, and what a statement gives back is printed;
pictures, and latent vectors that a model can draw, appear in a window where there is a display. Ctrl-C ends the statement, Ctrl-D the prompt.`,
		Example: `  genview run scripts/examples/breathe.star runs/letters --set seconds=4
  genview run -i runs/letters
  genview run --reference`,
		Args: func(c *cobra.Command, words []string) error {
			switch {
			case f.reference:
				return args(cobra.NoArgs)(c, words)
			case f.interactive:
				return args(cobra.MaximumNArgs(2))(c, words)
			}
			return args(cobra.RangeArgs(1, 2))(c, words)
		},
		RunE: func(c *cobra.Command, words []string) error {
			if f.reference {
				_, err := io.WriteString(a.out, script.Reference())
				return err
			}
			params, err := parameters(f.set)
			if err != nil {
				return err
			}
			o := script.Options{
				Set: params, Dir: f.dir, Open: a.load, Write: a.film, Abort: a.abort,
				Print: func(line string) { fmt.Fprintln(a.out, line) },
				Count: func(unit string, done, of int) { a.console.count(unit, done, of) },
			}
			if f.interactive {
				return a.promptly(func(c *cobra.Command, words []string) error { return a.prompt(c, words, o) })(c, words)
			}
			c.Annotations = doing("running")
			return a.promptly(func(c *cobra.Command, words []string) error {
				source, err := readScript(words[0])
				if err != nil {
					return err
				}
				if len(words) > 1 {
					o.Run = words[1]
				}
				return script.Run(c.Context(), words[0], source, o)
			})(c, words)
		},
	}
	c.Flags().StringArrayVar(&f.set, "set", nil, "a parameter of the script: name=value; can be repeated")
	c.Flags().StringVar(&f.dir, "dir", ".", "folder below which the script writes")
	c.Flags().BoolVar(&f.reference, "reference", false, "print what scripts can call, as Markdown")
	c.Flags().BoolVarP(&f.interactive, "interactive", "i", false, "read statements from the terminal, and show pictures in a window")
	return c
}

// parameters returns the parameters of a script that were set.
func parameters(set []string) (map[string]string, error) {
	params := map[string]string{}
	for _, s := range set {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return nil, usageError{fmt.Errorf("--set %s: write name=value", s)}
		}
		params[key] = value
	}
	return params, nil
}

// mostScript is more than the longest script, in bytes.
const mostScript = 1 << 20

// readScript reads a script, but no more of it than shows that it is too long.
func readScript(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the script %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder and no script", path)
	}
	return io.ReadAll(io.LimitReader(f, mostScript))
}

// abort ends the process at once, because something cannot be interrupted.
func (a *app) abort(err error) {
	a.console.close()
	fmt.Fprintln(os.Stderr, "genview:", oneLine(err))
	os.Exit(1)
}
