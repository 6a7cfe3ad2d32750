package script

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"genview/models/film"
)

// printed runs a script that opens no run, and returns what it prints.
func printed(t *testing.T, source string, o Options) (string, error) {
	t.Helper()
	var out []string
	o.Print = func(line string) { out = append(out, line) }
	o.Open = func(context.Context, string) (*Session, error) { return nil, errors.New("there are no runs") }
	err := Run(t.Context(), "t.star", []byte(source), o)
	return strings.Join(out, "\n"), err
}

// TestScripts: what scripts compute.
func TestScripts(t *testing.T) {
	for source, want := range map[string]string{
		"print(1 + 2, 2 * 3, 'ab' * 2, [1] * 3)":                                           "3 6 abab [1, 1, 1]",
		"x = 2\nx *= 3\nprint(x)":                                                          "6",
		"d = {'a': 2}\nd['a'] *= 4\nprint(d['a'])":                                         "8",
		"i = 0\nwhile i < 5:\n    i += 1\nprint(i)":                                        "5",
		"print([2 * x for x in range(3) if x * 2 != 2])":                                   "[0, 4]",
		"def f(a=2 * 3, *b, **c):\n    return a * 2\nprint(f(), f(a=1 * 1))":               "12 2",
		"print(lerp(0, 10, 0.3), ease(0.5), ease(0.5, 'in'), clamp(7), clamp(-1, low=-3))": "3.0 0.5 0.25 1.0 -1.0",
		"\ufeffx = 'a-b'\nprint(x.replace('-', '+'), '-'.join([x, x]), '{} {y}'.format(x, y=2), getattr(x, 'upper')(), x.replace)": "a+b a-b-a-b a-b 2 A-B <built-in function replace>",
		"x = 7\nx %= 4\nx <<= 2\nprint(x, '%s %d' % ('a', 3), '%%' % (), int('77', 8), int(3.9))":                                  "12 a 3 % 63 3",
		"print(math.floor(math.pi))": "3",
		"z = noise(3, seed=2)(0)\nw = noise(3, 2)(1.0)\nprint(len(z), (z - w).norm < 1e-5)":                                                                              "3 True",
		"z = noise(2)(0.5)\nprint(2 * z == z + z, z / 2 + z * 0.5 == z, -z == 0 - 1 * z if False else -(-z) == z, z[0] == z[0])":                                         "True True True True",
		"a, b = noise(4, 1)(0), noise(4, 2)(0)\np = path([a, b], loop=True, kind='slerp')\nprint((p(0) - a).norm < 1e-5, (p(0.5) - b).norm < 1e-5, slerp(a, b, 0) == a)": "True True True",
		"print(param('speed', 2), param('on', False), param('name', 'x'), param('far', 1.5))":                                                                            "5 True y 2.5",
		"print(type(noise(2)(0)), type(path))": "latent builtin_function_or_method",
	} {
		var set map[string]string
		if strings.Contains(source, "param(") {
			set = map[string]string{"speed": "5", "on": "true", "name": "y", "far": "2.5"}
		}
		got, err := printed(t, source, Options{Set: set})
		if err != nil || got != want {
			t.Errorf("%s\ngot %q, %v, want %q", source, got, err, want)
		}
	}
}

