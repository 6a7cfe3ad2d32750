package serve

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkClients asks for pictures of an MLP VAE of MNIST's size, which has learned a little, each by a request of its own over TCP, as one
// client and as 200 clients at once. It fails if a request does.
//
//	go test ./models/serve -run '^$' -bench Clients -benchtime 60s
func BenchmarkClients(b *testing.B) {
	s := opened(b, Options{}, "vae", "data.size=28", "model.hidden=400", "model.z=20")
	model := s.session.Model
	if err := s.device.do(b.Context(), func(ctx context.Context) error {
		_, err := model.Begin(ctx, 0)
		for step := 0; step < 200 && err == nil; step++ {
			err = model.Step(ctx)
		}
		return err
	}); err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	for _, clients := range []int{1, 200} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			var left, failed atomic.Int64
			left.Store(int64(b.N))
			before := count(b, s, memory)
			var all sync.WaitGroup
			for range clients {
				all.Go(func() {
					if err := asks(web.Listener.Addr().String(), &left); err != nil {
						failed.Add(1)
						b.Error(err)
					}
				})
			}
			all.Wait()
			after := count(b, s, memory)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(count(b, s, "genview_pictures_total")/count(b, s, "genview_decoder_runs_total"), "pictures/run")
			b.ReportMetric(float64(failed.Load()), "errors")
			b.ReportMetric(before/(1<<20), "MiB-before")
			b.ReportMetric(after/(1<<20), "MiB-after")
		})
	}
}

// memory is the metric of the memory that the process has, in bytes.
const memory = "process_resident_memory_bytes"

// count returns a metric of the server.
func count(b *testing.B, s *Server, name string) float64 {
	b.Helper()
	n, err := strconv.ParseFloat(value(b, s, name), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// asks asks for one picture after another, while there are some left to ask for.
func asks(addr string, left *atomic.Int64) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		n := left.Add(-1)
		if n < 0 {
			return nil
		}
		body := fmt.Sprintf(`{"seeds":[%d]}`, n)
		if _, err := fmt.Fprintf(c, "POST /v1/sample HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			return err
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		p, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 200 || len(p) < 100 {
			return fmt.Errorf("status %d, %d bytes, %v", r.StatusCode, len(p), err)
		}
	}
}
