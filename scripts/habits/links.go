package main

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"`)
	named   = regexp.MustCompile("`(?:\\./)?([A-Za-z0-9_*.-]+/[A-Za-z0-9_/*.-]+)`")
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// links finds links of documents whose file or heading does not exist, and paths between backticks that do not.
func links(repo fs.FS, files []file) (found []finding) {
	for _, f := range files {
		if path.Ext(f.path) != ".md" {
			continue
		}
		prose := withoutCode(f.text)
		report := func(at int, format string, args ...any) {
			found = append(found, finding{
				rule: "links", path: f.path, line: strings.Count(prose[:at], "\n") + 1,
				text: fmt.Sprintf(format, args...),
			})
		}
		for _, at := range link.FindAllStringSubmatchIndex(prose, -1) {
			target := prose[max(at[2], at[4]):max(at[3], at[5])]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			name, anchor, _ := strings.Cut(target, "#")
			to := f.path
			if name != "" {
				to = path.Join(path.Dir(f.path), name)
			}
			text, err := fs.ReadFile(repo, to)
			info, statErr := fs.Stat(repo, to)
			switch {
			case statErr != nil:
				report(at[0], "links to %s, which does not exist", target)
			case anchor != "" && (err != nil || info.IsDir() || !slices.Contains(anchors(string(text)), anchor)):
				report(at[0], "links to %s, but %s has no such heading", target, to)
			}
		}
		for _, at := range named.FindAllStringSubmatchIndex(prose, -1) {
			name := path.Clean(prose[at[2]:at[3]])
			top, _, _ := strings.Cut(name, "/")
			if _, err := fs.Stat(repo, top); err != nil { // no path of the repository
				continue
			}
			if there, err := fs.Glob(repo, name); err != nil || len(there) == 0 {
				report(at[0], "names %s, which does not exist", name)
			}
		}
	}
	return found
}

// withoutCode returns a document with its blocks of code as empty lines.
func withoutCode(text string) string {
	return fence.ReplaceAllStringFunc(text, func(code string) string { return strings.Repeat("\n", strings.Count(code, "\n")) })
}

// anchors returns the anchors of a document's headings, as GitHub makes them: of equal ones the second ends with -1.
func anchors(text string) (all []string) {
	times := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(withoutCode(text), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		if times[anchor]++; times[anchor] > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, times[anchor]-1)
		}
		all = append(all, anchor)
	}
	return all
}