// TestScriptsThatFail: an error is one line with the place in the script; a script does no harm.
func TestScriptsThatFail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"x = (1":                                         "t.star:1:7: got end of file",
		"\nprint(y)":                                     "t.star:2:7: undefined: y",
		"def f():\n    return 1 / 0\nf()":                "t.star:2:14: floating-point division by zero",
		"def f():\n    f()\nf()":                         "function f called recursively",
		"while True:\n    pass":                          "more than 100000 steps: does it end?",
		"x = 'a' * 1000000000":                           "are more than the 10000000",
		"x = 3\ny = [0] * (1 << 60)":                     "t.star:2:9: 1 elements, 1152921504606846976 times",
		"x = list(range(1 << 40))":                       "a range of more than 10000000 numbers",
		"x = 10\nfor i in range(100):\n    x *= x":       "more than 65536 bits",
		"def f():\n    return [1]\nf()[0] *= 2":          "would call the function on its left twice",
		"f = 'x' * 9000\ny = f.replace('x', f)":          "t.star:2:14: the text would have more than 10000000 bytes",
		"getattr('x' * 9000, 'replace')('', 'y' * 9000)": "more than 10000000 bytes",
		"','.join(['y' * 9000] * 9000)":                  "more than 10000000 bytes",
		"('y' * 9000).join(('', ) * 9000)":               "more than 10000000 bytes",
		"('{x}' * 9000).format(x = 'y' * 9000)":          "more than 10000000 bytes",
		"('%s' * 9000) % (('y' * 9000,) * 9000)":         "more than 10000000 bytes",
		"x = '%(a)s' * 9000\nx %= {'a': 'y' * 9000}":     "t.star:2:3: the text would have more than 10000000 bytes",
		"x = 1\nfor i in range(9000):\n    x <<= 500":    "more than 65536 bits",
		"int('9' * 20000)":                               "more than 16384 digits",
		"range(-1 << 63, (1 << 63) - 1)":                 "a range of more than 10000000 numbers",
		"for i in range(3000):\n    print('x' * 10000)":  "t.star:2:10: the script printed more than 16 MiB",
		"'a'.replace = 3":                                "t.star:1:",
		"fail('x' * 100000)":                             "xxx…",
		"open('" + file + "')":                           "undefined: open",
		"load('" + file + "', 'x')":                      "a script is one file: it cannot load others",
		"model()":                                        "no run was given with the script",
		"model('a')":                                     "t.star:1:6: there are no runs",
		"slerp(1, 2, 0.5)":                               "slerp: a int and a int: give two latent vectors",
		"slerp(noise(2)(0), noise(3)(0), 0.5)":           "latent vectors of 2 and 3 numbers",
		"noise(2)(0) / 0":                                "is divided by 0",
		"noise(2)(0) * noise(2)(0)":                      "unknown binary op",
		"noise(2)(0) < noise(2)(1)":                      "have no order",
		"path([], 'cubic')":                              "it needs stops",
		"path([1])":                                      "element 0 is a int and no latent vector",
		"path([noise(2)(0)], 'zig')":                     `there is no kind "zig", but circle`,
		"path([noise(2)(0)] * 3, 'circle')":              "goes through two latent vectors, and not through 3",
		"ease(1, 'slow')":                                `there is no "slow", but in`,
		"noise(0)":                                       "0 dimensions",
		"param('speed', 2)":                              "speed=fast: give a whole number",
		"grid([])":                                       "there are no pictures",
		"save('a.png', 3)":                               "a int and no picture",
		"film('a.gif', 0, len)":                          "0 frames: give 1",
		"film('a.gif', 3, lambda i, t: i)":               "returns a int for frame 0",
		"film('a.gif', 3, lambda i, t: noise(2)(t))":     "no model is open",
		"film('a.gif', 3, lambda i: i)":                  "accepts 1 positional argument",
		"save_latents('../z.npy', [noise(2)(0)])":        "is outside of the folder",
		"save_latents('" + file + "', [noise(2)(0)])":    "ending must be .npy",
		"read_latents('none.npy', 2)":                    "none.npy is not there",
		"audio('none.wav')":                              "none.wav is not there",
		"audio('" + file + "')":                          "is no WAV file",
	} {
		out, err := printed(t, source, Options{Steps: 100_000, Dir: t.TempDir(), Set: map[string]string{"speed": "fast"}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngives %.100q and %v, want %q", source, out, err, want)
		}
	}
	if p, err := os.ReadFile(file); err != nil || string(p) != "secret" {
		t.Errorf("a file is %q now, %v", p, err)
	}
	if _, err := printed(t, strings.Repeat("(", 1<<19), Options{}); err == nil || !strings.Contains(err.Error(), "512 KiB, of which 256") {
		t.Errorf("a large script gives %v", err)
	}
	_, _ = printed(t, strings.Repeat("(", 1<<18), Options{}) // must not use up the stack
}

// TestMemoryIsBounded: a script that keeps more and more is ended, and so is one whose single call takes too much.
func TestMemoryIsBounded(t *testing.T) {
	runtime.GC()
	_, err := printed(t, "all = []\nwhile True:\n    all.append([0] * 100000)", Options{Memory: 64 << 20})
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB of memory") {
		t.Errorf("got %v", err)
	}
	aborted := make(chan error, 1000)
	nested := "x = 'a' * 1000\nfor i in range(5):\n    x = [x, x, x, x, x, x, x, x]\ny = str(x)\nprint(len(y))"
	_, _ = printed(t, nested, Options{Memory: 4 << 20, Abort: func(err error) {
		select {
		case aborted <- err:
		default:
		}
	}})
	select {
	case err := <-aborted:
		if !strings.Contains(err.Error(), "more than 4 MiB of memory") {
			t.Error(err)
		}
	default:
		t.Error("a text of 33 MB was made with 4 allowed")
	}
}

// TestTimeIsBounded: a script that computes for too long is ended, also within one operation, but not while a film is drawn.
func TestTimeIsBounded(t *testing.T) {
	const most = 50 * time.Millisecond
	endless := Options{Time: most, Steps: 1 << 60}
	for _, source := range []string{"while True:\n    pass", "def draw(i, t):\n    while True:\n        pass\nfilm('a.gif', 2, draw)"} {
		if _, err := printed(t, source, endless); err == nil || !strings.Contains(err.Error(), "computed for more than 50ms: does it end?") {
			t.Errorf("%s gives %v", source, err)
		}
	}
	slow := endless
	slow.Write = func(string, film.Film) error { time.Sleep(3 * most); return nil }
	if _, err := printed(t, "film('a.gif', 2, len)", slow); err != nil {
		t.Errorf("a film that takes long gives %v", err)
	}
	aborted := false
	endless.Abort = func(error) { aborted = true }
	_, _ = printed(t, "t = ()\nfor i in range(25):\n    t = (t, t)\nx = {t: 1}", endless) // a hash of 33 million elements
	if !aborted {
		t.Error("one operation took longer than it may")
	}
}

