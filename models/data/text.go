package data

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"unicode/utf8"
)

// A Vocabulary numbers characters: those of its text, each once and in order, from a first number on.
type Vocabulary struct {
	runes []rune
	index map[rune]int32
	first int32
}

// NewVocabulary returns the vocabulary of all characters of a text, numbered from first on.
func NewVocabulary(text string, first int) *Vocabulary {
	v := &Vocabulary{runes: []rune(text), index: map[rune]int32{}, first: int32(first)}
	slices.Sort(v.runes)
	v.runes = slices.Compact(v.runes)
	for i, r := range v.runes {
		v.index[r] = v.first + int32(i)
	}
	return v
}

// Len returns how many numbers there are, those before the first character among them.
func (v *Vocabulary) Len() int { return int(v.first) + len(v.runes) }

// String returns the characters.
func (v *Vocabulary) String() string { return string(v.runes) }

// Encode returns the numbers of a text's characters. A character that was never seen is an error.
func (v *Vocabulary) Encode(text string) ([]int32, error) {
	return v.Append(make([]int32, 0, len(text)), []byte(text))
}

// Append is Encode that appends the numbers to tokens.
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

// shown are the characters, with those that cannot be seen as Go writes them.
func (v *Vocabulary) shown() string {
	s := fmt.Sprintf("%q", v.String())
	return s[1 : len(s)-1]
}

// Decode returns the text of numbers; those that stand for no character are left out.
func (v *Vocabulary) Decode(tokens []int32) string {
	out := make([]rune, 0, len(tokens))
	for _, t := range tokens {
		if i := int(t - v.first); i >= 0 && i < len(v.runes) {
			out = append(out, v.runes[i])
		}
	}
	return string(out)
}

// ReadText reads a text file in UTF-8. The error says what is wrong with one that nothing can be learned from.
func ReadText(path string) (string, error) {
	p, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	switch {
	case len(p) == 0:
		return "", fmt.Errorf("data: %s is empty: give a file with text in it", path)
	case bytes.IndexByte(p, 0) >= 0 || !utf8.Valid(p):
		return "", fmt.Errorf("data: %s is no text: give a file in UTF-8", path)
	}
	return string(bytes.ReplaceAll(p, []byte("\r\n"), []byte("\n"))), nil
}

// SplitText cuts tokens into those to train on, the first nine tenths, and those to test with. Both must hold more than one sequence
// of that many tokens.
func SplitText(tokens []int32, context int) (train, test []int32, err error) {
	at := len(tokens) * 9 / 10
	train, test = tokens[:at], tokens[at:]
	if len(test) <= context {
		return nil, nil, fmt.Errorf("data: the text has %d characters, of which a tenth is held out: with a context of %d it takes more than %d; give a longer one, or --set model.context=%d",
			len(tokens), context, 10*(context+1), max(1, (len(test)-1)/2))
	}
	return train, test, nil
}
