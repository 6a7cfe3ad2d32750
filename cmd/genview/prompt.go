package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"genview/models/script"
	"genview/models/watch"
	"genview/viewer"

	"github.com/ergochat/readline"
	"github.com/spf13/cobra"
)

// prompt executes the statements that a user types, or those that stdin has if it is no terminal.
func (a *app) prompt(c *cobra.Command, words []string, o script.Options) (err error) {
	ctx := c.Context()
	file := ""
	if len(words) > 0 && (len(words) == 2 || filepath.Ext(words[0]) == ".star") {
		file, words = words[0], words[1:]
	}
	if len(words) > 0 {
		o.Run = words[0]
	}
	pictures := &shower{app: a, ctx: ctx}
	if viewer.CheckDisplay() == nil {
		o.Show = pictures.show
	}
	in := script.New(o)
	defer func() { err = errors.Join(err, pictures.close(), in.Close()) }()
	if file != "" {
		source, err := readScript(file)
		if err != nil {
			return err
		}
		if err := in.Run(ctx, file, source); err != nil {
			return err
		}
	}
	if c.InOrStdin() == os.Stdin && onTerminal(os.Stdin) && onTerminal(os.Stdout) && os.Getenv("TERM") != "dumb" { // readline asks where the cursor is
		return a.typed(ctx, in)
	}
	lines := bufio.NewScanner(c.InOrStdin())
	lines.Buffer(nil, mostScript)
	for {
		s, err := in.Read(func() (string, error) {
			if lines.Scan() {
				return lines.Text(), nil
			}
			return "", cmp.Or(lines.Err(), io.EOF)
		})
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = a.do(ctx, in, s)
		}
		if err != nil {
			return err
		}
	}
}

// typed executes statements from the terminal until its user ends that. An error of one does not end it.
func (a *app) typed(ctx context.Context, in *script.Interpreter) error {
	const first, next = ">>> ", "... "
	history := cached("history")
	if history != "" {
		if err := os.MkdirAll(filepath.Dir(history), 0o700); err != nil {
			history = ""
		}
	}
	rl, err := readline.NewFromConfig(&readline.Config{Prompt: first, HistoryFile: history, HistoryLimit: 1000, AutoComplete: completer{in}})
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	defer rl.Close()
	defer context.AfterFunc(ctx, func() { rl.Close() })() // gives the terminal back as it was
	a.console.say("model() opens a run, film(…) writes a film; genview run --reference says what else there is. Ctrl-D ends this.")
	for {
		rl.SetPrompt(first)
		s, err := in.Read(func() (string, error) {
			line, err := rl.ReadLine()
			rl.SetPrompt(next)
			return line, err
		})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err == nil:
			err = a.do(ctx, in, s)
		}
		if err != nil && ctx.Err() == nil {
			a.console.say("%s", oneLine(err))
		}
	}
}

// do executes a statement and prints its value. Ctrl-C ends the statement alone.
func (a *app) do(ctx context.Context, in *script.Interpreter, s *script.Statement) error {
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer takeInterrupt(ctx, func() { cancel(errors.New("interrupted")) })()
	running := a.console.begin("running")
	value, err := in.Do(within, s)
	running.end()
	if value != "" {
		fmt.Fprintln(a.out, value)
	}
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return context.Cause(within)
	}
	return err
}

// A completer completes names at the prompt.
type completer struct{ in *script.Interpreter }

// Do implements [readline.AutoCompleter].
func (c completer) Do(line []rune, at int) (rest [][]rune, typed int) {
	names, n := c.in.Complete(string(line[:at]))
	if len(names) == 0 {
		return nil, 0
	}
	for _, name := range names {
		rest = append(rest, []rune(name[n:]))
	}
	return rest, len([]rune(names[0][:n]))
}

// A shower shows pictures in a window, which it opens for the first ones.
type shower struct {
	app   *app
	ctx   context.Context
	bus   *watch.Bus // nil: the window was not opened yet
	over  bool       // it was closed, or could not be opened
	stop  func()
	ended chan error
}

// show shows pictures in place of those before. Once the window was closed it does nothing.
func (w *shower) show(images []*image.RGBA) error {
	if w.bus == nil {
		var ctx context.Context
		ctx, w.stop = context.WithCancel(w.ctx)
		w.bus, w.ended = watch.NewBus(), make(chan error, 1)
		defer func() {
			go func() {
				w.ended <- viewer.Run(ctx, w.app.windows, w.bus, w.app.windowOptions(-1))
			}()
		}()
	}
	select {
	case err := <-w.ended:
		w.over = true
		if err != nil {
			return err
		}
		w.app.console.say("the window was closed: from now on pictures are not shown, but save(path, picture) writes them")
	default:
	}
	if !w.over {
		w.bus.Publish(&watch.Snapshot{State: watch.Showing, Views: []watch.View{&watch.Pictures{Name: "pictures", Images: images}}})
	}
	return nil
}

// close closes the window.
func (w *shower) close() error {
	if w.bus == nil || w.over {
		return nil
	}
	w.stop()
	if err := <-w.ended; err != nil && !errors.Is(err, viewer.ErrLost) {
		return err
	}
	return nil
}
