package settings

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"genview/models/fuzzing"

	"github.com/goccy/go-yaml"
)

type all struct {
	Kind  string  `yaml:"kind"`
	Seed  uint64  `yaml:"seed"`
	Steps int     `yaml:"steps"`
	Small int32   `yaml:"small,omitempty"`
	Rate  float64 `yaml:"rate"`
	Model struct {
		Width int     `yaml:"width,omitempty"`
		Bias  bool    `yaml:"bias,omitempty"`
		Beta  float64 `yaml:"beta,omitempty"`
	} `yaml:"model"`
	Letters letters `yaml:"letters,omitempty"`
}

type letters string

func (l letters) MarshalYAML() (any, error) { return strconv.Quote(string(l)), nil }

func (l *letters) UnmarshalText(p []byte) error {
	s, err := strconv.Unquote(string(p))
	*l = letters(s)
	return err
}

// forms are the two ways in which a setting comes.
func forms(key, value string) map[string]func(*all) error {
	return map[string]func(*all) error{
		"--set": func(a *all) error { return Set(key, value, a) },
		"YAML": func(a *all) error {
			doc := strings.ReplaceAll(key, ".", ":\n  ") + ": " + value + "\n"
			return Decode([]byte(doc), a)
		},
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       func(all) any
		is         any
	}{
		{"steps", "20", func(a all) any { return a.Steps }, 20},
		{"steps", "-3", func(a all) any { return a.Steps }, -3},
		{"steps", "1e3", func(a all) any { return a.Steps }, 1000},
		{"steps", "2000.0", func(a all) any { return a.Steps }, 2000},
		{"steps", "0x10", func(a all) any { return a.Steps }, 16},
		{"steps", "9223372036854775807", func(a all) any { return a.Steps }, math.MaxInt64},
		{"seed", "18446744073709551615", func(a all) any { return a.Seed }, uint64(math.MaxUint64)},
		{"rate", "1e-3", func(a all) any { return a.Rate }, 1e-3},
		{"rate", "3", func(a all) any { return a.Rate }, 3.0},
		{"rate", ".5", func(a all) any { return a.Rate }, 0.5},
		{"model.beta", "-2.5", func(a all) any { return a.Model.Beta }, -2.5},
		{"model.bias", "True", func(a all) any { return a.Model.Bias }, true},
		{"kind", "vae", func(a all) any { return a.Kind }, "vae"},
		{"kind", "10", func(a all) any { return a.Kind }, "10"},
		{"kind", "", func(a all) any { return a.Kind }, ""},
		{"letters", `"\" \nä"`, func(a all) any { return string(a.Letters) }, "\" \nä"},
	} {
		for form, set := range forms(c.key, c.value) {
			if form == "YAML" && c.key == "letters" {
				continue // YAML takes one pair of quotes away: see TestRoundTrip
			}
			var a all
			a.Kind = "before"
			if err := set(&a); err != nil || c.want(a) != c.is {
				t.Errorf("%s: %s=%s gives %v, %v", form, c.key, c.value, c.want(a), err)
			}
		}
	}
}

