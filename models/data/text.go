package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"strings"
	"unicode/utf8"
)

// A Vocabulary numbers the characters of a text in their order, beginning with a first number.
type Vocabulary struct {
	runes []rune
	index map[rune]int32
	first int32
}

// NewVocabulary returns the vocabulary of all characters of a text, numbered from first.
func NewVocabulary(text string, first int) *Vocabulary {
	v := &Vocabulary{index: map[rune]int32{}, first: int32(first)}
	seen := &runeSet{}
	for _, r := range text {
		seen.add(r)
	}
	v.runes = seen.all()
	for i, r := range v.runes {
		v.index[r] = v.first + int32(i)
	}
	return v
}

// runeSet is a set of characters: one bit for each code point of Unicode, 136 KiB in total.
type runeSet [(utf8.MaxRune + 64) / 64]uint64

func (s *runeSet) add(r rune) { s[r/64] |= 1 << (r % 64) }

// all returns the characters of the set in order.
func (s *runeSet) all() []rune {
	var runes []rune
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			runes = append(runes, rune(64*i+bits.TrailingZeros64(word)))
		}
	}
	return runes
}

// Len returns the number of tokens, including those before the first character.
func (v *Vocabulary) Len() int { return int(v.first) + len(v.runes) }

// String returns the characters.
func (v *Vocabulary) String() string { return string(v.runes) }

// Encode returns the tokens of a text. An unknown character is an error.
func (v *Vocabulary) Encode(text string) ([]int32, error) {
	return v.Append(make([]int32, 0, len(text)), []byte(text))
}

// Append is Encode that appends to tokens.
func (v *Vocabulary) Append(tokens []int32, text []byte) ([]int32, error) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		i, ok := v.index[r]
		if !ok {
			return nil, fmt.Errorf("data: the model never saw the character %q: it knows %s", r, v.shown())
		}
		tokens, text = append(tokens, i), text[n:]
	}
	return tokens, nil
}

