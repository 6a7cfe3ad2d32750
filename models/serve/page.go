package serve

import (
	"embed"
	"net/http"
)

// page are the files of the page. It needs nothing else, from this server or another.
//
//go:embed page/index.html page/page.css page/page.js
var page embed.FS

// pageFiles are the files of the page by their path.
var pageFiles = map[string]string{"/{$}": "page/index.html", "/page.css": "page/page.css", "/page.js": "page/page.js"}

// policy is what the page may do: run and show what comes from this server, and ask it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (s *Server) addPage() {
	for path, file := range pageFiles {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.ServeFileFS(w, r, page, file)
		})
	}
}
