package heads

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"genview/models/browsertest"
	"genview/models/npy"
	"genview/models/watch"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// read is a model's answer to a text with what ends scripts and what one does not see.
func read() *watch.HeatMaps {
	tokens := strings.Split("</sc\n t>", "")
	n := len(tokens)
	v := &watch.HeatMaps{Name: "Attention", Words: [2]string{"takes", "from"}, Prompt: &watch.Prompt{
		Text: "more</sc\n t>", Unread: 4, Output: "<b>", Next: []watch.Likely{{Token: " ", P: 0.75}, {Token: "<", P: 0.25}},
	}}
	for _, name := range []string{"h.0.attn", "h.1.attn"} {
		m := watch.Map{Name: name, Heads: 2, Rows: tokens, Cols: tokens, Self: true}
		for k := range m.Heads {
			for i := range n {
				for j := range n {
					w := float32(0)
					if k == 0 && j == max(i-1, 0) || k == 1 && j <= i {
						w = []float32{1, 1 / float32(i+1)}[k]
					}
					m.Values = append(m.Values, w)
				}
			}
		}
		v.Maps = append(v.Maps, m)
	}
	return v
}

// TestFiles reads the written files again.
func TestFiles(t *testing.T) {
	v := read()
	write := func(format string) []byte {
		t.Helper()
		var out bytes.Buffer
		if err := Write(&out, format, v, map[string]string{"Run": "poem"}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var d document
	if err := json.Unmarshal(write(".json"), &d); err != nil || d.Text != v.Prompt.Text || d.Unread != 4 || d.About["Run"] != "poem" || len(d.Maps) != 2 {
		t.Fatalf("JSON is %+v, %v", d, err)
	}
	if l := d.Maps[1]; l.Heads[1][3][2] != 0.25 || l.Scores["previous"][0] != 1 || !slices.Equal(l.Rows, v.Maps[1].Rows) {
		t.Errorf("a layer is %+v", l)
	}
	values, shape, err := npy.Read(write(".npy"))
	if n := len(v.Maps[0].Rows); err != nil || !slices.Equal(shape, []int{2, 2, n, n}) || !slices.Equal(values, slices.Concat(v.Maps[0].Values, v.Maps[1].Values)) {
		t.Errorf("the array has the shape %v, %v", shape, err)
	}
	v.Maps[1].Rows = v.Maps[1].Rows[1:]
	v.Maps[1].Values = v.Maps[1].Values[:2*len(v.Maps[1].Rows)*len(v.Maps[1].Cols)]
	if err := Check(".npy", v); err == nil || !strings.Contains(err.Error(), "write .npz") {
		t.Errorf("maps of two sizes as one array: %v", err)
	}
	packed := write(".npz")
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(z.File) != 2 || z.File[1].Name != "h.1.attn.npy" {
		t.Errorf("the archive is %v, %v", z, err)
	}
	if err := Write(&bytes.Buffer{}, ".txt", v, nil); err == nil {
		t.Error("maps are written as .txt")
	}
	if got := Table(read()); !strings.Contains(got, "h.0.attn  1     0.000    0.88") || !strings.Contains(got, `"<"`) {
		t.Errorf("the table is\n%s", got)
	}
	v.Maps[0].Values = make([]float32, mostOnPage+1)
	if err := Check(".html", v); err == nil || !strings.Contains(err.Error(), "shorter text") {
		t.Errorf("too many weights for a page: %v", err)
	}
}

// TestPage opens a page alone in a browser, and hovers over a map, over lines, and chooses others.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it begins a browser")
	}
	var out bytes.Buffer
	if err := Write(&out, ".html", read(), map[string]string{"Title": "poem & <co>", "Run": "poem"}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && r.URL.Path != "/favicon.ico" {
			asked++
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(out.Bytes())
	}))
	defer web.Close()
	b := browsertest.Open(t)
	b.Scheme("light")
	b.Do("open", chromedp.EmulateViewport(1280, 800), chromedp.Navigate(web.URL))
	text := func(part string) string {
		return browsertest.ValueOf[string](b, `document.querySelector('.maps .`+part+`').textContent`)
	}
	if got := browsertest.ValueOf[string](b, `document.getElementById('about').textContent`); got != "Run: poem" {
		t.Errorf("about the maps it says %q", got)
	}
	for id, want := range map[string]string{
		"text": "more</sc\n t>", "output": "→ <b>", "unread": "Of 12 characters the model reads 8: the maps are of the last.",
		"name": "h.0.attn, head 1", "scores": "distance 0.875  ·  entropy 0.000  ·  previous 1.000", "next": "␣75.0 %<25.0 %",
	} {
		if got := text(id); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	if got := browsertest.ValueOf[string](b, `document.title`); got != "poem & <co>" {
		t.Errorf("the title is %q", got)
	}
	hover := func(what string, x, y float64) {
		b.Do(what, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
	}
	at := browsertest.ValueOf[[3]float64](b, `(() => { const r = view.map.firstChild.getBoundingClientRect(), p = view.place(view.maps[0]); return [r.x + p.left, r.y + p.above, p.cell] })()`)
	hover("over the map", at[0]+4.5*at[2], at[1]+5.5*at[2]) // row 6, column 5
	if got := text("say"); got != "“␣” takes 1.000 from “⏎”" {
		t.Errorf("over the map it says %q", got)
	}
	b.Look("map-light")
	b.Do("choose", chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent("l"))
	if got := text("name"); got != "h.0.attn, head 2" {
		t.Errorf("the right key chooses %q", got)
	}
	side := browsertest.ValueOf[[2]float64](b, `(() => { const r = view.lines.firstChild.getBoundingClientRect(); return [r.x + 10, r.y + 3.5 * 20] })()`)
	hover("over a token", side[0], side[1])
	if got := text("say"); !strings.HasPrefix(got, "“c” takes from: “<” 0.250  “/” 0.250") {
		t.Errorf("over a token it says %q", got)
	}
	b.Scheme("dark")
	b.Look("lines-dark")
	b.Do("rollout", chromedp.Click(chromedp.CSS(".layer:nth-child(2) .heads button:nth-child(5)")), chromedp.Click(chromedp.CSS(".maps input")), chromedp.KeyEvent("m"))
	if got, top := text("name"), browsertest.ValueOf[string](b, `view.top.textContent`); got != "h.1.attn, rollout" || top != "1.000" {
		t.Errorf("%q has the scale up to %s", got, top)
	}
	bright := `(() => { const c = view.map.firstChild, p = view.place(view.maps[0]), pixels = c.getContext('2d').getImageData(0, 0, p.left, c.height).data; return pixels.reduce((a, b, i) => i % 4 < 3 ? Math.max(a, b) : a, 0) })()`
	if got := browsertest.ValueOf[int](b, bright); got < 200 {
		t.Errorf("in the dark, tokens are at most as bright as %d of 255", got)
	}
	b.Look("rollout-dark")
	b.Do("narrow", chromedp.EmulateViewport(390, 780))
	if wide := browsertest.ValueOf[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("on a phone the page is %v pixels too wide", wide)
	}
	b.Look("phone-dark")
	if asked > 0 {
		t.Errorf("the page asked for %d files", asked)
	}
}
