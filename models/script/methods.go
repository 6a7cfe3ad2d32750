package script

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"genview/models/directions"
	"genview/models/family"
	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/run"
	"genview/models/walk"

	"go.starlark.net/starlark"
)

// space returns the model's latent space, with the points of pictures that are searched for or not.
func (m *model) space(search bool) (*walk.Space, error) {
	if err := m.load(); err != nil {
		return nil, err
	}
	return m.s.Space(search, family.Search{Heard: m.h.count("steps")})
}

func (m *model) decoder() (family.Decoder, error) {
	if err := m.load(); err != nil {
		return nil, err
	}
	return run.As[family.Decoder](m.s.Session)
}

func modelSeed(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var n uint64
	if err := starlark.UnpackArgs(name, args, kwargs, "n", &n); err != nil {
		return nil, err
	}
	d, err := of.(*model).decoder()
	if err != nil {
		return nil, err
	}
	return Latent(walk.Seed(n, d.Z())), nil
}

func modelMean(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(name, args, kwargs); err != nil {
		return nil, err
	}
	d, err := of.(*model).decoder()
	if err != nil {
		return nil, err
	}
	return make(Latent, d.Z()), nil
}

func modelPoint(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	text, search := "", false
	if err := starlark.UnpackArgs(name, args, kwargs, "text", &text, "search?", &search); err != nil {
		return nil, err
	}
	space, err := of.(*model).space(search)
	if err != nil {
		return nil, err
	}
	z, err := space.Point(of.(*model).h.ctx, text)
	return Latent(z), err
}

func modelEncode(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	path, search := "", false
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path, "search?", &search); err != nil {
		return nil, err
	}
	space, err := of.(*model).space(search)
	if err != nil {
		return nil, err
	}
	z, err := space.Find(of.(*model).h.ctx, path)
	return Latent(z), err
}

func modelDirection(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var which string
	if err := starlark.UnpackArgs(name, args, kwargs, "name", &which); err != nil {
		return nil, err
	}
	d, err := of.(*model).decoder()
	if err != nil {
		return nil, err
	}
	v, err := directions.Read(of.(*model).s.Folder.Dir, which, d.Z())
	return Latent(v), err
}

func modelPCA(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	layer, n, points := "", 8, 500
	if err := starlark.UnpackArgs(name, args, kwargs, "layer", &layer, "n?", &n, "points?", &points); err != nil {
		return nil, err
	}
	m := of.(*model)
	if err := m.load(); err != nil {
		return nil, err
	}
	d, err := run.As[family.Opened](m.s.Session)
	if err != nil {
		return nil, err
	}
	found, err := directions.OfLayer(m.h.ctx, d, layer, points, n)
	if err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, c := range found {
		out = append(out, Latent(c.Z))
	}
	return starlark.NewList(out), nil
}

func modelAt(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var step int
	if err := starlark.UnpackArgs(name, args, kwargs, "step", &step); err != nil {
		return nil, err
	}
	m := of.(*model)
	if step < 0 || step > m.s.newest {
		return nil, fmt.Errorf("there is no step %d: the run is at step %d", step, m.s.newest)
	}
	at := m.s.newest // as it was opened
	for _, key := range slices.Backward(m.s.keys) {
		if at = key; key <= step {
			break
		}
	}
	return &model{m.h, m.s, at}, nil
}

func modelSteps(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs(name, args, kwargs); err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, k := range of.(*model).s.keys {
		out = append(out, starlark.MakeInt(k))
	}
	return starlark.NewList(out), nil
}

func modelDraw(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var z starlark.Value
	if err := starlark.UnpackArgs(name, args, kwargs, "z", &z); err != nil {
		return nil, err
	}
	m := of.(*model)
	if l, ok := z.(Latent); ok {
		images, err := m.draw([][]float32{l})
		if err != nil {
			return nil, err
		}
		return drawing{images[0]}, nil
	}
	list, ok := z.(starlark.Iterable)
	if !ok {
		return nil, fmt.Errorf("%s: a %s: give a latent vector, or a list of some", name, z.Type())
	}
	points, err := latents(list)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	images, err := m.draw(points)
	if err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, img := range images {
		out = append(out, drawing{img})
	}
	return starlark.NewList(out), nil
}

// draw returns the pictures of points.
func (m *model) draw(points [][]float32) ([]*image.RGBA, error) {
	d, err := m.decoder()
	if err != nil {
		return nil, err
	}
	for _, z := range points {
		if len(z) != d.Z() {
			return nil, fmt.Errorf("a latent vector of %d numbers, where the model's have %d", len(z), d.Z())
		}
	}
	return walk.Draw(m.h.ctx, d, points, nil)
}

func modelAttention(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var text string
	if err := starlark.UnpackArgs(name, args, kwargs, "text", &text); err != nil {
		return nil, err
	}
	m := of.(*model)
	if err := m.load(); err != nil {
		return nil, err
	}
	r, err := run.As[family.Reader](m.s.Session)
	if err != nil {
		return nil, err
	}
	maps, err := r.Attend(m.h.ctx, text)
	if err != nil {
		return nil, err
	}
	if maps.Prompt.Problem != "" {
		return nil, errors.New(maps.Prompt.Problem)
	}
	fonts, err := lettering.New(lettering.Options{})
	if err != nil {
		return nil, err
	}
	return drawing{picture.HeatMaps(fonts, maps)}, nil
}

// mostCharacters is how many a script may have generated at once.
const mostCharacters = 100_000

func modelGenerate(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	prompt, n, temperature, p := "", 100, number(0.8), number(0)
	o := family.Sampling{Seed: 1}
	if err := starlark.UnpackArgs(name, args, kwargs, "prompt?", &prompt, "n?", &n, "temperature?", &temperature, "top_k?", &o.TopK, "top_p?", &p, "seed?", &o.Seed); err != nil {
		return nil, err
	}
	o.Temperature, o.TopP = float64(temperature), float64(p)
	if n < 0 || n > mostCharacters || !(o.Temperature >= 0 && o.Temperature < 1e6) || o.TopK < 0 || !(o.TopP >= 0 && o.TopP <= 1) {
		return nil, fmt.Errorf("%s: n=%d, temperature=%v, top_k=%d, top_p=%v: give up to %d characters, no negative numbers, and a probability", name, n, o.Temperature, o.TopK, o.TopP, mostCharacters)
	}
	m := of.(*model)
	if err := m.load(); err != nil {
		return nil, err
	}
	g, err := run.As[family.Generator](m.s.Session)
	if err != nil {
		return nil, err
	}
	if prompt == "" {
		prompt = g.Opening()
	}
	if prompt, err = g.Prompt(prompt); err != nil {
		return nil, err
	}
	var b strings.Builder
	err = g.Generate(m.h.ctx, prompt, n, o, func(c string) error { b.WriteString(c); return nil })
	return starlark.String(b.String()), err
}
