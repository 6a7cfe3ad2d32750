package main

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// visible returns a text that others wrote, such as a file's name, with everything that a terminal obeys and does not show written as
// Go writes it: control characters as \x1b, characters that turn the direction of writing as \u202e, bytes that are no UTF-8 as \xff.
// Whatever is written to a terminal goes through it: what a console and an error say, and results with their lines.
func visible(text string) string { return shown(text, "") }

// visibleText is visible for texts of several lines: line ends and tabs stay.
func visibleText(text string) string { return shown(text, "\n\t") }

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

// obeyed tells whether a terminal may do something on a character instead of showing it.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// onTerminal tells whether a file is a terminal.
func onTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
