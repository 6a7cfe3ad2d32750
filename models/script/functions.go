package script

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"genview/models/walk"

	"go.starlark.net/starlark"
)

// A Function is a function that scripts can call.
type Function struct {
	Name  string
	Usage string // how it is called
	About string

	call   func(h *host, t *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)
	method func(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)
}

// Functions is what scripts can call besides Starlark's own functions and its module math. It is the source of the reference.
var Functions = []Function{
	{Name: "model", Usage: `model(run="")`, About: "Opens a run; without a path, the one that was given with the script.", call: callModel},
	{Name: "param", Usage: "param(name, value)", About: "The parameter that was set with --set name=…, of the type of value; value if it was not set.", call: callParam},
	{Name: "lerp", Usage: "lerp(a, b, t)", About: "Between two numbers or latent vectors, along the straight line.", call: callLerp},
	{Name: "slerp", Usage: "slerp(a, b, t)", About: "Between two latent vectors, along the great circle.", call: callSlerp},
	{Name: "path", Usage: `path(stops, kind="cubic", loop=False, ease="linear")`, About: "A function of time, 0 to 1, that goes through latent vectors: " + strings.Join(walk.KindNames(), ", ") + ".", call: callPath},
	{Name: "noise", Usage: "noise(z, seed=1, bends=2.0)", About: "A function of time, 0 to 1, that goes through random points of z dimensions and closes.", call: callNoise},
	{Name: "ease", Usage: `ease(t, kind="in-out")`, About: "The share of the way at the share t of the time: " + strings.Join(walk.EaseNames(), ", ") + ".", call: callEase},
	{Name: "clamp", Usage: "clamp(x, low=0.0, high=1.0)", About: "x, but at least low and at most high.", call: callClamp},
	{Name: "read_latents", Usage: "read_latents(path, z)", About: "The latent vectors of a file: .npy, .json or .safetensors.", call: callReadLatents},
	{Name: "save_latents", Usage: "save_latents(path, latents)", About: "Writes latent vectors to an .npy file.", call: callSaveLatents},
	{Name: "grid", Usage: "grid(pictures, columns=0, pad=1)", About: "One picture of several of one size, in rows of columns; 0: a square.", call: callGrid},
	{Name: "save", Usage: `save(path, picture, size=0, scale=1)`, About: "Writes a picture.", call: callSave},
	{Name: "film", Usage: `film(path, frames, draw, model=None, fps=25, size=0, scale=0, columns=0, caption=None)`, About: "Writes a film: of each frame i, at the time t from 0 to 1, what draw(i, t) returns: a picture, a latent vector, or a list of latent vectors, which becomes a grid of columns. Latent vectors are drawn with model; None: the one that was opened last. caption(i, t) returns the text under it.", call: callFilm},
	{Name: "show", Usage: "show(x)", About: "Shows a picture, a latent vector's picture, or a list of some, in the window of genview run -i.", call: callShow},
	{Name: "audio", Usage: "audio(path)", About: "A sound in a WAV file, for films that follow it.", call: callAudio},
}

// Methods is what values of the host can do, by their types. It is the source of the reference.
var Methods = map[string][]Function{
	"model": {
		{Name: "z", Usage: "m.z", About: "The number of latent dimensions."},
		{Name: "step", Usage: "m.step", About: "The step of training of its weights."},
		{Name: "shape", Usage: "m.shape", About: "(channels, height, width) of a picture."},
		{Name: "layers", Usage: "m.layers", About: "The names of the decoder's layers."},
		{Name: "seed", Usage: "m.seed(n)", About: "The latent vector of a seed.", method: modelSeed},
		{Name: "point", Usage: "m.point(text)", About: `The latent vector that a text names, as for genview walk: "seed:1+0.5*(image:a.png-mean)".`, method: modelPoint},
		{Name: "encode", Usage: "m.encode(path, search=False)", About: "The latent vector of a picture file.", method: modelEncode},
		{Name: "mean", Usage: "m.mean()", About: "The centre of the latent space.", method: modelMean},
		{Name: "direction", Usage: "m.direction(name)", About: "A direction that is kept with the run.", method: modelDirection},
		{Name: "pca", Usage: "m.pca(layer, n=8, points=500)", About: "The directions of a layer's n principal components.", method: modelPCA},
		{Name: "draw", Usage: "m.draw(z)", About: "The picture of a latent vector, or the pictures of a list.", method: modelDraw},
		{Name: "at", Usage: "m.at(step)", About: "The model as its recording has it of a step of training.", method: modelAt},
		{Name: "steps", Usage: "m.steps()", About: "The steps of which there are weights: those of the recording, and the newest.", method: modelSteps},
		{Name: "attention", Usage: "m.attention(text)", About: "A picture of what each head of a Transformer attends to.", method: modelAttention},
		{Name: "generate", Usage: `m.generate(prompt="", n=100, temperature=0.8, top_k=0, top_p=0, seed=1)`, About: "How a GPT goes on from a prompt.", method: modelGenerate},
	},
	"picture": {
		{Name: "width", Usage: "p.width", About: "In pixels."},
		{Name: "height", Usage: "p.height", About: "In pixels."},
	},
	"latent": {
		{Name: "norm", Usage: "z.norm", About: "The length of the vector."},
	},
	"audio": {
		{Name: "seconds", Usage: "a.seconds", About: "The length of the sound."},
		{Name: "loudness", Usage: "a.loudness(t)", About: "How loud it is at a time in seconds: 0 to 1, of its loudest moment.", method: audioLoudness},
		{Name: "onsets", Usage: "a.onsets(threshold=0.3)", About: "The times in seconds at which sounds begin; threshold says how much louder they are than before, 0 to 1.", method: audioOnsets},
	},
}

