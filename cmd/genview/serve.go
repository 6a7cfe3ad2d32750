package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"genview/models/film"
	"genview/models/serve"

	"github.com/spf13/cobra"
)

// serveFlags are the flags of genview serve.
type serveFlags struct {
	listen string
	token  string
	queue  int
	batch  int
	rate   float64
	time   time.Duration
}

// tokenVariable is the environment variable for the token: other users of a machine see a program's flags.
const tokenVariable = "GENVIEW_TOKEN"

// shortestToken is how many characters a token has at least where other machines can guess it.
const shortestToken = 16

func (a *app) serve() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve RUN",
		Short: "Answer HTTP requests with what a run's model makes, and show a page to drag through its latent space",
		Long: `Answers HTTP requests with what the model of a run makes: pictures, films, latent vectors of pictures, attention and
texts. Requests that wait are decoded together. Its first page, at the address that it prints, is for dragging through the
latent space with the mouse, a finger or the arrow keys; /openapi.json describes all requests, /metrics is for Prometheus.

Only this machine reaches it, unless --listen names another address. Then requests need the header Authorization: Bearer TOKEN;
the token is that of ` + tokenVariable + ` or --token, else one is made and printed. There is no TLS: over a network that others
read, put it behind a proxy that has.

POST /v1/sample     pictures of points, or of latent vectors          {"points":["seeds:1-16"]}
POST /v1/walk       a film: APNG, GIF, WebP, or a PNG of all frames   {"points":["seed:1","seed:2"],"frames":60}
POST /v1/encode     the latent vector of a picture                    the file of the picture
POST /v1/attention  how the model reads a text, as numbers or a PNG   {"text":"3 May 1998"}
POST /v1/generate   how it goes on with a text, whole or as it comes  {"prompt":"ROMEO:","characters":200}
GET  /v1/model      what the model is, and what it can do

SIGTERM or Ctrl-C ends it once the requests that it has accepted are answered.`,
		Example: `  genview serve runs/letters
  GENVIEW_TOKEN=correct-horse-battery genview serve runs/letters --listen 0.0.0.0:8080`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			token, err := f.check(c.Flags().Changed("token"))
			if err != nil {
				return usageError{err}
			}
			return a.serves(c.Context(), f, token, runs[0])
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address and port to listen at; port 0 is any free one")
	a.addWatermark(fl)
	fl.StringVar(&f.token, "token", "", "what requests must bring in their header (also "+tokenVariable+")")
	fl.IntVar(&f.queue, "queue", 512, "requests that are worked on or wait; others are told to come back")
	fl.IntVar(&f.batch, "batch", 64, "pictures that one run of the decoder makes at most")
	fl.Float64Var(&f.rate, "rate", 0, "requests a second that each address may send (default any number on this machine, 100 from others)")
	fl.Lookup("rate").DefValue = "0"
	fl.DurationVar(&f.time, "time", time.Minute, "longest that a request may take")
	return c
}

// check returns the token that flags and environment give, or what is wrong with the flags.
func (f *serveFlags) check(given bool) (token string, err error) {
	token = f.token
	if !given {
		token = os.Getenv(tokenVariable)
	}
	switch {
	case given && token == "":
		return "", errors.New(`--token "": give a text that cannot be guessed, or leave it out`)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("the token: give ASCII characters without spaces, as a header can hold them")
	case f.queue < 1:
		return "", fmt.Errorf("--queue %d: give 1 or more", f.queue)
	case f.batch < 1 || f.batch > 4096:
		return "", fmt.Errorf("--batch %d: give 1 to 4096", f.batch)
	case !(f.rate >= 0 && f.rate <= 1e9):
		return "", fmt.Errorf("--rate %v: give 0 or more", f.rate)
	case f.time <= 0:
		return "", fmt.Errorf("--time %v: give more than 0, as 30s", f.time)
	}
	return token, nil
}

// serves serves a run until a signal ends it.
func (a *app) serves(ctx context.Context, f serveFlags, token, dir string) (err error) {
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", f.listen, err)
	}
	defer l.Close()
	outliveReaders()
	at := l.Addr().(*net.TCPAddr)
	link := fmt.Sprintf("http://%s/", at)
	if !at.IP.IsLoopback() {
		if host, err := os.Hostname(); err == nil && at.IP.IsUnspecified() {
			link = fmt.Sprintf("http://%s:%d/", host, at.Port)
		}
		switch {
		case token == "":
			token = rand.Text()
			link += "#token=" + token
		case len(token) < shortestToken:
			return usageError{fmt.Errorf("the token has %d characters, and other machines can try many: give %d or more", len(token), shortestToken)}
		}
		if f.rate == 0 {
			f.rate = 100
		}
	}
	s, err := a.load(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	about, err := a.origin()
	if err != nil {
		return err
	}
	compiling := a.console.begin("compiling")
	server, err := serve.New(ctx, s, serve.Options{
		Token: token, Queue: f.queue, Batch: f.batch, Rate: f.rate, Time: f.time, About: append(about, film.Note{Key: "Command", Value: "genview serve"}), Watermark: a.markOf(s.Config), Fonts: cacheDir(),
		Say: func(line string) { a.console.say("%s", line) },
	})
	compiling.end()
	if err != nil {
		return err
	}
	defer server.Close()
	a.console.say("serving %s at step %d on %s; Ctrl-C ends it", dir, s.Step, s.Device.Info().Name)
	fmt.Fprintln(a.out, link)
	if err := server.Serve(ctx, l); err != nil {
		return err
	}
	a.console.say("ended")
	return nil
}