// TestScriptIsCancelled: a script ends with its context.
func TestScriptIsCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	err := Run(ctx, "t.star", []byte("while True:\n    pass"), Options{Steps: 1 << 60})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
}

// wave writes a WAV file of 16 bits with two clicks, at 0.5 and at 1.2 seconds. The second is half as loud.
func wave(t *testing.T) string {
	t.Helper()
	const rate, seconds = 8000, 2
	var samples []int16
	for i := range rate * seconds {
		v := 0.0
		for at, loud := range map[float64]float64{0.5: 1, 1.2: 0.5} {
			if s := float64(i)/rate - at; s >= 0 && s < 0.2 {
				v += loud * 30000 * math.Exp(-10*s) * math.Sin(2*math.Pi*440*s)
			}
		}
		samples = append(samples, int16(v))
	}
	p := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	p = binary.LittleEndian.AppendUint32(p, rate)
	p = binary.LittleEndian.AppendUint32(p, 2*rate)
	p = append(p, 2, 0, 16, 0)
	p = append(p, "data"...)
	p = binary.LittleEndian.AppendUint32(p, uint32(2*len(samples)))
	for _, s := range samples {
		p = binary.LittleEndian.AppendUint16(p, uint16(s))
	}
	binary.LittleEndian.PutUint32(p[4:], uint32(len(p)-8))
	path := filepath.Join(t.TempDir(), "clicks.wav")
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAudio(t *testing.T) {
	path := wave(t)
	got, err := printed(t, fmt.Sprintf("a = audio(%q)\nprint(a.seconds, a.onsets(), a.loudness(0.51) > 0.8, a.loudness(1.21) < 0.6, a.loudness(0.1), a.loudness(99))", path), Options{})
	if want := "2.0 [0.5, 1.2] True True 0.0 0.0"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestGridsAndPaths: pictures of one size make a grid, and files stay inside the script's folder.
func TestGridsAndPaths(t *testing.T) {
	dir := t.TempDir()
	h := newHost(Options{Dir: dir})
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	if g, err := gridOf([]*image.RGBA{img, img, img}, 0, 1); err != nil || g.Rect.Size() != image.Pt(9, 7) {
		t.Errorf("a grid of three is %v, %v", g.Rect, err)
	}
	if _, err := gridOf([]*image.RGBA{img, image.NewRGBA(image.Rect(0, 0, 9, 9))}, 0, 1); err == nil {
		t.Error("pictures of two sizes make a grid")
	}
	nothing := func(string) error { return nil }
	for _, path := range []string{"a/../../b.gif", "/tmp/b.gif", "..", ""} {
		if err := h.inside(path, nothing); err == nil {
			t.Errorf("%q is taken for a path inside the folder", path)
		}
	}
	for path, want := range map[string]string{"films/a.gif": filepath.Join(dir, "films", "a.gif"), "frames/": filepath.Join(dir, "frames") + "/"} {
		got := ""
		if err := h.inside(path, func(path string) error { got = path; return nil }); err != nil || got != want {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	failed := errors.New("full")
	if err := h.inside("films/new/deep/a.gif", func(string) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "films")); err != nil || len(entries) > 0 {
		t.Errorf("of a film that failed %v is left, %v", entries, err)
	}
}

// TestReference: each function and method is described.
func TestReference(t *testing.T) {
	text := Reference()
	for _, f := range Functions {
		if !strings.Contains(text, "`"+f.Usage+"`") || len(f.About) < 5 || !strings.HasPrefix(f.Usage, f.Name+"(") {
			t.Errorf("%+v", f)
		}
	}
	for kind, all := range Methods {
		for _, f := range all {
			if len(f.About) < 5 || !strings.Contains(f.Usage, "."+f.Name) {
				t.Errorf("%s: %+v", kind, f)
			}
		}
	}
}

// FuzzRun: no script makes the interpreter panic, and errors are one line.
func FuzzRun(f *testing.F) {
	for _, source := range []string{
		"x = [1] * 3\nx[0] *= 2\nprint('%s' % x, x.index(2))", "p = path([noise(2)(0), noise(2)(1)], 'circle')\nprint(p(0.5).norm)",
		"def f(a, b=2):\n    return '{} {b}'.format(a, b=b).replace('a', 'b' * 9)\nprint(','.join([f(1), f(2)]))", "clamp(ease(2, 'in'), low=-1 << 70)",
		"film('a.gif', 2, lambda i, t: grid([]))", "load('x', y='z')", "x = {k: v for k, v in [(1, 2)] if k}\nx.replace = 3",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		o := Options{Steps: 10_000, Memory: 64 << 20, Time: 10 * time.Second, Dir: t.TempDir(), Write: func(string, film.Film) error { return nil }}
		if _, err := printed(t, source, o); err != nil && strings.Contains(strings.TrimSpace(err.Error()), "\n") && !strings.Contains(source, "fail") {
			t.Errorf("%q gives %q", source, err)
		}
	})
}
