package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/browsertest"
	"genview/models/record"
	"genview/models/report"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// made makes the folder of a run with a recording of five moments; the picture is the redder the later it is.
func made(dir string) error {
	c, err := run.New("vae")
	if err != nil {
		return err
	}
	c.SetSteps(400)
	if err := c.Settings.Source().(interface{ Same(identity string) error }).Same("of pictures, 0c4f"); err != nil {
		return err
	}
	p, err := c.Bytes()
	if err != nil {
		return err
	}
	r, err := train.CreateRun(dir, p)
	if err != nil {
		return err
	}
	defer r.Close()
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte(`{"step":0,"time":"2026-11-24T12:00:00Z","event":"began","device":"llvmpipe"}
{"step":200,"time":"2026-11-24T12:00:20Z","event":"rate","rate":0.5}
`), 0o644); err != nil {
		return err
	}
	for i := range 40 {
		m := watch.Metrics{{Name: "loss", Value: 500*math.Exp(-float64(i)/8) + 80}, {Name: "kl", Value: 20 - 20/float64(i+1)}, {Name: "held_out_accuracy", Value: float64(i) / 40}}
		elapsed := time.Duration(i+1) * time.Second
		if err := r.Append(train.Record{Step: 10 * (i + 1), Metrics: m, Elapsed: elapsed, Time: began.Add(elapsed)}); err != nil {
			return err
		}
	}
	if err := r.AddEval(&train.Eval{
		Time: began, Step: 400, Weights: "checkpoints/step-00000400.safetensors", Measures: map[string]float64{"logp": -95.25, "elbo": -99.5}, Metric: "elbo", Higher: true,
		Data: "glyphs", Split: "test", Examples: 1000, Samples: 20, Device: "llvmpipe",
	}); err != nil {
		return err
	}
	w, err := record.NewWriter(filepath.Join(dir, "record"), 1<<20, 0, nil)
	if err != nil {
		return err
	}
	for i := range 5 {
		img := image.NewRGBA(image.Rect(0, 0, 8, 8))
		for k := range 64 {
			img.SetRGBA(k%8, k/8, color.RGBA{uint8(60 * i), 90, 40, 255})
		}
		tokens, later := []string{"c", "a", "t"}, float32(i)/4
		if err := w.Last(100*i, []watch.View{
			&watch.Pictures{Name: "Samples", Images: slices.Repeat([]*image.RGBA{img}, 16)},
			&watch.Texts{Name: "Said", Examples: []watch.Example{{Output: fmt.Sprintf("</script><b>step %d", 100*i)}}},
			&watch.Table{Name: "Classes", Columns: []string{"class", "F1"}, Rows: [][]string{{"<i>", fmt.Sprint(i)}}},
			&watch.HeatMaps{Name: "Attention", Words: [2]string{"takes", "from"}, Prompt: &watch.Prompt{Text: "<b>cat", Unread: 3, Output: "s"}, Maps: []watch.Map{{
				Name: "h.0.attn", Heads: 2, Self: true, Rows: tokens, Cols: tokens, Values: []float32{1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0.5, 0.5, 0, 0, later, 1 - later},
			}}},
			&watch.HeatMaps{Name: "Confusion", Words: [2]string{"is", "taken for"}, Maps: []watch.Map{{Name: "held-out pictures", Heads: 1, Rows: tokens, Cols: tokens, Values: []float32{1, 0, 0, 0, later, 1 - later, 0, 0, 1}}}},
		}, nil); err != nil {
			return err
		}
	}
	return w.Close()
}

func Example() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := made(filepath.Join(dir, "letters")); err != nil {
		fmt.Println(err)
		return
	}
	var page bytes.Buffer
	err = report.Write(context.Background(), &page, filepath.Join(dir, "letters"), report.Options{})
	fmt.Println(strings.Contains(page.String(), "<title>letters</title>"), err)
	// Output:
	// true <nil>
}

// TestIdentity: a page says by which data the run was trained.
func TestIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := made(dir); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	err := report.Write(t.Context(), &page, dir, report.Options{Moments: 1})
	if want := `"Key":"data.identity","Value":"of pictures, 0c4f"`; err != nil || !strings.Contains(page.String(), want) {
		t.Errorf("the page has no %s: %v", want, err)
	}
}

