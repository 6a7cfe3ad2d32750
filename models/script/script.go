package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"genview/models/film"

	"go.starlark.net/lib/math"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Options says what a script may use. Open must be set.
type Options struct {
	Open  func(ctx context.Context, dir string) (*Session, error) // opens a run; the script closes it
	Run   string                                                  // the run of model() without a path; "": it has none
	Set   map[string]string                                       // parameters, by name
	Dir   string                                                  // what is written goes below; "": the working folder
	Write func(path string, f film.Film) error                    // writes a film; nil: film.Write
	Print func(line string)                                       // receives what the script prints; nil: nobody
	Show  func(images []*image.RGBA) error                        // shows pictures in a window; nil: there is none
	Count func(unit string, done, of int)                         // receives the progress of long work; may be nil

	Presents bool // the script is for Interpreter.Frame, and writes nothing

	Steps  uint64        // most steps; 0: 100 million, some seconds
	Memory uint64        // most bytes of the heap while the script runs; 0: 1 GiB
	Time   time.Duration // most time between two calls of the functions in the reference; 0: 1 minute
	// Abort is called if the script takes twice as much memory or time as it may within one operation, which cannot be interrupted; it should
	// end the process. nil: the operation goes on.
	Abort func(error)
}

const (
	usualSteps  = 100_000_000
	usualMemory = 1 << 30
	usualTime   = time.Minute
	mostSource  = 1 << 18 // bytes of a script; its parser takes memory for each parenthesis that is open
	mostPrinted = 1 << 24 // bytes
	mostMessage = 1 << 10 // bytes of an error's text
)

// Dialect is what scripts may be written in, besides Starlark's core: sets, while, and statements outside functions. Recursion is not
// allowed, because it could use up the host's stack.
var Dialect = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true}

// Run runs a script. An error of the script names file, line and column, and what was wrong there.
func Run(ctx context.Context, name string, source []byte, o Options) error {
	in := New(o)
	err := in.Run(ctx, name, source)
	if err == nil {
		err = in.Unused()
	}
	return errors.Join(err, in.Close())
}

// An Interpreter runs scripts one after another, and statements in between, which share their names and the runs that they open. It is for
// one goroutine.
type Interpreter struct {
	host  *host
	names starlark.StringDict // those of the host's functions, and the global ones of scripts
	heap  uint64              // bytes before it ran anything
}

// New returns an Interpreter.
func New(o Options) *Interpreter {
	h := newHost(o)
	return &Interpreter{host: h, names: h.functions(), heap: heap()}
}

// Close closes the runs that scripts have opened, once.
func (in *Interpreter) Close() error { return in.host.close() }

// Unused returns an error if a parameter of Options.Set was not asked for.
func (in *Interpreter) Unused() error {
	for _, key := range slices.Sorted(maps.Keys(in.host.o.Set)) {
		if !in.host.asked[key] {
			if len(in.host.asked) == 0 {
				return fmt.Errorf("the script has no parameters, so that %s=%s changed nothing", key, in.host.o.Set[key])
			}
			return fmt.Errorf("the script has no parameter %s, so that %[1]s=%s changed nothing; it has %s",
				key, in.host.o.Set[key], strings.Join(slices.Sorted(maps.Keys(in.host.asked)), ", "))
		}
	}
	return nil
}

// Run runs a script.
func (in *Interpreter) Run(ctx context.Context, name string, source []byte) error {
	if len(source) > mostSource {
		return fmt.Errorf("script: %s has %d KiB, of which %d are allowed", name, len(source)>>10, mostSource>>10)
	}
	file, err := Dialect.Parse(name, bytes.TrimPrefix(source, []byte("\ufeff")), 0) // without the byte order mark that some editors write
	if err != nil {
		return explain(err)
	}
	return in.exec(ctx, file)
}

// exec executes the statements of a file.
func (in *Interpreter) exec(ctx context.Context, file *syntax.File) error {
	if err := bound(file); err != nil {
		return err
	}
	return in.within(ctx, file.Path, func(t *starlark.Thread) error { return starlark.ExecREPLChunk(file, t, in.names) })
}

