package script

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"unicode"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// mostValue is how much of a value is given back, in bytes.
const mostValue = 1 << 14

// typedIn is the file name of what a user types.
const typedIn = "prompt"

// A Statement is what a user has typed: one statement, of several lines if it has a block.
type Statement struct{ file *syntax.File }

// Read reads a statement. It asks line for each of its lines, without line ends; a block ends with an empty one. The error of line is passed
// on, io.EOF among them; any other says where the statement is wrong.
func (in *Interpreter) Read(line func() (string, error)) (*Statement, error) {
	var failed error
	size := 0
	file, err := Dialect.ParseCompoundStmt(typedIn, func() ([]byte, error) {
		text, err := line()
		if size += len(text); err == nil && size > mostSource {
			err = fmt.Errorf("the statement has more than the %d KiB that are allowed", mostSource>>10)
		}
		if failed = err; err != nil {
			return nil, err
		}
		return []byte(text + "\n"), nil
	})
	switch {
	case errors.Is(failed, io.EOF) && err == nil && len(file.Stmts) > 0: // the end of what is typed ends the last block, too
		return &Statement{file}, nil
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, explain(err)
	}
	return &Statement{file}, nil
}

// Do executes a statement. It returns the value of one that is only an expression, as a script would write it, and "" for None. If that is a
// picture, a latent vector that a model can draw, or a list of some, and there is a window, it is shown.
func (in *Interpreter) Do(ctx context.Context, s *Statement) (value string, err error) {
	expr := sole(s.file)
	if expr == nil {
		return "", in.exec(ctx, s.file)
	}
	if err := bound(s.file); err != nil {
		return "", err
	}
	err = in.within(ctx, typedIn, func(t *starlark.Thread) error {
		v, err := starlark.EvalExprOptions(s.file.Options, t, sole(s.file), in.names)
		if err != nil || v == starlark.None {
			return err
		}
		if value = v.String(); len(value) > mostValue {
			value = strings.ToValidUTF8(value[:mostValue], "") + "…"
		}
		if in.host.o.Show == nil {
			return nil
		}
		images, err := in.host.pictures(v)
		if errors.Is(err, errNoPictures) {
			return nil
		}
		if err != nil {
			return err
		}
		return in.host.o.Show(images)
	})
	return value, err
}

// sole returns the expression that a file consists of; nil if it is anything else.
func sole(f *syntax.File) syntax.Expr {
	if len(f.Stmts) == 1 {
		if s, ok := f.Stmts[0].(*syntax.ExprStmt); ok {
			return s.X
		}
	}
	return nil
}

// errNoPictures says that a value is nothing that can be shown.
var errNoPictures = errors.New("give a picture, a latent vector that a model can draw, or a list of some")

// mostShown is how many pictures are shown at once.
const mostShown = 256

// pictures returns the pictures of a value: of latent vectors, those that the model draws which was opened last.
func (h *host) pictures(v starlark.Value) ([]*image.RGBA, error) {
	switch v := v.(type) {
	case drawing:
		return []*image.RGBA{v.RGBA}, nil
	case Latent:
		return h.drawn([][]float32{v})
	case *starlark.List:
		if v.Len() == 0 || v.Len() > mostShown {
			return nil, fmt.Errorf("a list of %d: %w, of 1 to %d", v.Len(), errNoPictures, mostShown)
		}
		if _, ok := v.Index(0).(Latent); ok {
			z, err := latents(v)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", err, errNoPictures)
			}
			return h.drawn(z)
		}
		var images []*image.RGBA
		for x := range starlark.Elements(v) {
			p, ok := x.(drawing)
			if !ok {
				return nil, fmt.Errorf("a list with a %s: %w", x.Type(), errNoPictures)
			}
			if len(images) > 0 && p.Rect.Size() != images[0].Rect.Size() {
				return nil, fmt.Errorf("pictures of %v and of %v pixels: %w", images[0].Rect.Size(), p.Rect.Size(), errNoPictures)
			}
			images = append(images, p.RGBA)
		}
		return images, nil
	}
	return nil, fmt.Errorf("a %s: %w", v.Type(), errNoPictures)
}

// drawn returns the pictures of latent vectors.
func (h *host) drawn(z [][]float32) ([]*image.RGBA, error) {
	if h.last == nil {
		return nil, fmt.Errorf("no model is open: %w", errNoPictures)
	}
	d, err := h.last.decoder()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errNoPictures)
	}
	if len(z[0]) != d.Z() {
		return nil, fmt.Errorf("the model's latent vectors have %d numbers and not %d: %w", d.Z(), len(z[0]), errNoPictures)
	}
	return h.last.draw(z)
}

func callShow(h *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := starlark.UnpackArgs(name, args, kwargs, "x", &v); err != nil {
		return nil, err
	}
	images, err := h.pictures(v)
	if err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	if h.o.Show == nil {
		return nil, errors.New("show: there is no window: genview run -i opens one where there is a display; save(path, picture) writes a file")
	}
	return starlark.None, h.o.Show(images)
}

// Complete returns how the name at the end of a text can go on, and how many bytes of it are there: a global name, or what follows the dot
// of one.
func (in *Interpreter) Complete(text string) (names []string, typed int) {
	named := func(r rune) bool { return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	path := strings.Split(text[len(strings.TrimRightFunc(text, named)):], ".")
	last := path[len(path)-1]
	var all []string
	if len(path) == 1 {
		for _, of := range []starlark.StringDict{in.names, starlark.Universe} {
			all = append(all, of.Keys()...)
		}
		for t := syntax.AND; t <= syntax.WHILE; t++ {
			all = append(all, t.String())
		}
	} else {
		v := in.names[path[0]]
		for _, name := range path[1 : len(path)-1] {
			v = attribute(v, name)
		}
		if of, ok := v.(starlark.HasAttrs); ok {
			all = of.AttrNames()
		}
	}
	all = slices.DeleteFunc(all, func(name string) bool {
		return !strings.HasPrefix(name, last) || !unicode.IsLetter(rune(name[0])) // operators have functions, too
	})
	slices.Sort(all)
	return slices.Compact(all), len(last)
}

// attribute returns an attribute of a value; nil: it has none of that name.
func attribute(of starlark.Value, name string) starlark.Value {
	h, ok := of.(starlark.HasAttrs)
	if !ok {
		return nil
	}
	v, err := h.Attr(name)
	if err != nil {
		return nil
	}
	return v
}
