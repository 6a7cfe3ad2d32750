package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"genview/models/family"
	"genview/vk"
)

// held keeps the device busy until release is called.
func held(t *testing.T, s *Server) (release func()) {
	t.Helper()
	begun, gate, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := s.device.do(context.Background(), func(context.Context) error { close(begun); <-gate; return nil }); err != nil {
			t.Error(err)
		}
	}()
	<-begun
	release = sync.OnceFunc(func() { close(gate); <-done })
	t.Cleanup(release)
	return release
}

// waiting returns when so many jobs wait for the device.
func waiting(t *testing.T, s *Server, n int) {
	t.Helper()
	for range 5000 {
		if len(s.device.jobs) == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d jobs wait, not %d", len(s.device.jobs), n)
}

// value returns the value of a metric.
func value(t testing.TB, s *Server, name string) string {
	t.Helper()
	for line := range strings.Lines(string(whole(t, ask(s, "GET", "/metrics", ""), 200))) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatalf("there is no metric %s", name)
	return ""
}

// TestOneRunForMany: requests that wait are decoded by one run, and each has its own pictures.
func TestOneRunForMany(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	const clients = 40
	var alone [clients][]byte
	for i := range alone {
		alone[i] = whole(t, ask(s, "POST", "/v1/sample", fmt.Sprintf(`{"seeds":[%d]}`, i)), 200)
	}
	if n := value(t, s, "genview_decoder_runs_total"); n != fmt.Sprint(clients) {
		t.Errorf("%d requests one after another take %s runs", clients, n)
	}
	release := held(t, s)
	var together [clients][]byte
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() { together[i] = whole(t, ask(s, "POST", "/v1/sample", fmt.Sprintf(`{"seeds":[%d]}`, i)), 200) })
	}
	waiting(t, s, clients)
	release()
	all.Wait()
	if n := value(t, s, "genview_decoder_runs_total"); n != fmt.Sprint(clients+1) {
		t.Errorf("after %d requests at once there were %s runs, want 1 more than %d", clients, n, clients)
	}
	for i := range together {
		same(t, decoded(t, together[i]), decoded(t, alone[i]), 1)
	}
	if n := value(t, s, `genview_requests_total{code="200",path="/v1/sample"}`); n != fmt.Sprint(2*clients) {
		t.Errorf("%s requests were counted", n)
	}
}

// TestFullQueue: a request that finds no place is told to come back, and others are answered.
func TestFullQueue(t *testing.T) {
	s := opened(t, Options{Queue: 2}, "vae", pictures...)
	release := held(t, s)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { whole(t, ask(s, "POST", "/v1/sample", "{}"), 200) })
	}
	waiting(t, s, 2)
	r := ask(s, "POST", "/v1/walk", "{}")
	if refused(t, "a third", r, 503, "2 requests wait already: ask again later"); r.Header.Get("Retry-After") != "1" {
		t.Errorf("it may be asked again after %q", r.Header.Get("Retry-After"))
	}
	whole(t, ask(s, "GET", "/v1/model", ""), 200)
	release()
	all.Wait()
	whole(t, ask(s, "POST", "/v1/walk", `{"frames":2}`), 200)
	whole(t, ask(s, "POST", "/v1/sample", "{}"), 200)
}

