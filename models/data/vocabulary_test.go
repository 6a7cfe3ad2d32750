package data

import (
	"testing"
	"unicode/utf8"
)

// FuzzVocabulary: any text has a vocabulary, whose tokens give the text back; a character that it has not is one error.
func FuzzVocabulary(f *testing.F) {
	for _, text := range []string{"", "to be or not to be", "日本\n", "\xff\xfe", "\u0000\u2028😀", "e\u0301"} {
		f.Add(text, text+"?")
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		v := NewVocabulary(text, 0)
		tokens, err := v.Encode(text)
		if !utf8.ValidString(text) {
			return
		}
		if err != nil || v.Decode(tokens) != text || len(tokens) != utf8.RuneCountInString(text) {
			t.Fatalf("%q becomes %v, %v", text, tokens, err)
		}
		if again := NewVocabulary(v.String(), 0); again.String() != v.String() || again.Len() != v.Len() {
			t.Fatalf("%q is read back as %q", v.String(), again.String())
		}
		if tokens, err := v.Encode(other); err == nil && utf8.ValidString(other) && v.Decode(tokens) != other {
			t.Fatalf("%q becomes %v", other, tokens)
		}
	})
}
