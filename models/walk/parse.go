package walk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A value is a point, or a number where point is nil.
type value struct {
	number float64
	point  []float32
}

// A parser reads sums of products of points and numbers by recursive descent.
type parser struct {
	space *Space
	ctx   context.Context
	rest  string
	depth int
}

// whole reads a sum which must be a point and end the text.
func (p *parser) whole() ([]float32, error) {
	v, err := p.sum()
	switch {
	case err != nil:
		return nil, err
	case p.rest != "":
		return nil, fmt.Errorf("%q is one too many", brief(p.rest))
	case v.point == nil:
		return nil, errors.New("it is a number and no point: use seed:N, seeds:1,5-9, image:FILE, z:FILE, mean or dir:NAME")
	}
	return v.point, nil
}

// sign takes one of some characters off the text; 0: it is none of them.
func (p *parser) sign(of string) byte {
	p.rest = strings.TrimLeft(p.rest, " \t")
	if p.rest == "" || strings.IndexByte(of, p.rest[0]) < 0 {
		return 0
	}
	c := p.rest[0]
	p.rest = strings.TrimLeft(p.rest[1:], " \t")
	return c
}

func (p *parser) sum() (value, error) {
	v, err := p.product()
	for err == nil {
		op := p.sign("+-")
		if op == 0 {
			break
		}
		var w value
		if w, err = p.product(); err != nil {
			break
		}
		by := 1.0
		if op == '-' {
			by = -1
		}
		switch {
		case (v.point == nil) != (w.point == nil):
			err = fmt.Errorf("a number and a point have no sum: multiply the number by a point")
		case v.point == nil:
			v.number += by * w.number
		default:
			v.point = combine(1, v.point, by, w.point)
		}
	}
	return v, err
}

func (p *parser) product() (value, error) {
	v, err := p.factor()
	for err == nil {
		op := p.sign("*/")
		if op == 0 {
			break
		}
		var w value
		if w, err = p.factor(); err != nil {
			break
		}
		switch {
		case op == '/' && w.point != nil:
			err = errors.New("nothing is divided by a point")
		case op == '/' && w.number == 0:
			err = errors.New("it is divided by 0")
		case op == '/':
			v = v.times(1 / w.number)
		case v.point != nil && w.point != nil:
			err = errors.New("two points have no product: one of them must be a number")
		case w.point != nil:
			v = w.times(v.number)
		default:
			v = v.times(w.number)
		}
	}
	return v, err
}

// times returns a value times a number.
func (v value) times(by float64) value {
	if v.point == nil {
		return value{number: v.number * by}
	}
	return value{point: combine(by, v.point, 0, v.point)}
}

// deepest is how deep parentheses may be nested.
const deepest = 100

func (p *parser) factor() (value, error) {
	if p.depth++; p.depth > deepest {
		return value{}, fmt.Errorf("its parentheses or signs are nested more than %d deep", deepest)
	}
	defer func() { p.depth-- }()
	switch p.sign("-+(") {
	case '-':
		v, err := p.factor()
		return v.times(-1), err
	case '+':
		return p.factor()
	case '(':
		v, err := p.sum()
		if err == nil && p.sign(")") == 0 {
			err = errors.New("a ) is missing")
		}
		return v, err
	}
	if n := numberLength(p.rest); n > 0 {
		x, err := strconv.ParseFloat(p.rest[:n], 64)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return value{}, fmt.Errorf("%s is too large a number", brief(p.rest[:n]))
		case err != nil:
			return value{}, fmt.Errorf("%s is no number", brief(p.rest[:n]))
		}
		p.rest = p.rest[n:]
		return value{number: x}, nil
	}
	kind, arg, ok := p.named()
	if !ok {
		return value{}, fmt.Errorf("%s no point: use seed:N, seeds:1,5-9, image:FILE, z:FILE, mean or dir:NAME", begins(p.rest))
	}
	if arg == "" && kind != "mean" {
		return value{}, fmt.Errorf("%s: names nothing: give a name after the colon", kind)
	}
	if kind == "z" || kind == "file" {
		z, err := p.element(arg)
		return value{point: z}, err
	}
	z, err := p.space.named(p.ctx, kind, arg)
	return value{point: z}, err
}

