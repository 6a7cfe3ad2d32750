package lettering

import (
	"fmt"
	"unicode"
)

// Signs of characters without a shape of their own, which Line.sign draws: the sign of a space, the digits of a code point, or an escape
// sequence.
const (
	spaceSign = " "
	codeSign  = "code"
)

// signOf returns the sign of a character; "" if it is drawn as it is.
func signOf(r rune, st Style) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case ' ':
		if st.Signs {
			return spaceSign
		}
		return ""
	case joiner, nonJoiner:
		if !st.Signs {
			return "" // it shapes its neighbours
		}
		return codeSign
	}
	switch {
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
		return codeSign
	case unicode.Is(unicode.Variation_Selector, r) && !st.Signs:
		return ""
	case unicode.Is(unicode.Cf, r):
		return codeSign // also characters that change the direction of what follows: a line shows its characters
	case st.Signs && (unicode.Is(unicode.Z, r) || inkless(r)):
		return codeSign
	}
	return ""
}

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// inkless tells whether a character other than a space leaves no ink, or looks like the sign of another.
func inkless(r rune) bool {
	switch r {
	case '␣', // looks like the sign of a space
		'\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// code returns the hexadecimal digits of a character's code point in two rows of two or of three.
func code(r rune) [2]string {
	s := fmt.Sprintf("%04X", r)
	if len(s) > 4 {
		s = fmt.Sprintf("%06X", r)
	}
	return [2]string{s[:len(s)/2], s[len(s)/2:]}
}

// digits are hexadecimal digits of 3 by 5 pixels: three bits per row, the upper left pixel in the highest bit.
var digits = [16]uint16{
	0b111_101_101_101_111, 0b010_110_010_010_111, 0b111_001_111_100_111, 0b111_001_111_001_111,
	0b101_101_111_001_001, 0b111_100_111_001_111, 0b111_100_111_101_111, 0b111_001_010_010_010,
	0b111_101_111_101_111, 0b111_101_111_001_111, 0b010_101_111_101_101, 0b110_101_110_101_110,
	0b011_100_100_100_011, 0b110_101_101_101_110, 0b111_100_110_100_111, 0b111_100_110_100_100,
}
