package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"genview/vk"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain.png":                        "plain.png",
		"Ünïcödé 文字 👩‍🚀":                   "Ünïcödé 文字 👩‍🚀",
		"\x1b]0;title\a.txt":               `\x1b]0;title\x07.txt`,
		"a\rb\nc\td\x7f":                   `a\x0db\x0ac\x09d\x7f`,
		"\u009b31m":                        `\u009b31m`,
		"gpj\u202e.exe\u2066":              `gpj\u202e.exe\u2066`,
		"\xff\x9b":                         `\xff\x9b`,
		"two\u2028lines":                   `two\u2028lines`,
		"\ufffd is a character of its own": "\ufffd is a character of its own",
	} {
		if got := visible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got, want := visibleText("a\tb\n\x1b[2J"), "a\tb\n"+`\x1b[2J`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := oneLine(errors.New("no \x1b[31mred\x1b[0m\nfile")), `no \x1b[31mred\x1b[0m file`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDevicesObeyNobody: results name devices, by names that drivers give them. A terminal gets them visible, a pipe as they are.
func TestDevicesObeyNobody(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var to pieces
		out := &results{to: &to, terminal: terminal}
		report := conformance{Device: vk.Info{Name: "a\x1b[31m card\u009b", Driver: "of\a"}}.String()
		if n, err := fmt.Fprint(out, report); n != len(report) || err != nil {
			t.Errorf("%d of %d bytes were written, %v", n, len(report), err)
		}
		want := report
		if terminal {
			want = strings.NewReplacer("\x1b", `\x1b`, "\u009b", `\u009b`, "\a", `\x07`).Replace(report)
		}
		if got := strings.Join(to, ""); got != want {
			t.Errorf("to a terminal (%v) goes %q, want %q", terminal, got, want)
		}
	}
}
