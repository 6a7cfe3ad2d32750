package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// riddles are phrases that make a comment hard to read at first sight, with what to write instead.
var riddles = []struct {
	phrase  *regexp.Regexp
	instead string
}{
	{phrase(`(?:(?:^|[.;:] )What|[.;:] what) (?:is|are|was|were|has|had|it|they|a|an|the|one) `), `name the thing: "what is left" is "the rest"`},
	{phrase(opening + `[Ww]ho [a-z]+`), `say "whoever", or who acts`},
	{phrase(`\b(?:to|of|by|for|than|what) who\b`), `say "whoever", or who acts`},
	{phrase(`, (?:(?:one|some|any|all|none|each|most|half) )?of (?:which|whom|whose)\b`), `begin a sentence with the subject`},
	{phrase(opening + `Of (?:what|those|these|which|them) `), `begin with the subject`},
	{phrase(`\bthat there (?:is|are)(?: not| no room| no height|[.,;:)]|$)`), `leave it out, or say "exists"`},
	{phrase(`\bas (?:it|they) (?:lie|lies|stand|stands)\b`), `name the state: "contiguous", "unchanged"`},
	{phrase(`\b(?:everywhere|nowhere) alike\b`), `say "equally"`},
	{phrase(`\b(?:nothing|none) but\b|\bbut (?:what|those)\b|\bsave (?:where|for|that|what)\b`), `say "only" or "except"`},
	{phrase(`, unless [^,.;]+, [a-z]+s\b`), `make the condition a sentence with "if"`},
	{phrase(`\b(?:whereof|thereof|wherein|whereby|lest)\b`), `say it in words of today`},
}

const opening = `(?:^|[.;:] )` // of a sentence, or of its second half

var phrase = regexp.MustCompile

// words finds riddles in the comments of Go and GLSL.
func words(f file) (found []finding) {
	for _, c := range comments(f) {
		for _, r := range riddles {
			for _, at := range r.phrase.FindAllStringIndex(c.text, -1) {
				said := strings.Trim(c.text[at[0]:min(len(c.text), at[1]+20)], " .;:,")
				found = append(found, finding{
					rule: "words", path: f.path, line: c.line(at[1] - 1),
					text: fmt.Sprintf("%q is hard to read: %s", said, r.instead),
				})
			}
		}
	}
	return found
}

// A comment is the text of a comment with its lines joined by spaces.
type comment struct {
	text   string
	starts []int // where the lines begin in the text
	first  int   // line in the file
}

// line returns the line of the file in which the character i of the text is.
func (c comment) line(i int) int {
	n := c.first - 1
	for _, start := range c.starts {
		if start <= i {
			n++
		}
	}
	return n
}

func (c *comment) add(line string) {
	if c.text != "" {
		c.text += " "
	}
	c.starts = append(c.starts, len(c.text))
	c.text += line
}

// comments lists the comments of a file, with the lines of each joined.
func comments(f file) (all []comment) {
	switch path.Ext(f.path) {
	case ".go":
		for _, g := range f.tree.Comments {
			c := comment{first: f.line(g.Pos())}
			for _, line := range g.List {
				text := strings.TrimPrefix(line.Text, "//")
				if !strings.HasPrefix(text, " ") { // a directive, or code
					text = ""
				}
				c.add(strings.TrimSpace(text))
			}
			all = append(all, c)
		}
	case ".comp", ".glsl":
		whole := false // the line before is a comment and nothing else
		for i, line := range strings.Split(f.text, "\n") {
			code, text, is := strings.Cut(line, "//")
			alone := strings.TrimSpace(code) == ""
			if is && !(alone && whole) {
				all = append(all, comment{first: i + 1})
			}
			if is {
				all[len(all)-1].add(strings.TrimSpace(text))
			}
			whole = is && alone
		}
	}
	return all
}