// TestHangUp: the work of a client that leaves before it has begun is dropped, and its place is free.
func TestHangUp(t *testing.T) {
	s := opened(t, Options{Queue: 3}, "vae", pictures...)
	web := httptest.NewServer(s)
	defer web.Close()
	release := held(t, s)
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, path := range []string{"/v1/sample", "/v1/walk"} {
		all.Go(func() {
			r, err := http.NewRequestWithContext(ctx, "POST", web.URL+path, strings.NewReader("{}"))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/json")
			if r, err := http.DefaultClient.Do(r); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
	waiting(t, s, 2)
	leave()
	all.Wait()
	for range 5000 {
		if len(s.places) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if len(s.places) != 0 {
		t.Errorf("%d places are taken by clients that have left", len(s.places))
	}
	release()
	whole(t, ask(s, "POST", "/v1/sample", "{}"), 200)
	if dropped, runs := value(t, s, "genview_dropped_total"), value(t, s, "genview_decoder_runs_total"); dropped != "2" || runs != "1" {
		t.Errorf("%s jobs were dropped, and there were %s runs; want 2 and 1", dropped, runs)
	}
}

// TestLate: a request that takes longer than allowed is told so, and its place is free.
func TestLate(t *testing.T) {
	s := opened(t, Options{Time: 50 * time.Millisecond}, "vae", pictures...)
	release := held(t, s)
	refused(t, "a sample", ask(s, "POST", "/v1/sample", "{}"), 503, "longer than 50ms")
	refused(t, "a walk", ask(s, "POST", "/v1/walk", "{}"), 503, "longer than 50ms")
	release()
	if len(s.places) != 0 {
		t.Errorf("%d places are taken", len(s.places))
	}
}

// TestFaults: a panic is logged and answered, and ends neither the server nor the device's goroutine.
func TestFaults(t *testing.T) {
	var mu sync.Mutex
	var said []string
	s := opened(t, Options{Say: func(line string) { mu.Lock(); said = append(said, line); mu.Unlock() }}, "vae", pictures...)
	if err := s.device.do(t.Context(), func(context.Context) error { panic("the model") }); !errors.Is(err, errFault) {
		t.Errorf("the panic of a model gives %v", err)
	}
	s.mux.HandleFunc("GET /fault", func(http.ResponseWriter, *http.Request) { panic("the handler") })
	refused(t, "a fault", ask(s, "GET", "/fault", ""), 500, "the server has a fault, which its log tells")
	if all := strings.Join(said, "\n"); !strings.Contains(all, "the model") || !strings.Contains(all, "the handler") || !strings.Contains(all, "serve_test.go") {
		t.Errorf("the log has %q", all)
	}
	s.mux.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "half of it"); panic("half") })
	web := httptest.NewServer(s)
	defer web.Close()
	web.Config.ErrorLog = nil
	r, err := http.Get(web.URL + "/half")
	if err == nil {
		_, err = io.ReadAll(r.Body)
	}
	if err == nil {
		t.Error("an answer that a fault ends is whole")
	}
	if n := value(t, s, "genview_faults_total"); n != "3" {
		t.Errorf("%s faults are counted", n)
	}
	whole(t, ask(s, "POST", "/v1/sample", "{}"), 200)
}

// TestCutFilm: a film that a fault ends in its middle has no end for its client, either, and the next one is whole.
func TestCutFilm(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	web := httptest.NewServer(s)
	defer web.Close()
	film := func(frames int) *http.Response {
		r, err := http.Post(web.URL+"/v1/walk", "application/json", strings.NewReader(fmt.Sprintf(`{"frames":%d}`, frames)))
		if err != nil || r.StatusCode != 200 {
			t.Fatal(r, err)
		}
		return r
	}
	r := film(4096) // its first frame is there
	kept := s.device.programs
	change := func(to []*family.Decoding) {
		if err := s.device.do(t.Context(), func(context.Context) error { s.device.programs = to; return nil }); err != nil {
			t.Error(err)
		}
	}
	change(nil) // decoding is a fault now
	if p, err := io.ReadAll(r.Body); err == nil {
		t.Errorf("the film has an end after %d bytes", len(p))
	}
	r.Body.Close()
	change(kept)
	r = film(100)
	if p, err := io.ReadAll(r.Body); err != nil || bytes.Count(p, []byte("fcTL")) != 100 {
		t.Errorf("the next film has %d bytes and ends with %v", len(p), err)
	}
	r.Body.Close()
	for range 5000 {
		if len(s.places)+len(s.films) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d places and %d of films are taken", len(s.places), len(s.films))
}

// TestLostDevice: a server whose device is lost ends, and says so.
func TestLostDevice(t *testing.T) {
	s := opened(t, small(Options{}), "vae", pictures...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	whole(t, ask(s, "GET", "/healthz", ""), 200)
	for range 2 {
		if err := s.device.do(t.Context(), func(context.Context) error { return fmt.Errorf("a step: %w", vk.ErrDeviceLost) }); !errors.Is(err, vk.ErrDeviceLost) {
			t.Errorf("the request has %v", err)
		}
	}
	if err := s.Serve(t.Context(), l); !errors.Is(err, vk.ErrDeviceLost) {
		t.Errorf("the server ends with %v", err)
	}
	whole(t, ask(s, "GET", "/healthz", ""), 503)
}

// TestEnd: when it is to end, a server answers what it has accepted, and accepts no more.
func TestEnd(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	before := runtime.NumGoroutine()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	release := held(t, s)
	answered := make(chan error, 1)
	link := "http://" + l.Addr().String() + "/v1/sample"
	client := &http.Client{Transport: &http.Transport{}}
	go func() {
		r, err := client.Post(link, "application/json", strings.NewReader(`{"seeds":[1,2,3]}`))
		if err == nil {
			_, err = png.Decode(r.Body)
			r.Body.Close()
		}
		answered <- err
	}()
	waiting(t, s, 1)
	end()
	for {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break // it accepts no more
		}
		c.Close()
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended, %v, with a request in flight", err)
	default:
	}
	release()
	if err := errors.Join(<-answered, <-ended); err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	for i := 0; runtime.NumGoroutine() > before && i < 5000; i++ {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		p := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left over: %s", n-before, p[:runtime.Stack(p, true)])
	}
}
