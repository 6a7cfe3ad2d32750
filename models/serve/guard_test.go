package serve

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// small are options of a server whose decoder is not what is tested.
func small(o Options) Options {
	o.Batch = 1
	return o
}

// TestToken: all that tells something of the model needs the token.
func TestToken(t *testing.T) {
	s := opened(t, small(Options{Token: "correct-horse-battery"}), "vae", pictures...)
	for _, path := range []string{"/v1/model", "/metrics", "/openapi.json", "/nothing"} {
		r := ask(s, "GET", path, "")
		if refused(t, path, r, 401, "send the header Authorization: Bearer TOKEN"); !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: WWW-Authenticate is %q", path, r.Header.Get("WWW-Authenticate"))
		}
	}
	for _, header := range []string{"Bearer", "Bearer ", "Bearer correct-horse-batter", "Bearer correct-horse-batteryy", "Basic correct-horse-battery", "correct-horse-battery"} {
		refused(t, header, ask(s, "POST", "/v1/sample", "{}", "Authorization: "+header), 401, "a token is needed")
	}
	whole(t, ask(s, "POST", "/v1/sample", "{}", "Authorization: Bearer correct-horse-battery"), 200)
	whole(t, ask(s, "POST", "/v1/sample", "{}", "Authorization: bearer correct-horse-battery", "Host: pictures.example:80"), 200)
	whole(t, ask(s, "GET", "/healthz", "", "Host: 10.0.0.7"), 200)
	if p := whole(t, ask(s, "GET", "/openapi.json", "", "Authorization: Bearer correct-horse-battery"), 200); !strings.Contains(string(p), `"scheme":"bearer"`) {
		t.Error("the description of requests does not say that they need a token")
	}
}

// TestOtherSites: without a token, no page of another site can use the server of this machine, whatever its name resolves to.
func TestOtherSites(t *testing.T) {
	s := opened(t, small(Options{}), "vae", pictures...)
	for _, host := range []string{"attacker.example", "attacker.example:8080", "localhost.attacker.example", "10.0.0.7:8080", "127.0.0.1.example", "[2001:db8::1]:8080", ""} {
		refused(t, host, ask(s, "GET", "/v1/model", "", "Host: "+host), 403, "this server is not called")
	}
	for _, host := range []string{"localhost", "LOCALHOST.:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"} {
		whole(t, ask(s, "GET", "/v1/model", "", "Host: "+host), 200)
	}
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: http://attacker.example", "Origin: null", "Origin: http://localhost:81"} {
		refused(t, header, ask(s, "POST", "/v1/sample", "{}", header), 403, "pages of other sites")
	}
	whole(t, ask(s, "POST", "/v1/sample", "{}", "Sec-Fetch-Site: same-origin", "Origin: http://localhost"), 200)
	if r := ask(s, "GET", "/v1/model", ""); r.Header.Get("Access-Control-Allow-Origin") != "" || r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("other sites may read answers: %v", r.Header)
	}
}

