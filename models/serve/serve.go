// Package serve answers HTTP requests with what the model of a run makes: pictures, films, latent vectors, attention and texts.
//
//	s, err := serve.New(ctx, session, serve.Options{})
//	if err != nil {
//		return err
//	}
//	defer s.Close()
//	http.Handle("/", s)
//
// The one idea: a model is for one goroutine, so one goroutine owns it, and requests wait for it in a queue. Whenever it is free it decodes
// the latent vectors of all requests that wait in one run of a program, up to the program's size: many clients are served hardly later than
// one. Everything else, such as encoding pictures, is done beside it by the requests' own goroutines.
//
// What a model lacks is answered with 501, a request that cannot be understood with 4xx, one that finds the queue full with 503; each with
// one line that says what to do, as application/problem+json (RFC 9457). /openapi.json describes all requests.
package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"genview/models/film"
	"genview/models/lettering"
	"genview/models/run"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// Options bound what a server does. Zero values mean defaults.
type Options struct {
	Token string // that requests must have; "": they need none, but must call the server by a name of the loopback interface

	Queue    int           // requests that are worked on or wait; default 512. Others are answered with 503.
	Batch    int           // latent vectors that one run decodes at most; default 64
	Body     int64         // bytes of a request; default 16 MiB
	Pictures int           // that one request has decoded; default 4096
	Pixels   int           // of a picture that is received or sent; default 2²⁴. The frames of a film have eight times as many in all.
	Text     int           // characters of a text that is received or sent; default 4096
	Search   time.Duration // that a search for a picture's latent vector takes; default 5 s
	Time     time.Duration // that a request takes; default 60 s
	Rate     float64       // requests a second of a client, by its address; 0: not bounded
	Burst    int           // requests that a client may save up; default twice the Rate

	About     []film.Note       // written into pictures and films
	Watermark string            // of pictures and films; see [film.Film]
	Fonts     string            // folder in which fonts are kept; "": in none
	Say       func(line string) // receives messages for the log; nil: nobody does
}

func (o Options) withDefaults() Options {
	o.Queue, o.Batch, o.Body = cmp.Or(o.Queue, 512), cmp.Or(o.Batch, 64), cmp.Or(o.Body, 16<<20)
	o.Pictures, o.Pixels, o.Text = cmp.Or(o.Pictures, 4096), cmp.Or(o.Pixels, 1<<24), cmp.Or(o.Text, 4096)
	o.Search, o.Time = cmp.Or(o.Search, 5*time.Second), cmp.Or(o.Time, time.Minute)
	o.Burst = cmp.Or(o.Burst, int(2*o.Rate)+1)
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o
}

func (o Options) check() error {
	if o.Queue < 1 || o.Batch < 1 || o.Body < 1 || o.Pictures < 1 || o.Pixels < 1 || o.Text < 1 || o.Search < 0 || o.Time < 0 || o.Burst < 1 || !(o.Rate >= 0) {
		return fmt.Errorf("serve: options below 0: %+v", o)
	}
	return nil
}

// A Server is an [http.Handler] that owns a session's model until it is closed.
type Server struct {
	o       Options
	session *run.Session
	device  *device
	metrics *metrics
	mux     *http.ServeMux
	api     huma.API
	cross   *http.CrossOriginProtection
	rates   rates
	token   [sha256.Size]byte
	places  chan struct{} // one for each request that is worked on or waits
	cores   chan struct{} // one for each goroutine that encodes
	films   chan struct{} // one for each film, which keeps pictures in memory
	buffers *film.Buffers
	drawing sync.Mutex // of texts, by fonts
	fonts   func() (*lettering.Fonts, error)
}

// mostFilms is how many films are made at once: each has all cores and a few pictures in memory.
const mostFilms = 4

// New makes a server of an opened session and compiles the decoder's programs. The session's model is the server's alone until Close, which
// leaves the session open.
func New(ctx context.Context, session *run.Session, o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{
		o: o, session: session, metrics: newMetrics(), mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(),
		rates: rates{limit: rate.Limit(o.Rate), burst: o.Burst, clients: map[string]*rate.Limiter{}},
		token: sha256.Sum256([]byte(o.Token)), places: make(chan struct{}, o.Queue), cores: make(chan struct{}, runtime.GOMAXPROCS(0)),
		films: make(chan struct{}, mostFilms), buffers: new(film.Buffers), fonts: letters(o.Fonts),
	}
	if err := s.routes(); err != nil {
		return nil, err
	}
	var err error
	s.device, err = newDevice(ctx, session, o, s.metrics)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the work with the model. Requests that still wait are answered with 503.
func (s *Server) Close() { s.device.close() }

// Times of a connection.
const (
	headerTime = 10 * time.Second // for the headers of a request
	bodyTime   = 30 * time.Second // for its body
	idleTime   = 2 * time.Minute  // between requests
	endTime    = 5 * time.Second  // for what is in flight, beyond the time that a request may take
)

// Serve answers the requests of a listener until ctx ends. Then it accepts no more, answers those that it has accepted, and returns nil. If
// the device is lost, it returns why.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:    log.New(lines(s.o.Say), "", 0),
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	var cause error
	select {
	case cause = <-served:
	case cause = <-s.device.lost:
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Time+endTime)
	defer cancel()
	if err := h.Shutdown(last); err != nil {
		return errors.Join(cause, err, h.Close())
	}
	return cause
}

// lines passes on what is written, line by line.
type lines func(line string)

// Write implements [io.Writer].
func (say lines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		say(strings.TrimRight(line, "\n"))
	}
	return len(p), nil
}

// A body is a request's body, whose deadline ends with it: it must not end the request later.
type body struct {
	io.ReadCloser
	end func()
}

// Close implements [io.Closer].
func (b *body) Close() error {
	b.end()
	return b.ReadCloser.Close()
}