// within calls f with a thread whose steps and memory are bounded.
func (in *Interpreter) within(ctx context.Context, name string, f func(*starlark.Thread) error) error {
	h := in.host
	h.ctx = ctx
	thread := &starlark.Thread{
		Name: name, Print: func(t *starlark.Thread, text string) {
			if h.printed += len(text); h.printed > mostPrinted {
				t.Cancel(fmt.Sprintf("the script printed more than %d MiB", mostPrinted>>20))
				return
			}
			h.print(text)
		},
		Load: func(*starlark.Thread, string) (starlark.StringDict, error) {
			return nil, errors.New("a script is one file: it cannot load others")
		},
	}
	thread.SetMaxExecutionSteps(h.o.Steps)
	thread.OnMaxSteps = func(t *starlark.Thread) {
		t.Cancel(fmt.Sprintf("the script took more than %d steps: does it end?", h.o.Steps))
	}
	h.printed = 0
	h.computes(true)
	stop := h.watch(thread, in.heap)
	defer stop()
	err := f(thread)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err == nil && heap() > in.heap+h.o.Memory: // of short calls watch sees nothing
		return tooMuch(h.o.Memory)
	}
	return explain(err)
}

func tooMuch(memory uint64) error {
	return fmt.Errorf("the script took more than %d MiB of memory", memory>>20)
}

// heap returns how many bytes the heap has in use.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// computes notes that the script itself computes from now on, or that the host does.
func (h *host) computes(script bool) {
	if script {
		h.since.Store(time.Now().UnixNano())
	} else {
		h.since.Store(0)
	}
}

// watch cancels a script when its context ends, when it computes for too long, or when the heap has grown too much from what it was before.
func (h *host) watch(thread *starlark.Thread, before uint64) (stop func()) {
	ctx, cancel := context.WithCancel(h.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				thread.Cancel(ctx.Err().Error())
				return
			case <-tick.C:
			}
			if used := heap(); used > before+h.o.Memory {
				h.exceeds(thread, used > before+2*h.o.Memory, tooMuch(h.o.Memory))
			}
			if since := h.since.Load(); since != 0 {
				if took := time.Since(time.Unix(0, since)); took > h.o.Time {
					h.exceeds(thread, took > 2*h.o.Time, fmt.Errorf("the script computed for more than %v: does it end?", h.o.Time))
				}
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// exceeds ends a script that has exceeded a bound, and the process if it has done so by far.
func (h *host) exceeds(thread *starlark.Thread, far bool, err error) {
	thread.Cancel(err.Error())
	if far && h.o.Abort != nil {
		h.o.Abort(err)
	}
}

// explain returns an error of a script as one line that begins with the place in the script.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var eval *starlark.EvalError
	var parse syntax.Error
	switch {
	case errors.As(err, &parse):
		return fmt.Errorf("%s: %s", parse.Pos, parse.Msg)
	case errors.As(err, &eval):
		text := strings.TrimPrefix(eval.Msg, "Starlark computation cancelled: ")
		if len(text) > mostMessage {
			text = strings.ToValidUTF8(text[:mostMessage], "") + "…"
		}
		for i := len(eval.CallStack) - 1; i >= 0; i-- { // the innermost place that is in the script, and not in a function of the host
			if pos := eval.CallStack[i].Pos; pos.Line > 0 {
				return &Error{At: pos.String(), Text: text, Err: eval.Unwrap()}
			}
		}
		return &Error{Text: text, Err: eval.Unwrap()}
	}
	return err // of names that are not there: it has its place already
}

// An Error is an error of a script.
type Error struct {
	At   string // file:line:column
	Text string
	Err  error // what a function of the host returned; nil: the script itself is wrong
}

func (e *Error) Error() string {
	if e.At == "" {
		return e.Text
	}
	return e.At + ": " + e.Text
}

// Unwrap returns the error of the host's function.
func (e *Error) Unwrap() error { return e.Err }

// inside calls write with a path below the folder that a script writes to. It makes the folders on the way, and removes them again if nothing
// is written.
func (h *host) inside(path string, write func(path string) error) error {
	if h.o.Presents {
		return errPresents
	}
	if !filepath.IsLocal(path) {
		return fmt.Errorf("%q is outside of the folder that the script may write to: give a path below it", path)
	}
	full := filepath.Join(h.o.Dir, path)
	if strings.HasSuffix(path, "/") {
		full += "/"
	}
	var made []string
	for dir := filepath.Dir(filepath.Clean(full)); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, dir)
	}
	err := os.MkdirAll(filepath.Dir(filepath.Clean(full)), 0o755)
	if err == nil {
		err = write(full)
	}
	if err != nil {
		for _, dir := range made {
			_ = os.Remove(dir) // fails if there is something in it
		}
	}
	return err
}

// functions returns what scripts can call.
func (h *host) functions() starlark.StringDict {
	all := bounded()
	all["math"] = math.Module
	for _, f := range Functions {
		all[f.Name] = starlark.NewBuiltin(f.Name, func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			h.computes(false)
			defer h.computes(true)
			return f.call(h, t, f.Name, args, kwargs)
		})
	}
	return all
}
