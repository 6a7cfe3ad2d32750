package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writer returns a server of a small GPT.
func writer(t *testing.T) *Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\n"), 100), 0o644); err != nil {
		t.Fatal(err)
	}
	return opened(t, Options{Text: 100}, "text", "data.name="+path, "model.width=16", "model.heads=2", "model.layers=1", "model.context=16")
}

// upload sends a file.
func upload(s *Server, path string, file []byte, kind string) *http.Response {
	return ask(s, "POST", path, string(file), "Content-Type: "+kind)
}

// TestEncode: a picture's latent vector is that of the encoder, or a better one that a search finds.
func TestEncode(t *testing.T) {
	s := opened(t, Options{Pixels: 5000, Search: 200 * time.Millisecond}, "vae", pictures...)
	type answer struct {
		Latent  []float32
		Encoded bool
		MSE     float64
		PNG     []byte
	}
	encoded := func(s *Server, path string, file []byte) (a answer) {
		t.Helper()
		p := whole(t, upload(s, path, file, "image/png"), 200)
		if err := json.Unmarshal(p, &a); err != nil || len(a.Latent) != 4 {
			t.Fatalf("%v: %.300s", err, p)
		}
		return a
	}
	file := whole(t, ask(s, "POST", "/v1/sample", `{"seeds":[3]}`), 200)
	plain, better := encoded(s, "/v1/encode", file), encoded(s, "/v1/encode?search=true", file)
	if !plain.Encoded || !better.Encoded || !(better.MSE < plain.MSE) {
		t.Errorf("the encoder's mean squared difference is %v, that of a search from there %v", plain.MSE, better.MSE)
	}
	again, err := json.Marshal(map[string]any{"latents": [][]float32{better.Latent}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, decoded(t, better.PNG), decoded(t, whole(t, ask(s, "POST", "/v1/sample", string(again)), 200)), 0)

	for what, c := range map[string]struct {
		file   []byte
		kind   string
		status int
	}{
		"of which 5000 are read": {claims(t, 60000, 60000), "image/png", 422},
		"cannot be read":         {file[:len(file)/2], "image/png", 422},
		"cannot be read: ":       {[]byte("no picture"), "image/jpeg", 422},
		"request body is":        {nil, "image/png", 400},
		"file of a picture":      {file, "application/json", 415},
		"file of a picture, ":    {file, "text/html", 415},
		"Content-Type: image":    {file, "", 415},
	} {
		refused(t, what, upload(s, "/v1/encode", c.file, c.kind), c.status, what)
	}
	refused(t, "another answer", ask(s, "POST", "/v1/encode", string(file), "Content-Type: image/png", "Accept: image/png"), 406, "application/json")
	refused(t, "seconds", upload(s, "/v1/encode?search=true&seconds=x", file, "image/png"), 422, "seconds")

	gan := opened(t, Options{Search: 100 * time.Millisecond}, "gan", "model.hidden=8", "model.z=4", "data.size=8", "batch=8")
	began := time.Now()
	found := encoded(gan, "/v1/encode", file)
	if took := time.Since(began); found.Encoded || math.IsNaN(found.MSE) || took > 30*time.Second {
		t.Errorf("a search of at most 0.1 s took %v, and says that it encodes: %v", took, found.Encoded)
	}
	refused(t, "attention", ask(gan, "POST", "/v1/attention", `{"text":"a"}`), 501, "which has no attention to look at")
	refused(t, "generate", ask(gan, "POST", "/v1/generate", `{}`), 501, "which does not go on with a text")
}

// claims returns a PNG whose header claims a size.
func claims(t *testing.T, w, h uint32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	p := b.Bytes()
	binary.BigEndian.PutUint32(p[16:], w)
	binary.BigEndian.PutUint32(p[20:], h)
	binary.BigEndian.PutUint32(p[29:], crc32.ChecksumIEEE(p[12:29]))
	return p
}

func TestText(t *testing.T) {
	s := writer(t)
	var a attentionOut
	p := whole(t, ask(s, "POST", "/v1/attention", `{"text":"the lazy fox jumps over"}`), 200)
	if err := json.Unmarshal(p, &a); err != nil || len(a.Maps) != 1 || a.Unread != 7 || len(a.Maps[0].Heads) != 2 {
		t.Fatalf("%v: %.300s", err, p)
	}
	for _, head := range a.Maps[0].Heads {
		for i, row := range head {
			sum := 0.0
			for _, w := range row {
				sum += float64(w)
			}
			if len(row) != 16 || math.Abs(sum-1) > 1e-4 {
				t.Errorf("row %d has %d weights, whose sum is %v", i, len(row), sum)
			}
		}
	}
	decoded(t, whole(t, ask(s, "POST", "/v1/attention", `{"text":"the fox"}`, "Accept: image/png"), 200))

	var g generateOut
	p = whole(t, ask(s, "POST", "/v1/generate", `{"prompt":"the ","characters":20}`), 200)
	if err := json.Unmarshal(p, &g); err != nil || g.Prompt != "the " || len([]rune(g.Text)) != 20 {
		t.Fatalf("%v: %s", err, p)
	}
	r := ask(s, "POST", "/v1/generate", `{"prompt":"the ","characters":20}`, "Accept: text/plain")
	if text := string(whole(t, r, 200)); text != g.Text || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("as a stream it is %q of %s, not %q", text, r.Header.Get("Content-Type"), g.Text)
	}
	if p = whole(t, ask(s, "POST", "/v1/generate", `{"characters":3,"temperature":0}`), 200); !bytes.Contains(p, []byte(`"prompt":"\n"`)) {
		t.Errorf("without a prompt: %s", p)
	}

	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/attention", `{"text":"Ω"}`, 422, "Ω"},
		{"/v1/attention", `{"text":""}`, 422, "text: expected length >= 1"},
		{"/v1/attention", `{}`, 422, "text"},
		{"/v1/attention", `{"text":"` + strings.Repeat("a", 101) + `"}`, 422, "101 characters, of which 100 are read"},
		{"/v1/generate", `{"prompt":"Ω"}`, 422, "Ω"},
		{"/v1/generate", `{"prompt":"` + strings.Repeat("a", 101) + `"}`, 422, "101 characters, of which 100 are read"},
		{"/v1/generate", `{"characters":101}`, 422, "101 characters are too many"},
		{"/v1/generate", `{"characters":-1}`, 422, "characters"},
		{"/v1/generate", `{"temperature":-1}`, 422, "temperature"},
		{"/v1/sample", `{}`, 501, "the model is a GPT, which has no latent space of pictures"},
		{"/v1/walk", `{}`, 501, "the model is a GPT, which has no latent space of pictures"},
	} {
		refused(t, c.path+c.body, ask(s, "POST", c.path, c.body), c.status, c.want)
	}
	refused(t, "encode", upload(s, "/v1/encode", []byte("x"), "image/png"), 501, "the model is a GPT")
}

// TestLeftText: characters come one by one, and a client that leaves ends the generation.
func TestLeftText(t *testing.T) {
	s := writer(t)
	s.o.Text = 1 << 20
	web := httptest.NewServer(s)
	defer web.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	q, err := http.NewRequestWithContext(ctx, "POST", web.URL+"/v1/generate", strings.NewReader(`{"characters":1000000,"format":"text"}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(bufio.NewReaderSize(r.Body, 16), make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	leave()
	ended := make(chan error, 1)
	go func() { ended <- s.device.do(context.Background(), func(context.Context) error { return nil }) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the generation goes on without a client")
	}
}