// TestRoomForValues: of more moments than the page has room for, maps are pictures.
func TestRoomForValues(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := made(dir); err != nil {
		t.Fatal(err)
	}
	for values, want := range map[int][]int{0: {0, 100, 200, 300, 400}, 3 * 27: {0, 200, 400}, 2*27 - 1: {400}, 26: nil} {
		var page bytes.Buffer
		if err := report.Write(t.Context(), &page, dir, report.Options{Values: values}); err != nil {
			t.Fatal(err)
		}
		_, data, _ := strings.Cut(page.String(), `id="data">`)
		data, _, _ = strings.Cut(data, "</script>")
		var d struct {
			Moments []struct {
				Step  int
				Views []struct {
					Name, Picture string
					Maps          *struct{ Maps []any }
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &d); err != nil {
			t.Fatal(err)
		}
		var live []int
		for _, m := range d.Moments {
			maps := m.Views[3]
			if maps.Name != "Attention" || (maps.Picture == "") != (maps.Maps != nil) {
				t.Errorf("at step %d the view is %+v", m.Step, maps)
			}
			if maps.Maps != nil {
				live = append(live, m.Step)
			}
		}
		if len(d.Moments) != 5 || !slices.Equal(live, want) {
			t.Errorf("with room for %d values the steps %v have them, want %v", values, live, want)
		}
	}
}

// hoversMaps looks at the maps of several moments, with the cursor over a value.
func hoversMaps(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	says := func(part, want string) {
		t.Helper()
		if got := browsertest.ValueOf[string](b, `document.querySelector('#shown .maps .`+part+`').textContent`); got != want {
			t.Errorf("of the maps, %s says %q, want %q", part, got, want)
		}
	}
	b.Do("choose the maps", chromedp.Click(chromedp.CSS("#views button:nth-child(4)")))
	says("text", "<b>cat")
	says("unread", "Of 6 characters the model reads 3: the maps are of the last.")
	says("name", "h.0.attn, head 1")
	b.Do("choose a head", chromedp.Click(chromedp.CSS("#shown .heads button:nth-child(2)")))
	says("name", "h.0.attn, head 2")
	hover := func() {
		t.Helper()
		at := browsertest.ValueOf[[3]float64](b, `(() => { const m = past.maps, r = m.map.firstChild.getBoundingClientRect(), p = m.place(m.maps[m.at.chosen]); return [r.x + p.left, r.y + p.above, p.cell] })()`)
		b.Do("hover", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0]+1.5*at[2], at[1]+2.5*at[2])) // row 3, column 2
	}
	hover()
	says("say", "“t” takes 0.500 from “a”")
	b.Look("report-maps")
	b.Do("the newest moment", chromedp.Focus(chromedp.CSS("#time")), chromedp.KeyEvent(kb.End))
	says("name", "h.0.attn, head 2")
	says("say", "“t” takes 1.000 from “a”")
	b.Do("choose the confusion matrix", chromedp.Click(chromedp.CSS("#views button:nth-child(5)")))
	says("name", "held-out pictures")
	says("scores", "")
	b.Look("report-confusion")
	b.Do("the middle again", chromedp.Focus(chromedp.CSS("#time")), chromedp.KeyEvent(kb.ArrowLeft))
}

// TestPage opens a page alone in a browser, moves through time, and hovers over curves.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it begins a browser")
	}
	dir := filepath.Join(t.TempDir(), "letters & <co>")
	if err := made(dir); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.Write(t.Context(), &out, dir, report.Options{Moments: 3, By: "genview v9", Lost: func(problem string) { t.Error(problem) }}); err != nil {
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
	b.Do("open", chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(web.URL))
	text := func(id string) string {
		return browsertest.ValueOf[string](b, `document.getElementById('`+id+`').textContent`)
	}
	says := func(when string, want map[string]string) {
		t.Helper()
		for id, text_ := range want {
			if got := text(id); !strings.Contains(got, text_) {
				t.Errorf("%s, %s is %q, want %q", when, id, got, text_)
			}
		}
	}
	says("at first", map[string]string{
		"name": "letters & <co>", "facts": "loss83", "step": "400", "views": "SamplesSaidClassesAttentionConfusion", "settings": "optim.lr0.001learning rate", "by": "genview v9", "events": "200learning rate × 0.5",
	})
	says("at first", map[string]string{"facts": "Devicellvmpipe", "evals": "400-99.5-95.251000testglyphs20checkpoints/step-00000400.safetensorsllvmpipe2026-11-24 12:00 UTC"})
	red := `(async () => { const i = document.querySelector('#shown img'), c = document.createElement('canvas'); await i.decode(); c.width = i.naturalWidth; c.height = i.naturalHeight; const p = c.getContext('2d'); p.drawImage(i, 0, 0); return p.getImageData(10, 10, 1, 1).data[0] })()`
	if got := browsertest.ValueOf[int](b, red); got != 240 {
		t.Errorf("the newest picture has a red of %d, want 240", got)
	}
	b.Look("report-light")
	b.Do("go to the beginning", chromedp.Focus(chromedp.CSS("#time")), chromedp.KeyEvent(kb.Home))
	says("at the beginning", map[string]string{"step": "0"})
	if got := browsertest.ValueOf[int](b, red); got != 0 {
		t.Errorf("the first picture has a red of %d, want 0", got)
	}
	b.Do("choose the text", chromedp.Click(chromedp.CSS("#views button:nth-child(2)")), chromedp.Focus(chromedp.CSS("#time")), chromedp.KeyEvent(kb.ArrowRight))
	says("in the middle", map[string]string{"step": "200", "shown": "</script><b>step 200"})
	b.Do("choose the table", chromedp.Click(chromedp.CSS("#views button:nth-child(3)")))
	says("in the middle", map[string]string{"shown": "classF1<i>2"})
	hoversMaps(t, b)
	at := browsertest.ValueOf[[2]float64](b, `(() => { charts[0].picture.scrollIntoView({ block: 'center' }); const r = charts[0].picture.getBoundingClientRect(); return [r.x + charts[0].x(200) * r.width / charts[0].w, r.y + r.height / 2] })()`)
	b.Do("hover", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
	says("over the curve", map[string]string{"say": "step 200  ·  20.0 s  ·  learning rate × 0.5", "charts": "loss126.51"})
	b.Look("report-hover")
	b.Scheme("dark")
	b.Do("axes", chromedp.Click(chromedp.CSS("#log")), chromedp.Click(chromedp.CSS("#seconds")), chromedp.Click(chromedp.CSS("#views button:nth-child(4)")))
	says("over time", map[string]string{"charts": "20.0 s"})
	b.Do("up", chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	b.Look("report-dark")
	b.Do("narrow", chromedp.EmulateViewport(390, 780))
	if wide := browsertest.ValueOf[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("on a phone the page is %v pixels too wide", wide)
	}
	b.Look("report-phone")
	b.Do("play", chromedp.Click(chromedp.CSS("#play")))
	b.Until(`$('step').textContent === '400' && $('play').textContent === 'Play'`)
	if asked > 0 {
		t.Errorf("the page asked for %d files", asked)
	}
}
