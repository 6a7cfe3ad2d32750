package script

import (
	"context"
	"errors"
	"image"
	"io"
	"slices"
	"strings"
	"testing"
)

// typed types lines, and returns what each statement gives back or is wrong with.
func typed(t *testing.T, in *Interpreter, text string) (out []string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	line := func() (string, error) {
		if len(lines) == 0 {
			return "", io.EOF
		}
		l := lines[0]
		lines = lines[1:]
		return l, nil
	}
	for {
		s, err := in.Read(line)
		if errors.Is(err, io.EOF) {
			return out
		}
		value := ""
		if err == nil {
			value, err = in.Do(t.Context(), s)
		}
		if value != "" {
			out = append(out, value)
		}
		if err != nil {
			out = append(out, "error: "+err.Error())
		}
	}
}

// TestPrompt: statements share their names with each other and with scripts, blocks end with an empty line, values are given back, and an
// error ends nothing.
func TestPrompt(t *testing.T) {
	in := New(Options{Steps: 1000})
	defer in.Close()
	if err := in.Run(t.Context(), "s.star", []byte("def twice(x):\n    return 2 * x\ny = 5")); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"1 + 1":                              {"2"},
		"x = 20\nx + y\nNone":                {"25"},
		"twice(y * 2)":                       {"20"},
		"for i in range(2):\n    x = i\n\nx": {"1"},
		"def f(a):\n    return a * a\n\nf(3)\n'a'": {"9", `"a"`},
		"def g(): return 7":                        nil,
		"if True:\n    x = 4":                      nil, // ends with what is typed
		"(1 +\n2)":                                 {"3"},
		"\n\n3":                                    {"3"},
		"1 +":                                      {"error: prompt:1:4: got newline, want primary expression"},
		"nowhere\n4":                               {"error: prompt:1:1: undefined: nowhere", "4"},
		"1 // 0\n5":                                {"error: prompt:1:3: floored division by zero", "5"},
		"while True:\n    pass\n\n6":               {"error: prompt:1:1: the script took more than 1000 steps: does it end?", "6"},
		"'a' * 100000000":                          {"error: prompt:1:5: 1 elements, 100000000 times, are more than the 10000000 that a list or text may have"},
		"show(1)":                                  {"error: prompt:1:5: show: a int: give a picture, a latent vector that a model can draw, or a list of some"},
		"noise(2)":                                 {"<built-in function noise>"},
	} {
		got := typed(t, in, text)
		if !slices.Equal(got, want) {
			t.Errorf("%.80q gives %q, want %q", text, got, want)
		}
	}
	if got := typed(t, in, "'ab' * 100000"); len(got) != 1 || len(got[0]) > mostValue+10 {
		t.Errorf("a long value is given back as %d bytes", len(got[0]))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := in.Read(func() (string, error) { return "y", nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Do(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a statement that is interrupted gives %v", err)
	}
}

// TestShown: what pictures a value has is shown, where there is a window.
func TestShown(t *testing.T) {
	var shown []image.Point
	in := New(Options{Show: func(images []*image.RGBA) error {
		shown = append(shown, image.Pt(len(images), images[0].Rect.Dx()))
		return nil
	}})
	defer in.Close()
	for n, name := range []string{"p", "q", "r"} {
		in.names[name] = drawing{image.NewRGBA(image.Rect(0, 0, 3+n/2, 3))} // r has another size
	}
	got := typed(t, in, "p\n[p, q]\nshow([p, q, p])\ngrid([p, q])\n[p, r]\nshow([p, r])\nnoise(2)(0)\n[]\n[noise(2)(0), 1]\n5")
	if want := []image.Point{{1, 3}, {2, 3}, {3, 3}, {1, 9}}; !slices.Equal(shown, want) {
		t.Errorf("shown are %v, want %v", shown, want)
	}
	wrong := slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "error: ") })
	if len(wrong) != 1 || !strings.Contains(wrong[0], "pictures of (3,3) and of (4,3) pixels") || len(got) != 9 {
		t.Errorf("the prompt says %q", got)
	}
}

// TestComplete: names go on as global ones, or as attributes.
func TestComplete(t *testing.T) {
	in := New(Options{})
	defer in.Close()
	in.names["p"] = drawing{image.NewRGBA(image.Rect(0, 0, 3, 3))}
	typed(t, in, "latter = noise(2)(0)")
	for text, want := range map[string][]string{
		"slerp(la": {"lambda", "latter"}, "p.": {"height", "width"}, "1 + p.wi": {"width"}, "p.x": nil, "none.": nil,
		"«latter.n": {"norm"}, "math.flo": {"floor"}, "read_l": {"read_latents"}, "p.width.": nil,
	} {
		names, n := in.Complete(text)
		if !slices.Equal(names, want) {
			t.Errorf("%q goes on as %q, want %q", text, names, want)
		}
		if len(names) > 0 && !strings.HasPrefix(names[0], text[len(text)-n:]) {
			t.Errorf("%q has %d bytes of %s", text, n, names[0])
		}
	}
	if names, _ := in.Complete(""); slices.Contains(names, dot) || !slices.Contains(names, "film") {
		t.Errorf("nothing goes on as %q", names)
	}
}