// A number is what scripts write for a fraction: also a whole number.
type number float64

// Unpack implements [starlark.Unpacker].
func (n *number) Unpack(v starlark.Value) error {
	x, ok := starlark.AsFloat(v)
	if !ok {
		return fmt.Errorf("got %s, want a number", v.Type())
	}
	*n = number(x)
	return nil
}

func callParam(h *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var key string
	var usual starlark.Value
	if err := starlark.UnpackArgs(name, args, kwargs, "name", &key, "value", &usual); err != nil {
		return nil, err
	}
	h.asked[key] = true
	text, set := h.o.Set[key]
	if !set {
		return usual, nil
	}
	switch usual.(type) {
	case starlark.String:
		return starlark.String(text), nil
	case starlark.Bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: give true or false", key, text)
		}
		return starlark.Bool(v), nil
	case starlark.Int:
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: give a whole number", key, text)
		}
		return starlark.MakeInt64(v), nil
	case starlark.Float:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v != v || v-v != 0 {
			return nil, fmt.Errorf("%s=%s: give a number", key, text)
		}
		return starlark.Float(v), nil
	}
	return nil, fmt.Errorf("param: the value of %s is a %s: give a text, a number or a truth", key, usual.Type())
}

func callLerp(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var a, b starlark.Value
	var t number
	if err := starlark.UnpackArgs(name, args, kwargs, "a", &a, "b", &b, "t", &t); err != nil {
		return nil, err
	}
	if x, y, err := two(a, b); err == nil {
		return Latent(walk.Lerp(x, y, float64(t))), nil
	} else if _, ok := a.(Latent); ok {
		return nil, err
	}
	x, ok := starlark.AsFloat(a)
	y, ok2 := starlark.AsFloat(b)
	if !ok || !ok2 {
		return nil, fmt.Errorf("lerp: between a %s and a %s: give two numbers or two latent vectors", a.Type(), b.Type())
	}
	return starlark.Float((1-float64(t))*x + float64(t)*y), nil
}

// two returns two latent vectors of one length.
func two(a, b starlark.Value) (x, y Latent, err error) {
	x, ok := a.(Latent)
	y, ok2 := b.(Latent)
	switch {
	case !ok || !ok2:
		return nil, nil, fmt.Errorf("a %s and a %s: give two latent vectors", a.Type(), b.Type())
	case len(x) != len(y):
		return nil, nil, fmt.Errorf("latent vectors of %d and %d numbers", len(x), len(y))
	}
	return x, y, nil
}

func callSlerp(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var a, b starlark.Value
	var t number
	if err := starlark.UnpackArgs(name, args, kwargs, "a", &a, "b", &b, "t", &t); err != nil {
		return nil, err
	}
	x, y, err := two(a, b)
	if err != nil {
		return nil, fmt.Errorf("slerp: %w", err)
	}
	return Latent(walk.Slerp(x, y, float64(t))), nil
}

// timed returns a path as a function of scripts.
func timed(name string, p func(t float64) []float32) starlark.Value {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var t number
		if err := starlark.UnpackArgs(name, args, kwargs, "t", &t); err != nil {
			return nil, err
		}
		return Latent(p(float64(min(max(t, 0), 1)))), nil
	})
}

