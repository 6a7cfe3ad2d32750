// Package lettering draws lines of text in any script, on the CPU alone, so that all characters can be distinguished.
//
//	fonts, err := lettering.New(lettering.Options{CacheDir: dir})
//	line := fonts.Line("中文 \n", lettering.Style{Size: 13})
//	line.Draw(img, x, baseline, ink)
//
// The one idea: a character takes the first of these that has it: the program's own fonts, those of the system, a small bitmap font of
// broad coverage, and finally its code point in hexadecimal digits. Characters without a shape of their own are drawn as signs: \n for a
// new line, digits for other control characters. A box that many characters share is never drawn.
//
// An embedded font for all of Unicode was rejected: it would be larger than the program.
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

// Options say which fonts to use.
type Options struct {
	CacheDir string // for the index of the system's fonts; "": they are not used
	// Found, if it is not nil, is called when the system's fonts were loaded. They are then loaded by another goroutine when a line first
	// needs them, and lines made before that do without. If Found is nil, the first line that needs them waits.
	Found func()
}

// Fonts are the fonts of the program and of the system. Safe for concurrent use.
type Fonts struct {
	options             Options
	regular, bold, mono *font.Face

	mu        sync.Mutex // guards the fields below, and the faces
	shaper    shaping.HarfbuzzShaper
	segmenter shaping.Segmenter
	system    *fontscan.FontMap // nil until it is loaded
	searched  bool
}

// New returns the program's fonts. The system's fonts are loaded when a line first needs them.
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

// Style is the appearance of a line.
type Style struct {
	Size  float64 // of the font in pixels
	Bold  bool
	Mono  bool // all characters of the program's own font have one width
	Signs bool // spaces and other characters without ink are visible, for labels of single characters
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

// Plain tells whether the program's own font shows all of s, without signs and without shaping.
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

// Extent returns how far a line of that style extends above and below its base line, in pixels.
func (f *Fonts) Extent(st Style) (above, below float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	face := f.face(st)
	e, _ := face.FontHExtents()
	k := st.Size / float64(face.Upem())
	return float64(e.Ascender) * k, -float64(e.Descender) * k
}

// search loads the system's fonts, once.
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

// systemFonts returns nil if there are none, which only limits the choice of fonts.
func systemFonts(cache string) *fontscan.FontMap {
	m := fontscan.NewFontMap(log.New(io.Discard, "", 0)) // which complains of fonts that others made
	if err := m.UseSystemFonts(cache); err != nil {
		return nil
	}
	m.SetQuery(fontscan.Query{Families: []string{fontscan.SansSerif}})
	return m
}

// chain finds the face of a character for the segmenter: the program's own, or one of the system. A character that no face has gets the
// program's own face, in which it is glyph 0.
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
	begin, added := 0, 0
	if st.Signs && len(runes) > 0 && unicode.Is(unicode.M, runes[0]) {
		runes, added = append([]rune{'◌'}, runes...), 1 // a combining mark needs a letter to stand on
	}
	for i, r := range runes {
		if sign := signOf(r, st); sign != "" {
			f.shape(l, runes[begin:i], begin-added)
			dot := l.dot
			l.sign(sign, r)
			l.spot(i-added, 1, dot, false)
			begin = i + 1
		}
	}
	f.shape(l, runes[begin:], begin-added)
	return l
}

// shape appends text without signs, whose first character is character number first of the line.
func (f *Fonts) shape(l *Line, text []rune, first int) {
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
			cluster, dot := text[g.TextIndex():min(g.TextIndex()+g.RunesCount(), len(text))], l.dot
			if g.GlyphID != 0 && (inked(out.Face, g.GlyphID) || blank(cluster)) {
				l.glyph(out.Face, g)
				l.spot(first+g.TextIndex(), len(cluster), dot, run.Direction == di.DirectionRTL)
				continue
			}
			for i, r := range cluster {
				dot = l.dot
				l.missing(r)
				l.spot(first+g.TextIndex()+i, 1, dot, run.Direction == di.DirectionRTL)
			}
		}
	}
}

// blank tells whether characters leave no ink in any font.
func blank(text []rune) bool {
	return !slices.ContainsFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && !inkless(r) })
}

// visual sorts runs by their position from left to right: it reverses sequences of runs that are written from right to left, with the
// numbers between them.
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

// neutral tells whether a run has no letter, so that its direction is that of its neighbours.
func neutral(run shaping.Input) bool {
	for _, r := range run.Text[run.RunStart:run.RunEnd] {
		if unicode.IsLetter(r) {
			return false
		}
	}
	return true
}
