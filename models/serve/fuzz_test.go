package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// FuzzBodies: whatever a client sends, it gets a picture or a sentence about what is wrong, and never an error of the server.
func FuzzBodies(f *testing.F) {
	s := opened(f, small(Options{Pixels: 5000, Search: 20 * time.Millisecond}), "vae", pictures...)
	paths := []string{"/v1/sample", "/v1/walk", "/v1/encode", "/v1/generate", "/v1/attention"}
	for _, body := range []string{
		`{"points":["seeds:1-4"],"scale":2,"format":"png"}`, `{"points":["seeds:1-3"],"frames":5,"loop":true,"format":"apng"}`, `{"points":["seed:1+1e30*(mean-seed:2)"]}`,
		`{"points":[[1,2,3,4]]}`, `{"points":["seeds:1-999999999"],"frames":1e9,"scale":1e9}`, `{`, `[]`, `null`, `{"points":[[[[[[]]]]]]}`, "\x89PNG\r\n\x1a\n", `{"prompt":"a","n":-1}`,
	} {
		for i := range paths {
			f.Add(uint8(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		if body == "" {
			return
		}
		began := time.Now()
		r := ask(s, "POST", paths[int(path)%len(paths)], body)
		p, err := io.ReadAll(r.Body)
		refused := r.StatusCode == http.StatusNotImplemented || r.StatusCode == http.StatusServiceUnavailable // by this model, or by a busy one
		if err != nil || r.StatusCode >= 500 && !refused {
			t.Fatalf("%q to %s: %d, %s, %v", body, paths[int(path)%len(paths)], r.StatusCode, p, err)
		}
		var problem struct{ Detail string }
		if r.StatusCode >= 400 && (json.Unmarshal(p, &problem) != nil || problem.Detail == "") {
			t.Fatalf("%q to %s: %d without a sentence: %s", body, paths[int(path)%len(paths)], r.StatusCode, p)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Fatalf("%q to %s took %v", body, paths[int(path)%len(paths)], took)
		}
	})
}