func callPath(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var stops starlark.Iterable
	kind, ease, loop := "cubic", "linear", false
	if err := starlark.UnpackArgs(name, args, kwargs, "stops", &stops, "kind?", &kind, "loop?", &loop, "ease?", &ease); err != nil {
		return nil, err
	}
	points, err := latents(stops)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	make, known := walk.Kinds[kind]
	by, eased := walk.Eases[ease]
	switch {
	case len(points) == 0:
		return nil, errors.New("path: it needs stops: give one or more")
	case kind == "circle" && len(points) > 2:
		return nil, fmt.Errorf("path: a circle goes through two latent vectors, and not through %d", len(points))
	case !known:
		return nil, fmt.Errorf("path: there is no kind %q, but %s", kind, strings.Join(walk.KindNames(), ", "))
	case !eased:
		return nil, fmt.Errorf("path: there is no ease %q, but %s", ease, strings.Join(walk.EaseNames(), ", "))
	}
	return timed("path", make(points, loop, by)), nil
}

// latents returns the latent vectors of a list, all of one length.
func latents(list starlark.Iterable) ([][]float32, error) {
	var out [][]float32
	for v := range starlark.Elements(list) {
		l, ok := v.(Latent)
		if !ok {
			return nil, fmt.Errorf("element %d is a %s and no latent vector", len(out), v.Type())
		}
		if len(out) > 0 && len(out[0]) != len(l) {
			return nil, fmt.Errorf("latent vectors of %d and %d numbers", len(out[0]), len(l))
		}
		out = append(out, l)
	}
	return out, nil
}

func callNoise(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var z int
	seed, bends := uint64(1), number(2)
	if err := starlark.UnpackArgs(name, args, kwargs, "z", &z, "seed?", &seed, "bends?", &bends); err != nil {
		return nil, err
	}
	if z < 1 || z > 1<<16 || !(bends > 0 && bends <= 1000) {
		return nil, fmt.Errorf("noise: %d dimensions and %v bends: give 1 to 65536, and more than 0, up to 1000", z, bends)
	}
	return timed("noise", walk.Noise(seed, z, float64(bends))), nil
}

func callEase(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var t number
	kind := "in-out"
	if err := starlark.UnpackArgs(name, args, kwargs, "t", &t, "kind?", &kind); err != nil {
		return nil, err
	}
	f, ok := walk.Eases[kind]
	if !ok {
		return nil, fmt.Errorf("ease: there is no %q, but %s", kind, strings.Join(walk.EaseNames(), ", "))
	}
	return starlark.Float(f(float64(min(max(t, 0), 1)))), nil
}

func callClamp(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	x, low, high := number(0), number(0), number(1)
	if err := starlark.UnpackArgs(name, args, kwargs, "x", &x, "low?", &low, "high?", &high); err != nil {
		return nil, err
	}
	return starlark.Float(min(max(x, low), high)), nil
}

func callReadLatents(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	var z int
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path, "z", &z); err != nil {
		return nil, err
	}
	all, err := walk.ReadLatents(path, z)
	if err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, v := range all {
		out = append(out, Latent(v))
	}
	return starlark.NewList(out), nil
}

func callSaveLatents(h *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	var list starlark.Iterable
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path, "latents", &list); err != nil {
		return nil, err
	}
	all, err := latents(list)
	if err != nil {
		return nil, fmt.Errorf("save_latents: %w", err)
	}
	if !strings.HasSuffix(path, ".npy") {
		return nil, fmt.Errorf("save_latents: %s: the ending must be .npy", path)
	}
	return starlark.None, h.inside(path, func(path string) error { return walk.WriteLatents(path, all) })
}

// Reference returns the reference of what scripts can call, as Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# What scripts can call\n\nScripts are written in Starlark (https://github.com/bazelbuild/starlark/blob/master/spec.md), with sets, `while`,\n" +
		"statements outside functions, and the module `math`. `genview run --reference` prints this page.\n\n")
	table := func(all []Function) {
		b.WriteString("| | |\n|---|---|\n")
		for _, f := range all {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Usage, f.About)
		}
	}
	b.WriteString("## Functions\n\n")
	table(Functions)
	for _, kind := range slices.Sorted(maps.Keys(Methods)) {
		fmt.Fprintf(&b, "\n## %s%s\n\n", strings.ToUpper(kind[:1]), kind[1:])
		table(Methods[kind])
	}
	b.WriteString("\nLatent vectors are added and subtracted, and multiplied and divided by numbers; `z[0]` is a number of one, `len(z)` how many it has.\n" +
		"Films and pictures are written below the folder of `--dir`, in the formats that `genview walk -o` takes.\n" +
		"\n## Driving a picture\n\n`genview present RUN FILE.star` runs the script and then asks its function `frame(t)` for a latent vector of RUN, again and again, at the\n" +
		"time `t` in seconds. The steps of each call are bounded. Such a script writes nothing: it has no use for `film`, `save` and `save_latents`.\n")
	return b.String()
}
