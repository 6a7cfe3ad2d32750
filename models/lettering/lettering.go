// Package lettering draws lines of text in any script, on the CPU alone, so that all characters are told apart.
//
//	fonts, err := lettering.New(lettering.Options{CacheDir: dir})
//	line := fonts.Line("中文 \n", lettering.Style{Size: 13})
//	line.Draw(img, x, baseline, ink)
//
// The one idea: a character takes the first of these that has it: the program's own fonts, those of the system, a small bitmap font of
// broad coverage, and at last its code point in hexadecimal digits. Characters without a shape of their own are signs: \n for a new
// line, digits for other control characters. A box that many characters share is never drawn.
//
// A font of our own for all of Unicode was rejected: it would be larger than the program.
package lettering

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"slices"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/math/fixed"
)

// Options say where fonts come from.
type Options struct {
	CacheDir string // where the index of the system's fonts is kept; "": the system's fonts are not used
	// Found, where it is not nil, is called when the system's fonts were found: they are looked for in another goroutine then, once
	// they are missed, and lines made before go without. Where it is nil, the line that misses them waits.
	Found func()
}

// Fonts are the fonts of the program and of the system. Safe for concurrent use.
type Fonts struct {
	options             Options
	regular, bold, mono *font.Face

	mu        sync.Mutex // of all that follows, and of the faces
	shaper    shaping.HarfbuzzShaper
	segmenter shaping.Segmenter
	system    *fontscan.FontMap // nil before it is there
	searched  bool
}

// New returns the fonts of the program; those of the system are read when they are first missed.
func New(o Options) (*Fonts, error) {
	f := &Fonts{options: o, searched: o.CacheDir == ""}
	for _, a := range []struct {
		to  **font.Face
		ttf []byte
	}{{&f.regular, goregular.TTF}, {&f.bold, gobold.TTF}, {&f.mono, gomono.TTF}} {
		face, err := font.ParseTTF(bytes.NewReader(a.ttf))
		if err != nil {
			return nil, fmt.Errorf("lettering: %w", err)
		}
		*a.to = face
	}
	return f, nil
}

// Style is how a line looks.
type Style struct {
	Size  float64 // of the font in pixels
	Bold  bool
	Mono  bool // characters of the program's own font are as wide as each other
	Signs bool // spaces are seen, and so is every other character without ink, as labels of single characters want it
}

func (f *Fonts) face(st Style) *font.Face {
	switch {
	case st.Mono:
		return f.mono
	case st.Bold:
		return f.bold
	}
	return f.regular
}

// Plain reports whether the program's own font shows all of s, with no signs and nothing to shape.
func (f *Fonts) Plain(s string, st Style) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range s {
		switch {
		case r == ' ' && st.Signs:
			return false
		case ' ' <= r && r <= '~':
			continue
		case signOf(r, st) != "" || unicode.Is(unicode.M, r):
			return false
		}
		if _, ok := f.face(st).NominalGlyph(r); !ok {
			return false
		}
	}
	return true
}

// Extent returns how far a line of that style goes above and below its base line, in pixels.
func (f *Fonts) Extent(st Style) (above, below float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	face := f.face(st)
	e, _ := face.FontHExtents()
	k := st.Size / float64(face.Upem())
	return float64(e.Ascender) * k, -float64(e.Descender) * k
}

// search looks for the system's fonts, once.
func (f *Fonts) search() {
	if f.searched {
		return
	}
	f.searched = true
	if f.options.Found == nil {
		f.system = systemFonts(f.options.CacheDir)
		return
	}
	go func() {
		found := systemFonts(f.options.CacheDir)
		f.mu.Lock()
		f.system = found
		f.mu.Unlock()
		f.options.Found()
	}()
}

// systemFonts returns nil where there are none: then there is less to choose from, and nothing is lost.
func systemFonts(cache string) *fontscan.FontMap {
	m := fontscan.NewFontMap(log.New(io.Discard, "", 0)) // which complains of fonts that others made
	if err := m.UseSystemFonts(cache); err != nil {
		return nil
	}
	m.SetQuery(fontscan.Query{Families: []string{fontscan.SansSerif}})
	return m
}

// chain finds the face of a character for the segmenter: the program's own, or one of the system. What none has gets the program's own,
// in which it is glyph 0.
type chain struct {
	fonts *Fonts
	own   *font.Face
}

// ResolveFace implements [shaping.Fontmap].
func (c chain) ResolveFace(r rune) *font.Face {
	if _, ok := c.own.NominalGlyph(r); ok {
		return c.own
	}
	c.fonts.search()
	if m := c.fonts.system; m != nil {
		m.SetScript(language.LookupScript(r))
		if face := m.ResolveFace(r); face != nil {
			if g, ok := face.NominalGlyph(r); ok && g != 0 {
				return face
			}
		}
	}
	return c.own
}

// Line makes a line of s.
func (f *Fonts) Line(s string, st Style) *Line {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &Line{fonts: f, style: st}
	runes := []rune(s)
	if st.Signs && len(runes) > 0 && unicode.Is(unicode.M, runes[0]) {
		runes = append([]rune{'◌'}, runes...) // a mark stands on a letter, here on one that is not there
	}
	begin := 0
	for i, r := range runes {
		if sign := signOf(r, st); sign != "" {
			f.shape(l, runes[begin:i])
			l.sign(sign, r)
			begin = i + 1
		}
	}
	f.shape(l, runes[begin:])
	return l
}

// shape appends text without signs.
func (f *Fonts) shape(l *Line, text []rune) {
	if len(text) == 0 {
		return
	}
	own := f.face(l.style)
	runs := f.segmenter.Split(shaping.Input{
		Text: text, RunEnd: len(text), Direction: di.DirectionLTR, Face: own, Size: fixed.Int26_6(l.style.Size*64 + 0.5),
		Language: language.NewLanguage("en"),
	}, chain{f, own})
	for _, run := range visual(runs) {
		out := f.shaper.Shape(run)
		for _, g := range out.Glyphs {
			cluster := text[g.TextIndex():min(g.TextIndex()+g.RunesCount(), len(text))]
			if g.GlyphID != 0 && (inked(out.Face, g.GlyphID) || blank(cluster)) {
				l.glyph(out.Face, g)
				continue
			}
			for _, r := range cluster {
				l.missing(r)
			}
		}
	}
}

// blank reports whether characters leave no ink in any font.
func blank(text []rune) bool {
	return !slices.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !inkless(r) })
}

// visual puts runs in the order in which they are seen from left to right: neighbours that are written from right to left, with numbers
// between them, change places.
func visual(runs []shaping.Input) []shaping.Input {
	out := make([]shaping.Input, 0, len(runs))
	for i := 0; i < len(runs); {
		if runs[i].Direction != di.DirectionRTL {
			out = append(out, runs[i])
			i++
			continue
		}
		last := i
		for k := i; k < len(runs) && (runs[k].Direction == di.DirectionRTL || neutral(runs[k])); k++ {
			if runs[k].Direction == di.DirectionRTL {
				last = k
			}
		}
		for k := last; k >= i; k-- {
			out = append(out, runs[k])
		}
		i = last + 1
	}
	return out
}

// neutral reports whether a run has no letter, so that it goes along with what is around it.
func neutral(run shaping.Input) bool {
	for _, r := range run.Text[run.RunStart:run.RunEnd] {
		if unicode.IsLetter(r) {
			return false
		}
	}
	return true
}
