package main

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// visible replaces everything in a text from elsewhere, such as a file's name, that a terminal acts on instead of showing it, by Go's
// escape sequences: control characters by \x1b, characters that change the direction of writing by \u202e, bytes that are not UTF-8 by
// \xff. Everything written to a terminal goes through it: the console's lines, errors, and the lines of results.
func visible(text string) string { return shown(text, "") }

// visibleText is visible for texts of several lines: it keeps line ends and tabs.
func visibleText(text string) string { return shown(text, "\n\t") }

// shown replaces characters that a terminal would obey, except those in kept, and bytes that are no UTF-8 by their escapes.
func shown(text, kept string) string {
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case !obeyed(r) || strings.ContainsRune(kept, r):
			out.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&out, `\x%02x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// obeyed tells whether a terminal may act on a character instead of showing it.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// onTerminal tells whether a file is a terminal.
func onTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