func TestValuesThatDoNotFit(t *testing.T) {
	const wholes = "a whole number from -9223372036854775808 to 9223372036854775807"
	for _, c := range []struct{ key, value, want string }{
		{"steps", "2.7", "steps takes a whole number, not 2.7"},
		{"model.width", "2.7", "model.width takes a whole number, not 2.7"},
		{"steps", "99999999999999999999", wholes},
		{"steps", "-99999999999999999999", wholes},
		{"steps", "1e30", wholes},
		{"steps", "010", wholes},
		{"steps", ".inf", wholes},
		{"steps", "ten", wholes},
		{"steps", "true", wholes},
		{"steps", "", "not nothing"},
		{"small", "2147483648", "to 2147483647"},
		{"seed", "-1", "from 0 to 18446744073709551615"},
		{"seed", "18446744073709551616", "from 0 to 18446744073709551615"},
		{"seed", "1.5", "seed takes a whole number, not 1.5"},
		{"rate", ".inf", "rate takes a number up to 3.4e38, not .inf"},
		{"rate", "-.inf", "takes a number"},
		{"rate", "+.Inf", "takes a number"},
		{"rate", ".nan", "takes a number"},
		{"rate", ".NaN", "takes a number"},
		{"rate", "inf", "takes a number"},
		{"rate", "NaN", "takes a number"},
		{"rate", "1e400", "takes a number"},
		{"rate", "1e39", "takes a number"},
		{"rate", "0.1.2", "takes a number"},
		{"rate", "", "not nothing"},
		{"rate", "false", "takes a number"},
		{"model.bias", "yes", "model.bias takes true or false, not yes"},
		{"model.bias", "1", "takes true or false"},
		{"model.beta", ".inf", "model.beta takes a number"},
		{"model.widht", "3", "there is no setting model.widht; did you mean model.width?"},
		{"optim.beta", "3", "did you mean model.beta?"},
		{"model.depth", "3", "there is no setting model.depth; there are"},
		{"steps.more", "3", "steps"},
		{"model", "3", "model"},
	} {
		for form, set := range forms(c.key, c.value) {
			if form == "YAML" && c.key == "optim.beta" {
				continue // there is no group of that name to begin with
			}
			var a all
			if err := set(&a); err == nil || !strings.Contains(err.Error(), c.want) && c.key != "steps.more" || strings.Contains(err.Error(), "strconv") || a != (all{}) {
				t.Errorf("%s: %s=%s gives %+v and the error %v, want %q", form, c.key, c.value, a, err, c.want)
			}
		}
	}
	var a all
	if err := Set("width", "3", &a); err == nil || !strings.Contains(err.Error(), "did you mean model.width?") {
		t.Errorf("got %v", err)
	}
	if err := Set("colour", "red", &a); err == nil || !strings.Contains(err.Error(), "there are kind, seed, steps, small, rate, model.width, model.bias, model.beta, letters") {
		t.Errorf("got %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, text := range []letters{"", " ", "\n !\"'#:[]{}", "\t\\n äö文👩", "\x1b\u202e\ufeff\r", "null", "~", "- a"} {
		kind := strings.ReplaceAll(string(text), "\r", "") // which the library that writes YAML loses
		want := all{Kind: kind, Seed: math.MaxUint64, Steps: math.MinInt64, Rate: math.MaxFloat32, Letters: text}
		want.Model.Bias, want.Model.Beta = true, 1e-45
		p, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got all
		if err := Decode(p, &got); err != nil || got != want {
			t.Errorf("%s becomes %+v, %v", p, got, err)
		}
	}
}

func TestOtherYAML(t *testing.T) {
	var a all
	if err := Decode([]byte("# hand-made\nkind: 'a: b' # why\nmodel: {width: 3, bias: true}\n"), &a); err != nil || a.Kind != "a: b" || a.Model.Width != 3 || !a.Model.Bias {
		t.Errorf("got %+v, %v", a, err)
	}
	if err := Decode([]byte(`{"kind": "gan", "model": {"width": 4}}`), &a); err != nil || a.Kind != "gan" || a.Model.Width != 4 {
		t.Errorf("JSON: got %+v, %v", a, err)
	}
	for doc, want := range map[string]string{
		"kind: x\nsteps: 2.7\n":                   "line 2: steps takes",
		"kind: x\nmodel:\n  width: 1\n  depth: 3": "line 4: there is no setting model.depth",
		"kind: [a, b]":                            "kind takes a text, not a sequence",
		"model: 3":                                "model has to be settings",
		"- a":                                     "has to be settings",
		"a":                                       "has to be settings",
		"":                                        "it has no settings",
		"# nothing":                               "it has no settings",
		"kind: a\nkind: b":                        "already defined",
		"kind: a\n---\nkind: b":                   "it has no settings",
		"kind: &x a\nsteps: *x":                   "kind takes a text, not a anchor",
		"steps: !!int 3":                          "not a tag",
		"kind: \"a":                               "",
		"\t":                                      "",
	} {
		if err := Decode([]byte(doc), &a); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", doc, err, want)
		}
	}
}