// shown returns the characters, with invisible ones as Go's escape sequences.
func (v *Vocabulary) shown() string {
	const most = 200 // most characters, because an error is one line
	s := fmt.Sprintf("%q", string(v.runes[:min(most, len(v.runes))]))
	s = s[1 : len(s)-1]
	if more := len(v.runes) - most; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// Decode returns the text of tokens, without those that stand for no character.
func (v *Vocabulary) Decode(tokens []int32) string {
	out := make([]rune, 0, len(tokens))
	for _, t := range tokens {
		if i := int(t - v.first); i >= 0 && i < len(v.runes) {
			out = append(out, v.runes[i])
		}
	}
	return string(out)
}

// A Text is a text to learn from. It is held as UTF-8, in little more memory than its file takes, and is safe for concurrent use.
type Text struct {
	Characters string // all of its characters, each once and in order
	Identity   string // the SHA-256 of the text, regardless of the kind of line ends and byte order marks of its file
	Pipe       bool   // it came from a pipe and cannot be read again

	bytes []byte
	marks []int // offset in bytes of every markEvery-th character
	count int   // number of characters
}

const (
	// maxText is the longest text in bytes, because a pipe could otherwise use up the memory.
	maxText   = 1 << 30
	markEvery = 256
)

// NewText makes a text from the contents of a file or a pipe. It takes over p and changes it: it removes byte order marks, which
// concatenated files have in the middle, and replaces CR LF and a lone CR by LF. Characters in kept stay as they are, for models that
// learned them. An error says why a text cannot be learned from.
func NewText(p []byte, kept string) (*Text, error) {
	p = normalise(p, kept)
	if len(p) == 0 {
		return nil, errors.New("is empty: give a file with text in it")
	}
	t := &Text{bytes: p}
	seen := &runeSet{}
	for at := 0; at < len(p); {
		r, n := utf8.DecodeRune(p[at:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			return nil, errNoText(p)
		}
		if t.count%markEvery == 0 {
			t.marks = append(t.marks, at)
		}
		seen.add(r)
		t.count++
		at += n
	}
	t.Characters = string(seen.all())
	sum := sha256.Sum256(p)
	t.Identity = "sha256:" + hex.EncodeToString(sum[:])
	return t, nil
}

// Normalise changes a prompt as [NewText] changes a text.
func Normalise(text, kept string) string { return string(normalise([]byte(text), kept)) }

const byteOrderMark = "\ufeff"

// normalise works in place.
func normalise(p []byte, kept string) []byte {
	if mark := []byte(byteOrderMark); !strings.Contains(kept, byteOrderMark) && bytes.Contains(p, mark) {
		p = without(p, mark)
	}
	if strings.Contains(kept, "\r") || bytes.IndexByte(p, '\r') < 0 {
		return p
	}
	out := p[:0]
	for i, b := range p {
		switch {
		case b != '\r':
			out = append(out, b)
		case i+1 == len(p) || p[i+1] != '\n': // otherwise the LF that follows is kept
			out = append(out, '\n')
		}
	}
	return out
}

// without removes every occurrence of part from p, in place.
func without(p, part []byte) []byte {
	out := p[:0]
	for {
		at := bytes.Index(p, part)
		if at < 0 {
			return append(out, p...)
		}
		out, p = append(out, p[:at]...), p[at+len(part):]
	}
}

// errNoText returns an error that says why bytes are not a UTF-8 text.
func errNoText(p []byte) error {
	if bytes.HasPrefix(p, []byte{0xff, 0xfe}) || bytes.HasPrefix(p, []byte{0xfe, 0xff}) {
		return errors.New("is in UTF-16: give it in UTF-8, as iconv -f UTF-16 -t UTF-8 writes it")
	}
	return errors.New("is no text: give a file in UTF-8")
}

// Len returns the number of characters.
func (t *Text) Len() int { return t.count }

// Slice returns the UTF-8 of n characters from number first. It must not be changed.
func (t *Text) Slice(first, n int) []byte { return t.bytes[t.offset(first):t.offset(first+n)] }

// offset returns the byte at which a character begins, or the text's length.
func (t *Text) offset(character int) int {
	if character == t.count {
		return len(t.bytes)
	}
	at := t.marks[character/markEvery]
	for range character % markEvery {
		_, n := utf8.DecodeRune(t.bytes[at:])
		at += n
	}
	return at
}

// Split returns the number of characters to train on, nine tenths of the text; the rest is held out. Both parts must hold more than one
// sequence of context characters.
func (t *Text) Split(context int) (train int, err error) {
	train = t.count * 9 / 10
	if test := t.count - train; test <= context {
		return 0, fmt.Errorf("data: the text has %d characters, of which a tenth is held out: with a context of %d it takes more than %d; give a longer one, or model.context=%d",
			t.count, context, 10*(context+1), max(1, (test-1)/2))
	}
	return train, nil
}

// ReadText reads a UTF-8 text from a file, or from a pipe to its end, and opens it only once. kept is as in [NewText]. An error says why a
// text cannot be learned from. If ctx ends, it stops waiting for a pipe.
func ReadText(ctx context.Context, path, kept string) (*Text, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return nil, fmt.Errorf("data: %s is a folder: give a file with text in it", path)
	case !mode.IsRegular() && mode&os.ModeNamedPipe == 0:
		return nil, fmt.Errorf("data: %s is a device and no file: give a file with text in it, or a pipe", path)
	case info.Size() > maxText:
		return nil, fmt.Errorf("data: %s is too long, %d bytes: give %d at most, as head -c writes them", path, info.Size(), maxText)
	}
	type result struct {
		p   []byte
		err error
	}
	read := make(chan result, 1) // the reader of a pipe without a writer never returns
	go func() {
		p, err := readFile(path, int(info.Size()))
		read <- result{p, err}
	}()
	var r result
	select {
	case r = <-read:
	case <-ctx.Done():
		return nil, fmt.Errorf("data: reading %s: %w", path, ctx.Err())
	}
	if r.err != nil {
		return nil, r.err
	}
	t, err := NewText(r.p, kept)
	if err != nil {
		return nil, fmt.Errorf("data: %s %w", path, err)
	}
	t.Pipe = !mode.IsRegular()
	return t, nil
}

// readFile reads a file to its end, into one allocation if it has the expected size. It stops early if the beginning cannot be text, so
// that an endless pipe of zeros is refused at once.
func readFile(path string, size int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	const piece = 1 << 20
	var full [][]byte
	p, total := make([]byte, 0, max(size+1, 512)), 0
	for {
		n, err := file.Read(p[len(p):cap(p)])
		fresh := p[len(p) : len(p)+n]
		p, total = p[:len(p)+n], total+n
		switch {
		case bytes.IndexByte(fresh, 0) >= 0:
			return nil, fmt.Errorf("data: %s %w", path, errNoText(append(full, p)[0]))
		case total > maxText:
			return nil, fmt.Errorf("data: %s is too long: give %d bytes at most, as head -c writes them", path, maxText)
		case errors.Is(err, io.EOF) && len(full) == 0:
			return p, nil
		case errors.Is(err, io.EOF):
			return bytes.Join(append(full, p), nil), nil
		case err != nil:
			return nil, fmt.Errorf("data: %w", err)
		case len(p) == cap(p):
			full, p = append(full, p), make([]byte, 0, piece)
		}
	}
}
