package serve_test

import (
	"context"
	"log"
	"net/http"

	"genview/models/run"
	"genview/models/serve"
)

// A program serves a run beside its own pages.
func ExampleNew() {
	ctx := context.Background()
	session, err := run.Open(ctx, "runs/letters", run.Host{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	s, err := serve.New(ctx, session, serve.Options{Pictures: 256})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	http.Handle("/", s)
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}