// TestHostileYAML gives documents that take a parser gigabytes or minutes.
func TestHostileYAML(t *testing.T) {
	aliases := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		aliases += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	var stairs strings.Builder
	for i := range 600 {
		stairs.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	docs := map[string]string{"aliases": aliases, "stairs": stairs.String(), "long": "kind: " + strings.Repeat("x", maxBytes)}
	for _, part := range []string{"[", "{", "- ", "? ", "a: ", "&a ", "!!a ", "*a ", "[a,", "{a: ", "\"", "'", "---\n", "a: 1\n", "#\n", "%a\n", "- [", "a:\n- "} {
		docs[part] = strings.Repeat(part, 200_000/len(part))
	}
	var before, after runtime.MemStats
	for name, doc := range docs {
		runtime.ReadMemStats(&before)
		began := time.Now()
		var a all
		err := Decode([]byte(doc), &a)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || mib > 256 || took > 10*time.Second {
			t.Errorf("%q: %d MiB, %v, and the error %v", name, mib, took, err)
		}
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("steps: 2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadFile(path); err != nil || string(p) != "steps: 2" {
		t.Errorf("got %q, %v", p, err)
	}
	if err := os.WriteFile(path, make([]byte, maxBytes+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "it is longer than") {
		t.Errorf("a long file: %v", err)
	}
	if _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("a folder: %v", err)
	}
}

type common struct {
	Rate float64 `yaml:"rate" doc:"how fast" range:"(0,1]"`
}

type tagged struct {
	common `yaml:",inline"`
	Width  int     `yaml:"width" doc:"how wide" range:"[1,128]" large:"yes"`
	Arch   string  `yaml:"arch" oneof:"mlp,conv"`
	Beta   float64 `yaml:"beta" range:"[0,1)"`
	Clip   float64 `yaml:"clip" range:"[0,)"`
	Bias   bool    `yaml:"bias"`
	Hidden int     `yaml:"-"`
}

func TestCheck(t *testing.T) {
	fine := tagged{common{0.5}, 8, "mlp", 0, 0, true, 0}
	if err := Check(&fine); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*tagged){
		"rate is 0 and must be above 0 and at most 1":                func(s *tagged) { s.Rate = 0 },
		"rate is NaN and must be above 0 and at most 1":              func(s *tagged) { s.Rate = math.NaN() },
		"width is 0 and must be from 1 to 128":                       func(s *tagged) { s.Width = 0 },
		"width is 129 and must be from 1 to 128":                     func(s *tagged) { s.Width = 129 },
		`arch is "comv" and must be mlp or conv; did you mean conv?`: func(s *tagged) { s.Arch = "comv" },
		"beta is 1 and must be from 0 to below 1":                    func(s *tagged) { s.Beta = 1 },
		"clip is -1 and must be at least 0":                          func(s *tagged) { s.Clip = -1 },
	} {
		s := fine
		change(&s)
		err := Check(s)
		var bad *Error
		if !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestList(t *testing.T) {
	s := tagged{common{0.5}, 8, "mlp", 0, 0, true, 0}
	want := []Setting{
		{Key: "rate", Value: "0.5", Meaning: "how fast", Allowed: "above 0 and at most 1"},
		{Key: "width", Value: "8", Meaning: "how wide", Allowed: "from 1 to 128", Large: 8},
		{Key: "arch", Value: "mlp", Allowed: "mlp or conv"},
		{Key: "beta", Value: "0", Allowed: "from 0 to below 1"},
		{Key: "clip", Value: "0", Allowed: "at least 0"},
		{Key: "bias", Value: "true", Allowed: "true or false"},
	}
	if got := List(&s); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTake: several readers take their settings from one document, including keys of embedded structs.
func TestTake(t *testing.T) {
	var head struct {
		Kind string `yaml:"kind"`
	}
	var rest tagged
	d, err := Parse([]byte("kind: a\nrate: 0.25\nwidth: 3\n"))
	if err := errors.Join(err, d.Take(&head), d.Take(&rest), d.Rest()); err != nil || head.Kind != "a" || rest.Rate != 0.25 || rest.Width != 3 {
		t.Errorf("got %+v, %+v, %v", head, rest, err)
	}
	d, err = Parse([]byte("kind: a\nwidht: 3\n"))
	if err := errors.Join(err, d.Take(&head), d.Take(&rest)); err != nil {
		t.Fatal(err)
	}
	if err := d.Rest(); err == nil || err.Error() != "line 2: there is no setting widht; did you mean width?" {
		t.Errorf("got %v", err)
	}
	if err := Set("rate", "0.75", &head, &rest); err != nil || rest.Rate != 0.75 {
		t.Errorf("got %v, %v", rest.Rate, err)
	}
	if err := Set("knid", "b", &head, &rest); err == nil || !strings.Contains(err.Error(), "did you mean kind?") {
		t.Errorf("got %v", err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"train", "translate", "tune", "walk", "eval", "fashion-mnist", "mnist"}
	for word, want := range map[string]string{
		"trian": "train", "tran": "train", "traim": "train", "Train": "train", "transalte": "translate", "wlak": "walk", "evaluate": "",
		"minst": "mnist", "fashion_mnist": "fashion-mnist", "dragon": "", "": "", "x": "", "tun": "tune",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"kind: a", "model: {width: 1e3}", "steps: 0x7f", "letters: '\"a\"'", "a: [", "? a", "rate: -.5", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]", strings.Repeat("[", 5000), "a: \"\\e[2J\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var a all
		if err := fuzzing.Check(t, p, fuzzing.Usage{Base: 256 << 20}, func() error { return Decode(p, &a) }); err == nil && (math.IsNaN(a.Rate) || math.IsInf(a.Rate, 0) || math.IsNaN(a.Model.Beta) || math.IsInf(a.Model.Beta, 0)) {
			t.Errorf("%q gives %+v", p, a)
		}
	})
}
