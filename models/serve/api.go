package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"genview/models/family"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/munnerz/goautoneg"
)

// routes makes the routes and their description.
func (s *Server) routes() error {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "genview: " + s.session.Title(), Version: "1",
				Description: "What the model of one run makes. Points of its latent space are named by texts or given as numbers.",
			},
			Components: &huma.Components{Schemas: registry},
		},
		Formats: huma.DefaultFormats, DefaultFormat: "application/json",
		Transformers: []huma.Transformer{inOneLine},
	}
	if s.o.Token != "" {
		config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
		config.Security = []map[string][]string{{"token": {}}}
	}
	s.api = humago.New(s.mux, config)
	s.addModel()
	s.addSample()
	s.addWalk()
	s.addEncode()
	s.addText()
	s.addPage()
	s.mux.HandleFunc("GET /healthz", s.healthy)
	s.mux.Handle("GET /metrics", s.metrics.handler())
	document, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return err
	}
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // the client may have left
	})
	return nil
}

// healthy answers with 200, or with 503 if the device is lost: only a new server answers requests again.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	if s.device.dead.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "the device is lost")
		return
	}
	fmt.Fprintln(w, "ok")
}

// route returns the path of the route that a request has; "": none.
func (s *Server) route(r *http.Request) string {
	_, pattern := s.mux.Handler(r)
	_, path, _ := strings.Cut(pattern, " ")
	return strings.TrimSuffix(path, "{$}")
}

// inOneLine puts all that is wrong with a request into the detail of the answer, without the request's own values.
func inOneLine(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok || len(e.Errors) == 0 {
		return v, nil
	}
	const most = 3
	var all []string
	for i, wrong := range e.Errors {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(e.Errors)-most))
			break
		}
		text := shortened(wrong.Message)
		if wrong.Location != "" {
			text = shortened(wrong.Location) + ": " + text
		}
		all = append(all, text)
	}
	return &huma.ErrorModel{Title: e.Title, Status: e.Status, Detail: strings.Join(all, "; ")}, nil
}

// wrong is an error of a request: it cannot be done as it is.
func wrong(format string, a ...any) error {
	return huma.NewError(http.StatusUnprocessableEntity, fmt.Sprintf(format, a...))
}

// answered returns an error as an answer.
func (s *Server) answered(err error) error {
	var status huma.StatusError
	var lacks *family.LackError
	switch {
	case err == nil, errors.As(err, &status):
		return err
	case errors.As(err, &lacks):
		return huma.NewError(http.StatusNotImplemented, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		s.metrics.refused.WithLabelValues("time").Inc()
		return later(fmt.Sprintf("this takes longer than %v: ask for less, or when fewer others do", s.o.Time))
	case errors.Is(err, context.Canceled):
		return huma.NewError(499, "the client has left")
	case errors.Is(err, errStopped):
		return later(err.Error())
	case errors.Is(err, errFault):
		return huma.NewError(http.StatusInternalServerError, err.Error())
	}
	s.o.Say("error: " + err.Error())
	return huma.NewError(http.StatusInternalServerError, "it failed: "+err.Error())
}

// later answers that the same request may have an answer later.
func later(detail string) error {
	return huma.ErrorWithHeaders(huma.NewError(http.StatusServiceUnavailable, detail), http.Header{"Retry-After": {"1"}})
}

// A stream is an answer that is written while it is made.
type stream struct{ Body func(huma.Context) }

// add adds a route for requests to the model. do is called with a place in the queue and a limit of time; a stream keeps both until it ends.
func add[In, Out any](s *Server, op huma.Operation, do func(ctx context.Context, in *In) (*Out, error)) {
	op.Method = http.MethodPost
	op.OperationID = strings.TrimPrefix(op.Path, "/v1/")
	op.MaxBodyBytes, op.BodyReadTimeout = s.o.Body, bodyTime
	op.Errors = []int{
		http.StatusBadRequest, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests,
		http.StatusNotImplemented, http.StatusServiceUnavailable,
	}
	huma.Register(s.api, op, func(ctx context.Context, in *In) (*Out, error) {
		select {
		case s.places <- struct{}{}:
		default:
			s.metrics.refused.WithLabelValues("queue").Inc()
			return nil, later(fmt.Sprintf("%d requests wait already: ask again later", s.o.Queue))
		}
		ctx, cancel := context.WithTimeout(ctx, s.o.Time)
		streams := false
		leave := func() { cancel(); <-s.places }
		defer func() {
			if !streams {
				leave()
			}
		}()
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.answered(err)
		}
		if out, ok := any(out).(*stream); ok {
			body := out.Body
			out.Body = func(c huma.Context) { defer leave(); body(c) }
			streams = true
		}
		return out, nil
	})
}

