package serve

import (
	"bytes"
	"encoding/json"
	"image"
	"image/gif"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"genview/models/film"
	"genview/models/run"
	"genview/models/walk"
	"genview/models/watermark"
	"genview/vk"
	"genview/vk/vktest"
)

// opened returns a server of a small new model, whose log is in the test's.
func opened(t testing.TB, o Options, preset string, settings ...string) *Server {
	t.Helper()
	vktest.Open(t) // skips the test without a device
	c, err := run.New(preset)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range settings {
		key, value, _ := strings.Cut(pair, "=")
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run.Configure(t.Context(), c, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	session, err := run.Host{NoTuning: true, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }}.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	if o.Say == nil {
		o.Say = func(line string) { t.Log(line) }
	}
	s, err := New(t.Context(), session, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// pictures are the settings of a small model of pictures.
var pictures = []string{"model.hidden=16", "model.z=4", "data.size=8", "batch=8"}

// ask sends a request of this machine and returns the answer.
func ask(s *Server, method, path, body string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(key, value); key == "Host" {
			r.Host = value
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

// whole returns the body of an answer that must have a status.
func whole(t testing.TB, r *http.Response, status int) []byte {
	t.Helper()
	p, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != status {
		t.Errorf("status %d, want %d: %.300s", r.StatusCode, status, p)
	}
	return p
}

// refused wants one line of JSON with a text for an answer.
func refused(t *testing.T, what string, r *http.Response, status int, want string) {
	t.Helper()
	var problem struct {
		Status        int
		Title, Detail string
	}
	p := whole(t, r, status)
	err := json.Unmarshal(p, &problem)
	if err != nil || problem.Status != status || problem.Title == "" && status != 499 || !strings.Contains(problem.Detail, want) || bytes.Count(p, []byte("\n")) != 1 || len(p) > 1000 {
		t.Errorf("%.80s: got %.600s (%v), want %q", what, p, err, want)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%.80s: the kind of the answer is %q", what, kind)
	}
}

func TestSample(t *testing.T) {
	s := opened(t, Options{About: []film.Note{{Key: "Run", Value: "letters"}}}, "vae", pictures...)
	var all struct {
		Pictures []struct {
			Name   string
			Latent []float32
			PNG    []byte
		}
	}
	p := whole(t, ask(s, "POST", "/v1/sample", `{"points":["seeds:1-3","mean"],"format":"json"}`), 200)
	if err := json.Unmarshal(p, &all); err != nil || len(all.Pictures) != 4 {
		t.Fatalf("%v: %.300s", err, p)
	}
	want, err := s.device.Draw(t.Context(), walk.Seed(2, 4))
	if err != nil {
		t.Fatal(err)
	}
	second := all.Pictures[1]
	if second.Name != "seed:2" || !slices.Equal(second.Latent, walk.Seed(2, 4)) || all.Pictures[3].Name != "mean" {
		t.Errorf("the second picture is %s of %v, the last %s", second.Name, second.Latent, all.Pictures[3].Name)
	}
	same(t, decoded(t, second.PNG), want[0], 1)

	// A sheet of the same pictures, named in three ways.
	latents, err := json.Marshal([][]float32{walk.Seed(1, 4), walk.Seed(2, 4), walk.Seed(3, 4)})
	if err != nil {
		t.Fatal(err)
	}
	sheet := whole(t, ask(s, "POST", "/v1/sample", `{"points":["seeds:1-3"],"columns":2,"scale":3}`), 200)
	if img := decoded(t, sheet); img.Bounds() != image.Rect(0, 0, 48, 48) {
		t.Errorf("the sheet is %v large", img.Bounds())
	}
	if !bytes.Contains(sheet, []byte("Run\x00letters")) {
		t.Error("the PNG does not say where it comes from")
	}
	for _, body := range []string{`{"seeds":[1,2,3],"columns":2,"scale":3}`, `{"latents":` + string(latents) + `,"columns":2,"scale":3,"truncation":1}`} {
		if !bytes.Equal(whole(t, ask(s, "POST", "/v1/sample", body, "Accept: application/json;q=0.5, image/*"), 200), sheet) {
			t.Errorf("%s gives another sheet", body)
		}
	}
	none := whole(t, ask(s, "POST", "/v1/sample", `{"truncation":0}`), 200)
	if !bytes.Equal(none, whole(t, ask(s, "POST", "/v1/sample", `{"points":["mean"]}`), 200)) {
		t.Error("a truncation of 0 is not the mean")
	}
	if img := decoded(t, whole(t, ask(s, "POST", "/v1/sample", `{"size":20}`), 200)); img.Bounds().Dx() != 20 {
		t.Errorf("the scaled picture is %v large", img.Bounds())
	}
}

// TestWatermark: a sheet and a film that are sent have the watermark.
func TestWatermark(t *testing.T) {
	s := opened(t, Options{Watermark: "letters"}, "vae", pictures...)
	for path, body := range map[string]string{
		"/v1/sample": `{"points":["seeds:1-4"],"columns":2,"scale":10}`,
		"/v1/walk":   `{"points":["seed:1","seed:2"],"frames":2,"size":160,"format":"apng"}`,
	} {
		found, ok := watermark.Detect(decoded(t, whole(t, ask(s, "POST", path, body), 200)))
		if !ok || found.ID != watermark.ID("letters") {
			t.Errorf("%s has the mark %v, %v", path, found, ok)
		}
	}
}

// TestReadmeRequests sends the requests of README.md, as curl does: --json accepts JSON alone.
func TestReadmeRequests(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{".png": "image/png", ".apng": "image/apng"}
	all := regexp.MustCompile(`(?m)^curl localhost:8080(/\S+) --json '(.*)' -o (\S+)$`).FindAllStringSubmatch(string(readme), -1)
	for _, m := range all {
		r := ask(s, "POST", m[1], m[2], "Accept: application/json")
		if whole(t, r, 200); r.Header.Get("Content-Type") != kinds[filepath.Ext(m[3])] {
			t.Errorf("%s has an answer of the kind %s", m[0], r.Header.Get("Content-Type"))
		}
	}
	if len(all) != 2 {
		t.Errorf("%d requests were found", len(all))
	}
}

// decoded returns the picture of a PNG.
func decoded(t *testing.T, p []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// same wants pictures whose levels differ by no more than a bound.
func same(t *testing.T, got, want image.Image, by int) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("it is %v large, not %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			a, _, _, _ := got.At(x, y).RGBA()
			b, _, _, _ := want.At(x, y).RGBA()
			if d := int(a>>8) - int(b>>8); d > by || d < -by {
				t.Fatalf("at %d, %d it has %d, not %d", x, y, a>>8, b>>8)
			}
		}
	}
}

// TestCompany: a picture does not depend on how many are decoded by the same run.
func TestCompany(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	var z []float32
	for seed := range uint64(70) {
		z = append(z, walk.Seed(seed, 4)...)
	}
	all, err := s.device.Draw(t.Context(), z)
	if err != nil || len(all) != 70 {
		t.Fatal(len(all), err)
	}
	for _, i := range []int{0, 5, 69} {
		alone, err := s.device.Draw(t.Context(), walk.Seed(uint64(i), 4))
		if err != nil {
			t.Fatal(err)
		}
		same(t, alone[0], all[i], 1)
	}
}

func TestWalk(t *testing.T) {
	s := opened(t, Options{}, "vae", pictures...)
	film := whole(t, ask(s, "POST", "/v1/walk", `{"points":["seeds:1-3"],"frames":7,"loop":true,"scale":2}`), 200)
	if img := decoded(t, film); img.Bounds().Dx() != 16 || bytes.Count(film, []byte("fcTL")) != 7 {
		t.Errorf("the APNG is %v large and has %d frames", img.Bounds(), bytes.Count(film, []byte("fcTL")))
	}
	if kind := ask(s, "POST", "/v1/walk", `{"frames":2}`, "Accept: */*").Header.Get("Content-Type"); kind != "image/apng" {
		t.Errorf("the usual kind is %s", kind)
	}
	animation, err := gif.DecodeAll(bytes.NewReader(whole(t, ask(s, "POST", "/v1/walk", `{"frames":5,"captions":true}`, "Accept: image/gif"), 200)))
	if err != nil || len(animation.Image) != 5 {
		t.Errorf("the GIF has %d frames: %v", len(animation.Image), err)
	}
	if p := whole(t, ask(s, "POST", "/v1/walk", `{"frames":3,"format":"webp"}`), 200); !bytes.HasPrefix(p, []byte("RIFF")) || bytes.Count(p, []byte("ANMF")) != 3 {
		t.Errorf("the WebP is %.20q", p)
	}
	grid := `{"points":["seeds:1-4"],"grid":[3,2],"corners":true,"frames":4,"columns":2,"format":"png","truncation_from":0.5,"pulses":1}`
	if img := decoded(t, whole(t, ask(s, "POST", "/v1/walk", grid), 200)); img.Bounds() != image.Rect(0, 0, 2*28, 2*19) {
		t.Errorf("the sheet of grids is %v large", img.Bounds())
	}
	a := whole(t, ask(s, "POST", "/v1/walk", `{"points":["seed:5"],"interp":"noise","frames":4}`), 200)
	if b := whole(t, ask(s, "POST", "/v1/walk", `{"points":["seed:5"],"interp":"noise","frames":4}`), 200); !bytes.Equal(a, b) {
		t.Error("the same request gives other bytes")
	}
}

// TestBadRequests: one line says what is wrong with a request, and the server goes on.
func TestBadRequests(t *testing.T) {
	said := 0
	s := opened(t, Options{Body: 20000, Pictures: 50, Pixels: 50000, Say: func(line string) { said++; t.Log(line) }}, "vae", pictures...)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/sample", `{"latents":[[1,2,NaN,4]]}`, 400, "invalid character 'N'"},
		{"/v1/sample", `{"latents":[[1,2,3,1e39]]}`, 422, "1e39"},
		{"/v1/sample", `{"latents":[[1,2,3,1e999]]}`, 400, "1e999"},
		{"/v1/sample", `{"latents":[[1,2,3]]}`, 422, "latents[0] has 3 numbers, the model's z has 4"},
		{"/v1/sample", `{"latents":[[1,2,3,4],[1,2,3,4,5]]}`, 422, "latents[1] has 5 numbers"},
		{"/v1/sample", `{"latents":[[]]}`, 422, "latents[0] has 0 numbers"},
		{"/v1/sample", `{"latents":[[[1,2,3,4]]]}`, 422, "latents[0][0]: expected number"},
		{"/v1/sample", `{"latents":[[1,2,3,"4"]]}`, 422, "latents[0][3]: expected number"},
		{"/v1/sample", `{"latents":[[1,2,null,4]]}`, 422, "latents[0][2]: expected number"},
		{"/v1/sample", `{"latents":` + strings.Repeat("[", 9000) + `}`, 400, "body: "},
		{"/v1/sample", `{"latents":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, 422, "expected number"},
		{"/v1/sample", `{"seed":[1]}`, 422, "body.seed: unexpected property"},
		{"/v1/sample", `{"seeds":[-1]}`, 422, "seeds[0]"},
		{"/v1/sample", `{"seeds":[1.5]}`, 422, "seeds[0]: expected integer"},
		{"/v1/sample", `{"seeds":[18446744073709551616]}`, 422, "seeds"},
		{"/v1/sample", `{"seeds":1}`, 422, "seeds: expected array"},
		{"/v1/sample", `{"seeds":[1],"points":["mean"]}`, 422, "give one of them"},
		{"/v1/sample", `{"latents":[[1,2,3,4]],"points":["mean"]}`, 422, "give one of them"},
		{"/v1/sample", `{"points":["seeds:1-51"]}`, 422, "more than 50 seeds"},
		{"/v1/sample", `{"points":["seeds:1-30","seeds:1-30"]}`, 422, "60 pictures are too many: ask for 50"},
		{"/v1/sample", `{"points":["sed:1"]}`, 422, "names no kind of point"},
		{"/v1/sample", `{"points":["image:/etc/passwd"]}`, 422, "no files are read here"},
		{"/v1/sample", `{"points":["mean+z:/etc/passwd"]}`, 422, "no files are read here"},
		{"/v1/sample", `{"points":["file:/dev/zero"]}`, 422, "no files are read here"},
		{"/v1/sample", `{"points":["dir:../../x"]}`, 422, "no direction"},
		{"/v1/sample", `{"points":["` + strings.Repeat("(", 490) + `"]}`, 422, "more than 100 deep"},
		{"/v1/sample", `{"points":["` + strings.Repeat("(", 9000) + `"]}`, 422, "points[0] has 9000 characters: 500 are read at most"},
		{"/v1/sample", `{"format":"bmp"}`, 422, `format "bmp": choose png, json`},
		{"/v1/sample", `{"scale":0}`, 422, "scale: expected number >= 1"},
		{"/v1/sample", `{"scale":3,"size":20}`, 422, "scale and size both"},
		{"/v1/sample", `{"scale":64}`, 422, "pixels are too many"},
		{"/v1/sample", `{"truncation":1e300}`, 422, "truncation"},
		{"/v1/sample", `{`, 400, "body: unexpected end"},
		{"/v1/sample", ``, 400, "request body is required"},
		{"/v1/sample", `[]`, 422, "expected object"},
		{"/v1/sample", `{"points":["` + strings.Repeat("x", 30000) + `"]}`, 413, "are read: send less"},
		{"/v1/walk", `{"frames":51}`, 422, "51 frames of 1 pictures are too many: ask for 50"},
		{"/v1/walk", `{"frames":2,"grid":[30,1],"points":["seeds:1-30"]}`, 422, "2 frames of 30 pictures are too many"},
		{"/v1/walk", `{"frames":1000000000000}`, 422, "frames"},
		{"/v1/walk", `{"frames":0}`, 422, "frames: expected number >= 1"},
		{"/v1/walk", `{"fps":0}`, 422, "fps: expected number >= 1"},
		{"/v1/walk", `{"fps":101}`, 422, "fps: expected number <= 100"},
		{"/v1/walk", `{"size":400,"frames":2}`, 422, "pixels are too many"},
		{"/v1/walk", `{"interp":"jump"}`, 422, "interp: expected value to be one of"},
		{"/v1/walk", `{"grid":[-1,2]}`, 422, "give 1 to"},
		{"/v1/walk", `{"grid":[1,2,3]}`, 422, "grid"},
		{"/v1/walk", `{"points":["seed:1@step:1","seed:1"]}`, 422, "the run is at step 0"},
		{"/v1/walk", `{"points":["mean"],"interp":"noise"}`, 422, "give seed:N"},
		{"/v1/walk", `{"points":["seed:1"],"interp":"noise","bends":-1}`, 422, "bends"},
		{"/v1/nothing", `{}`, 404, "/openapi.json says what there is"},
	} {
		refused(t, c.path+c.body, ask(s, "POST", c.path, c.body), c.status, c.want)
	}
	refused(t, "a form", ask(s, "POST", "/v1/sample", "a=b", "Content-Type: application/x-www-form-urlencoded"), 415, "unknown content type")
	refused(t, "a text", ask(s, "POST", "/v1/sample", "{}", "Content-Type: text/plain"), 415, "unknown content type")
	refused(t, "another answer", ask(s, "POST", "/v1/sample", "{}", "Accept: text/html"), 406, "image/png, application/json")
	refused(t, "another method", ask(s, "GET", "/v1/sample", ""), 405, "use POST")
	refused(t, "another method", ask(s, "DELETE", "/v1/model", ""), 405, "use GET")
	if said > 0 {
		t.Errorf("the log has %d lines for what is the clients' fault", said)
	}
	whole(t, ask(s, "POST", "/v1/sample", "{}"), 200)
}
