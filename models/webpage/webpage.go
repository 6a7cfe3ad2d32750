// Package webpage writes HTML pages that need nothing else: style, program and data are in the one file, and a browser loads nothing for it.
//
//	err := webpage.Write(w, webpage.Page{Title: "letters", Body: body, Style: style, Program: program, Data: document})
//
// All pages have the same colours, light or dark as the reader's system is.
package webpage

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"io"
)

// A Page is the parts of a page.
type Page struct {
	Title   string // plain text
	Style   string // CSS, after the colours that all pages have
	Body    string // HTML
	Program string // JavaScript, which finds the data as JSON in the element "data"
	Data    any    // is encoded as JSON
}

//go:embed base.css
var base string

const frame = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>%s</title>
<style>
%s%s</style>
%s<script type="application/json" id="data">%s</script>
<script>
%s</script>
</html>
`

// Write writes a page. The error is that of the writer, or says that the data cannot be encoded.
func Write(w io.Writer, p Page) error {
	data, err := json.Marshal(p.Data) // escapes <, > and &, so that no text ends the script
	if err != nil {
		return fmt.Errorf("webpage: %w", err)
	}
	_, err = fmt.Fprintf(w, frame, html.EscapeString(p.Title), base, p.Style, p.Body, data, p.Program)
	return err
}
