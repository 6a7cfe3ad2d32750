package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// open are the paths that need no token: they tell nothing of the model.
var open = map[string]bool{"/": true, "/page.js": true, "/page.css": true, "/healthz": true}

// ServeHTTP answers a request. All that is refused for what it is, whoever and wherever it asks, is refused here.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w := &answer{ResponseWriter: rw}
	route := s.route(r)
	s.metrics.flying.Inc()
	defer func() {
		s.metrics.flying.Dec()
		p := recover()
		if p != nil {
			s.faulted(w, r, p)
		}
		s.metrics.answered(route, w.code(), began)
		if p != nil && w.status != 0 && !w.whole {
			panic(http.ErrAbortHandler) // the answer has begun: the client must see that it has no end
		}
	}()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if refused := s.refuse(r); refused != nil {
		s.metrics.refused.WithLabelValues(refused.reason).Inc()
		if refused.wait > 0 {
			h.Set("Retry-After", fmt.Sprint(int(refused.wait.Seconds()+1)))
		}
		if refused.status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Bearer realm="genview"`)
		}
		if r.ContentLength != 0 {
			h.Set("Connection", "close") // the body is not read
		}
		w.problem(refused.status, refused.detail)
		return
	}
	link := http.NewResponseController(rw)
	_ = link.SetWriteDeadline(began.Add(bodyTime + s.o.Time + endTime)) // a recorder of tests has none
	r.Body = &body{http.MaxBytesReader(rw, r.Body, s.o.Body), func() { _ = link.SetReadDeadline(time.Time{}) }}
	if route == "" {
		s.nowhere(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// A refusal says why a request is not answered.
type refusal struct {
	reason string // for the metrics
	status int
	detail string
	wait   time.Duration // after which it may be asked again; 0: never
}

// refuse returns why a request is refused; nil: it is not.
func (s *Server) refuse(r *http.Request) *refusal {
	switch {
	case !s.host(r.Host):
		return &refusal{"host", http.StatusForbidden, fmt.Sprintf("this server is not called %q: call it localhost or by its address", shortened(r.Host)), 0}
	case s.cross.Check(r) != nil:
		return &refusal{"origin", http.StatusForbidden, "pages of other sites may not use this server: open the server's own page", 0}
	}
	if wait := s.rates.wait(r.RemoteAddr); wait > 0 {
		return &refusal{"rate", http.StatusTooManyRequests, fmt.Sprintf("more than %g requests a second: ask again later", s.o.Rate), wait}
	}
	if s.o.Token != "" && !open[r.URL.Path] && !s.authorized(r) {
		return &refusal{"token", http.StatusUnauthorized, "a token is needed: send the header Authorization: Bearer TOKEN", 0}
	}
	if r.ContentLength > s.o.Body {
		return &refusal{"size", http.StatusRequestEntityTooLarge, fmt.Sprintf("the request has %d bytes, of which %d are read: send less", r.ContentLength, s.o.Body), 0}
	}
	return nil
}

// host tells whether a request is meant for this server. A page of another site can have its name resolve to the loopback address (DNS
// rebinding); its requests then have that name. Where a token is needed, it protects.
func (s *Server) host(name string) bool {
	if s.o.Token != "" {
		return true
	}
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(name, "localhost")
}

// authorized tells whether a request has the token. The time that it takes says nothing of the token.
func (s *Server) authorized(r *http.Request) bool {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(kind, "Bearer") && subtle.ConstantTimeCompare(got[:], s.token[:]) == 1
}

// rates limits the requests of each client.
type rates struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	clients map[string]*rate.Limiter
}

// mostClients is how many clients are remembered. When there are more, those are forgotten that have asked for nothing of late.
const mostClients = 10000

// wait returns how long a client has to wait before it may ask again; 0: it may now.
func (l *rates) wait(addr string) time.Duration {
	if l.limit == 0 {
		return 0
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	who := client(addr)
	c := l.clients[who]
	if c == nil {
		if len(l.clients) >= mostClients {
			for name, c := range l.clients {
				if c.TokensAt(now) >= float64(l.burst) {
					delete(l.clients, name)
				}
			}
		}
		if len(l.clients) >= mostClients {
			return time.Second
		}
		c = rate.NewLimiter(l.limit, l.burst)
		l.clients[who] = c
	}
	if c.AllowN(now, 1) {
		return 0
	}
	return time.Duration(float64(time.Second) / float64(l.limit))
}

// client returns the name under which a client is limited: its address, or the network of an IPv6 address, which is one customer's.
func client(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return addr
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		net, _ := ip.Prefix(64) // an address without a zone has one
		return net.String()
	}
	return ip.String()
}

// faulted logs a panic of a handler and answers it, if there is no answer yet.
func (s *Server) faulted(w *answer, r *http.Request, p any) {
	err, _ := p.(error)
	switch {
	case errors.Is(err, http.ErrAbortHandler), r.Context().Err() != nil: // the client has left, which ends writing to it
		return
	}
	s.metrics.faults.Inc()
	fmt.Fprintf(lines(s.o.Say), "fault: %s %s: %v\n%s", r.Method, shortened(r.URL.Path), p, debug.Stack())
	if w.status == 0 {
		w.problem(http.StatusInternalServerError, errFault.Error())
	}
}

// nowhere answers a request for which there is no route.
func (s *Server) nowhere(w *answer, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := *r
		if other.Method = method; s.route(&other) != "" {
			w.Header().Set("Allow", method)
			w.problem(http.StatusMethodNotAllowed, fmt.Sprintf("%s is not for %s: use %s", r.URL.Path, r.Method, method))
			return
		}
	}
	w.problem(http.StatusNotFound, fmt.Sprintf("there is nothing at %s: /openapi.json says what there is", shortened(r.URL.Path)))
}

// shortened returns a text of a client that is quoted to it.
func shortened(text string) string {
	if runes := []rune(strings.ToValidUTF8(text, "?")); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return text
}

// An answer remembers what was written.
type answer struct {
	http.ResponseWriter
	status int  // 0: nothing was written
	whole  bool // nothing is missing
}

// WriteHeader implements [http.ResponseWriter].
func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements [http.ResponseWriter].
func (w *answer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// code returns the status for the metrics: 499 if the client left before it was answered.
func (w *answer) code() int {
	if w.status == 0 {
		return 499
	}
	return w.status
}

// problem answers with an error (RFC 9457) in one line of JSON.
func (w *answer) problem(status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	w.whole = true
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail}) // the client may have left
}