// streaming returns a stream of a media type. If write fails before it has written anything, the answer is its error; after that the
// connection breaks off, so that the client sees that the answer has no end.
func (s *Server) streaming(kind string, write func(w *begun) error) *stream {
	return &stream{func(c huma.Context) {
		w := &begun{c: c, kind: kind}
		err := s.answered(write(w))
		switch {
		case err == nil:
		case w.written:
			panic(http.ErrAbortHandler)
		default:
			var status huma.StatusError
			errors.As(err, &status) // answered returns nothing else
			var with huma.HeadersError
			if errors.As(err, &with) {
				for name, values := range with.GetHeaders() {
					c.SetHeader(name, values[0])
				}
			}
			_ = huma.WriteErr(s.api, c, status.GetStatus(), status.Error()) // the client may have left
		}
	}}
}

// begun is the writer of a stream.
type begun struct {
	c       huma.Context
	kind    string
	written bool
}

// Write implements [io.Writer].
func (b *begun) Write(p []byte) (int, error) {
	if !b.written {
		b.written = true
		b.c.SetHeader("Content-Type", b.kind)
		b.c.SetStatus(http.StatusOK)
	}
	return b.c.BodyWriter().Write(p)
}

// flush sends what was written.
func (b *begun) flush() error {
	w, _ := b.c.BodyWriter().(http.ResponseWriter) // the adapter to net/http has no other
	return http.NewResponseController(w).Flush()
}

// choose returns the name of the format that a request asks for, by its field or by its header Accept; the usual one is the first.
func choose(field, accept string, formats ...format) (string, error) {
	var kinds, names []string
	for _, f := range formats {
		kinds, names = append(kinds, f.kind), append(names, f.name)
	}
	switch {
	case field != "" && slices.Contains(names, field):
		return field, nil
	case field != "":
		return "", wrong("format %q: choose %s", shortened(field), strings.Join(names, ", "))
	case accept == "":
		return names[0], nil
	}
	if i := slices.Index(kinds, goautoneg.Negotiate(accept, kinds)); i >= 0 {
		return names[i], nil
	}
	return "", huma.NewError(http.StatusNotAcceptable, "the answer can be "+strings.Join(kinds, ", ")+": accept one of them")
}

// A format is a form in which an answer can be sent.
type format struct{ name, kind string }

var (
	asPNG  = format{"png", "image/png"}
	asJSON = format{"json", "application/json"}
)

// answers describes an answer in one of several formats. as is the one in JSON; nil: there is none.
func (s *Server) answers(what string, as any, formats ...format) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, f := range formats {
		content[f.kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		if f == asJSON {
			content[f.kind].Schema = s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(as), true, "")
		}
	}
	return map[string]*huma.Response{"200": {Description: what, Content: content}}
}

// A reply is a whole answer.
type reply struct {
	Kind string `header:"Content-Type"`
	Body []byte
}

// replyJSON returns an answer in JSON.
func replyJSON(v any) (*reply, error) {
	p, err := json.Marshal(v)
	return &reply{asJSON.kind, append(p, '\n')}, err
}