// element returns a point of a file: the one whose number follows in brackets, or the only one.
func (p *parser) element(file string) ([]float32, error) {
	at := -1
	if rest, ok := strings.CutPrefix(p.rest, "["); ok {
		number, after, closed := strings.Cut(rest, "]")
		n, err := strconv.Atoi(number)
		if !closed || err != nil || n < 0 {
			return nil, fmt.Errorf("%s[%s: give the number of a point in brackets, as in z:walk.npy[3]; the first is 0", file, rest)
		}
		at, p.rest = n, after
	}
	all, err := p.space.latents(file)
	switch {
	case err != nil:
		return nil, err
	case at < 0 && len(all) > 1:
		return nil, fmt.Errorf("%s holds %d points: choose one by its number, [0] to [%d]", file, len(all), len(all)-1)
	case at >= len(all):
		return nil, fmt.Errorf("%s has no point %d: it holds %d, from 0 on", file, at, len(all))
	}
	return all[max(at, 0)], nil
}

func begins(rest string) string {
	if rest == "" {
		return "where it ends begins"
	}
	return fmt.Sprintf("at %q begins", brief(rest))
}

// brief returns a text for a message: all of a short one, and the beginning of a long one.
func brief(text string) string {
	const most = 120
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// numberLength returns the length of the number that a text begins with.
func numberLength(s string) int {
	n, digits := 0, false
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		digits = digits || s[n] != '.'
		n++
	}
	if !digits {
		return 0
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		end := n + 1
		if end < len(s) && (s[end] == '-' || s[end] == '+') {
			end++
		}
		if end < len(s) && s[end] >= '0' && s[end] <= '9' {
			for end < len(s) && s[end] >= '0' && s[end] <= '9' {
				end++
			}
			return end
		}
	}
	return n
}

// named takes a point's name off the text: its kind and what is after the colon.
func (p *parser) named() (kind, arg string, ok bool) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		end = len(p.rest)
	}
	kind, rest := p.rest[:end], p.rest[end:]
	if kind == "mean" {
		p.rest = rest
		return kind, "", true
	}
	if kind == "" || !strings.HasPrefix(rest, ":") {
		return "", "", false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		close := strings.IndexByte(rest[1:], rest[0])
		if close < 0 {
			return "", "", false
		}
		arg, rest = rest[1:1+close], rest[2+close:]
	} else {
		n := nameLength(kind, rest)
		arg, rest = rest[:n], rest[n:]
	}
	p.rest = rest
	return kind, arg, true
}

// pictureEndings are the endings of picture files.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}

// lower returns s with small letters of ASCII, as long as s: those of other alphabets may have another length, and bytes that are no text do.
func lower(s string) string {
	p := []byte(s)
	for i, c := range p {
		if c >= 'A' && c <= 'Z' {
			p[i] = c + 'a' - 'A'
		}
	}
	return string(p)
}

// nameLength returns the length of an unquoted name. Names of files may hold the signs of sums and products; they end with the first known
// ending that no letter follows, those without any at the first sign.
func nameLength(kind, s string) int {
	endings := map[string][]string{"image": pictureEndings, "z": latentEndings, "file": latentEndings}[kind]
	low, least := lower(s), len(s)+1
	for _, ending := range endings {
		for from := 0; ; {
			i := strings.Index(low[from:], ending)
			if i < 0 {
				break
			}
			end := from + i + len(ending)
			if end == len(s) || strings.IndexByte(" \t+-*/()[@", s[end]) >= 0 {
				least = min(least, end)
				break
			}
			from = end
		}
	}
	if least <= len(s) {
		return least
	}
	if i := strings.IndexAny(s, " \t+-*/()@"); i >= 0 && endings == nil {
		return i
	}
	return len(s)
}