// TestRate: a client that asks too often is told to wait, and no other is.
func TestRate(t *testing.T) {
	s := opened(t, small(Options{Rate: 0.01, Burst: 3}), "vae", pictures...)
	from := func(addr string) *http.Response {
		r := httptest.NewRequest("GET", "http://localhost/healthz", nil)
		r.RemoteAddr = addr
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	for range 3 {
		whole(t, from("10.0.0.7:1234"), 200)
	}
	r := from("10.0.0.7:4321")
	if refused(t, "a fourth", r, 429, "more than 0.01 requests a second"); r.Header.Get("Retry-After") != "101" {
		t.Errorf("it may be asked again after %q", r.Header.Get("Retry-After"))
	}
	for i := range 3 {
		whole(t, from(fmt.Sprintf("[2001:db8::%d]:1234", i)), 200)
	}
	refused(t, "the same network", from("[2001:db8::9]:1234"), 429, "")
	whole(t, from("[2001:db8:0:1::9]:1234"), 200)
	if n := value(t, s, `genview_refused_total{reason="rate"}`); n != "2" {
		t.Errorf("%s refusals are counted", n)
	}
	for i := range mostClients + 10 {
		s.rates.wait(fmt.Sprintf("10.%d.%d.%d:1", 1+i>>16, i>>8&255, i&255))
	}
	if n := len(s.rates.clients); n > mostClients {
		t.Errorf("%d clients are remembered", n)
	}
}

// TestLargeBodies: of a body that is too large no more is read than shows that.
func TestLargeBodies(t *testing.T) {
	s := opened(t, small(Options{Body: 1000}), "vae", pictures...)
	web := httptest.NewServer(s)
	defer web.Close()
	for _, head := range []string{"Content-Length: 1000000000", "Transfer-Encoding: chunked"} {
		c, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n\r\n", head)
		sent, done := 0, make(chan struct{})
		go func() {
			defer close(done)
			part := strings.Repeat(" ", 1<<12)
			for sent < 1<<30 {
				n, err := fmt.Fprintf(c, "%x\r\n%s\r\n", len(part), part)
				if sent += n; err != nil {
					return
				}
			}
		}()
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 413 {
			t.Errorf("%s: status %d", head, r.StatusCode)
		}
		c.Close()
		if <-done; sent > 32<<20 {
			t.Errorf("%s: %d bytes were taken", head, sent)
		}
	}
	whole(t, ask(s, "POST", "/v1/sample", "{}"), 200)
}

// TestDescription: each request of the OpenAPI document is answered, and each route to the model is in it.
func TestDescription(t *testing.T) {
	s := opened(t, small(Options{}), "vae", pictures...)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary   string
			Responses map[string]struct{ Content map[string]any }
		}
	}
	r := ask(s, "GET", "/openapi.json", "")
	if err := json.Unmarshal(whole(t, r, 200), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%q, %v", doc.OpenAPI, err)
	}
	var model struct{ Can map[string]bool }
	if err := json.Unmarshal(whole(t, ask(s, "GET", "/v1/model", ""), 200), &model); err != nil {
		t.Fatal(err)
	}
	for what := range model.Can {
		if _, ok := doc.Paths["/v1/"+what]; !ok {
			t.Errorf("a model can %s, and the document has no such request", what)
		}
	}
	if len(doc.Paths) != len(model.Can)+1 {
		t.Errorf("the document has %d paths", len(doc.Paths))
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			r := ask(s, strings.ToUpper(method), path, "")
			if op.Summary == "" || len(op.Responses) < 2 || r.StatusCode == 404 || r.StatusCode == 405 {
				t.Errorf("%s %s: %+v, status %d", method, path, op, r.StatusCode)
			}
		}
	}
}

// TestLoad: under load no request fails, and memory and goroutines do not grow.
func TestLoad(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	web := httptest.NewServer(s)
	defer web.Close()
	const clients = 50
	load := func(each int) (heap uint64, goroutines int) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for n := range each {
					body := fmt.Sprintf(`{"seeds":[%d]}`, i*each+n)
					r, err := client.Post(web.URL+"/v1/sample", "application/json", strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					_, err = io.Copy(io.Discard, r.Body)
					if r.Body.Close(); err != nil || r.StatusCode != 200 {
						t.Errorf("status %d, %v", r.StatusCode, err)
					}
				}
			})
		}
		all.Wait()
		client.CloseIdleConnections()
		for range 100 {
			if runtime.NumGoroutine() < clients {
				break
			}
			time.Sleep(time.Millisecond)
		}
		runtime.GC()
		runtime.GC() // what pools hold goes with the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	first, few := load(2)
	last, many := load(20)
	if last > first+1<<20 || many > few+2 {
		t.Errorf("the heap grew from %d to %d bytes, the goroutines from %d to %d", first, last, few, many)
	}
	if pictures, runs := value(t, s, "genview_pictures_total"), value(t, s, "genview_decoder_runs_total"); pictures != fmt.Sprint(22*clients) || runs == pictures {
		t.Errorf("%s pictures in %s runs", pictures, runs)
	}
}
