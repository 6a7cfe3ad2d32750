package curves_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/curves"
	"genview/models/train"
	"genview/models/watch"
)

// logged returns a run whose loss falls from 64 to 0.5 in eight records, and whose accuracy comes every other record.
func logged(name string) *curves.Run {
	r, began := &curves.Run{Name: name}, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for i := range 8 {
		elapsed := time.Duration(i+1) * time.Second
		m := watch.Metrics{{Name: "loss", Value: math.Exp2(float64(6 - i))}}
		if i%2 == 1 {
			m = append(m, watch.Metric{Name: "accuracy", Value: float64(i) / 10})
		}
		r.Records = append(r.Records, train.Record{Step: 10 * (i + 1), Metrics: m, ExamplesPerS: 100, Elapsed: elapsed, Time: began.Add(elapsed)})
	}
	return r
}

func Example() {
	if err := curves.Table(os.Stdout, []*curves.Run{logged("letters")}, curves.Options{From: 60}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// run,step,time,elapsed_s,examples_per_s,loss,accuracy
	// letters,60,2026-11-24T10:00:06Z,6,100,2,0.5
	// letters,70,2026-11-24T10:00:07Z,7,100,1,
	// letters,80,2026-11-24T10:00:08Z,8,100,0.5,0.7
}

// drawn writes curves as a PNG and reads it.
func drawn(t *testing.T, runs []*curves.Run, o curves.Options) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.png")
	if err := curves.Write(path, runs, o); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(p))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// blue and orange are the colors of the first two lines of a plot.
var blue, orange = color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}

// heights returns the row of the first pixel of a color in each column below the heading of the first plot; -1 where there is none.
func heights(img image.Image, c color.RGBA) []int {
	out := make([]int, img.Bounds().Dx())
	for x := range out {
		out[x] = -1
		for y := 30; y < 250 && out[x] < 0; y++ {
			if r, g, b, _ := img.At(x, y).RGBA(); (color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}) == c {
				out[x] = y
			}
		}
	}
	return out
}

// TestPictures finds the curves in pictures: a loss that halves is a straight line on a logarithmic axis and not on a linear one.
func TestPictures(t *testing.T) {
	for _, log := range []bool{false, true} {
		img := drawn(t, []*curves.Run{logged("a")}, curves.Options{Log: log})
		if want := image.Rect(0, 0, 960, 520); img.Bounds() != want {
			t.Fatalf("two plots are %v, want %v", img.Bounds(), want)
		}
		at := heights(img, blue)
		var columns []int // with a pixel in the curve's color, which is not blended with the paper's
		for x, y := range at {
			if y >= 0 {
				columns = append(columns, x)
			}
		}
		n := len(columns)
		if n < 50 || columns[n-1]-columns[0] < 700 {
			t.Fatalf("the curve has the columns %v", columns)
		}
		first, middle, last := columns[0], columns[n/2], columns[n-1]
		f := float64(middle-first) / float64(last-first)
		chord := (1-f)*float64(at[first]) + f*float64(at[last])
		if straight := math.Abs(float64(at[middle])-chord) < 4; straight != log {
			t.Errorf("logarithmic %v: the curve is at row %d in column %d, and the line between its ends at %v", log, at[middle], middle, chord)
		}
	}
}

// TestSeveralRuns draws two runs in one plot of each metric, and leaves out what was not asked for.
func TestSeveralRuns(t *testing.T) {
	img := drawn(t, []*curves.Run{logged("a"), logged("b")}, curves.Options{Only: []string{"loss"}, Width: 480})
	if want := image.Rect(0, 0, 480, 130); img.Bounds() != want {
		t.Errorf("one plot is %v, want %v", img.Bounds(), want)
	}
	seen := false
	for _, y := range heights(img, orange) { // it hides the first, which is the same
		seen = seen || y >= 0
	}
	if !seen {
		t.Error("the second run is not drawn")
	}
}

// TestSVG: the picture is well-formed, and its texts are texts.
func TestSVG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.SVG")
	if err := curves.Write(path, []*curves.Run{logged("first <run>"), logged("second & last")}, curves.Options{Time: true, Smooth: 0.5}); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for d := xml.NewDecoder(bytes.NewReader(p)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(c)) > 0 {
			texts = append(texts, string(bytes.TrimSpace(c)))
		}
	}
	all := strings.Join(texts, "|")
	for _, want := range []string{"loss", "accuracy", "first <run>", "second & last", "time trained", "|4s|"} {
		if !strings.Contains(all, want) {
			t.Errorf("the picture has no %q but %s", want, all)
		}
	}
}

// TestEpochs: along epochs the axis has their number, and a table a column of them.
func TestEpochs(t *testing.T) {
	r := logged("a")
	r.Epoch = 40
	var table bytes.Buffer
	if err := curves.Table(&table, []*curves.Run{r}, curves.Options{Epochs: true, Only: []string{"loss"}}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(table.String(), "\n"); !strings.HasSuffix(lines[0], ",examples_per_s,epoch,loss") || !strings.HasSuffix(lines[8], ",100,2,0.5") {
		t.Errorf("the table is %s", table.String())
	}
	path := filepath.Join(t.TempDir(), "out.svg")
	if err := curves.Write(path, []*curves.Run{r}, curves.Options{Epochs: true}); err != nil {
		t.Fatal(err)
	}
	if p, err := os.ReadFile(path); err != nil || !bytes.Contains(p, []byte(">epoch<")) || !bytes.Contains(p, []byte(">1.5<")) || bytes.Contains(p, []byte(">step<")) {
		t.Errorf("the picture is %.300s, %v", p, err)
	}
}

// TestWildValues: what cannot be drawn is left out.
func TestWildValues(t *testing.T) {
	for _, values := range [][]float64{{0}, {5}, {-1, -2}, {math.NaN()}, {1, math.NaN(), 2}, {math.Inf(1), 3}, {1e300, 1e-300}, {0, 0, 0}} {
		r := &curves.Run{Name: "a"}
		for i, v := range values {
			r.Records = append(r.Records, train.Record{Step: i + 1, Metrics: watch.Metrics{{Name: "loss", Value: v}}, Elapsed: time.Duration(i+1) * time.Second})
		}
		for _, o := range []curves.Options{{}, {Log: true}, {Time: true, Smooth: 0.9}} {
			for _, name := range []string{"out.png", "out.pdf", "out.svg", "out.csv"} {
				if err := curves.Write(filepath.Join(t.TempDir(), name), []*curves.Run{r}, o); err != nil {
					t.Errorf("%v, %+v: %v", values, o, err)
				}
			}
		}
	}
}

// TestRefused: what cannot be drawn is said in a line, and nothing is written.
func TestRefused(t *testing.T) {
	for want, o := range map[string]curves.Options{
		`there is no metric "lost"; there are loss, accuracy`: {Only: []string{"lost"}},
		"from 0 to below 1":               {Smooth: 1},
		"not NaN":                         {Smooth: math.NaN()},
		"steps from 9 to 3":               {From: 9, To: 3},
		"from 320 to 8192 pixels":         {Width: 100000},
		"the last logged step of a is 80": {From: 81},
	} {
		path := filepath.Join(t.TempDir(), "out.svg")
		err := curves.Write(path, []*curves.Run{logged("a")}, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", o, err, want)
		}
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%+v: a file was written", o)
		}
	}
	timeless := &curves.Run{Name: "a", Records: []train.Record{{Step: 1, Metrics: watch.Metrics{{Name: "loss", Value: 1}}}}}
	if err := curves.Write(filepath.Join(t.TempDir(), "out.svg"), []*curves.Run{timeless}, curves.Options{Time: true}); err == nil || !strings.Contains(err.Error(), "a has no times") {
		t.Errorf("a run without times: %v", err)
	}
	if err := curves.Table(io.Discard, []*curves.Run{logged("a")}, curves.Options{Epochs: true}); err == nil || !strings.Contains(err.Error(), "how many steps an epoch of a has") {
		t.Errorf("a run without epochs: %v", err)
	}
	if err := curves.Table(io.Discard, []*curves.Run{logged("a"), {Name: "b"}}, curves.Options{}); err == nil || !strings.Contains(err.Error(), "b has no metrics") {
		t.Errorf("a run without metrics: %v", err)
	}
	if err := curves.Write("out.gif", []*curves.Run{logged("a")}, curves.Options{}); err == nil || !strings.Contains(err.Error(), ".png, .svg, .pdf, .csv") {
		t.Errorf("out.gif: %v", err)
	}
}

// TestRead reads a run that was resumed, whose clock then began anew, and one without metrics.
func TestRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("config.yaml", `version: 2
kind: vae
seed: 1
steps: 30
batch: 8
data: {name: glyphs, size: 28, channels: 1}
model: {arch: mlp, z: 2, hidden: 8, beta: 1}
optim: {lr: 0.001, beta1: 0.9, beta2: 0.999}
`)
	if _, err := curves.Read(dir); err == nil || !strings.Contains(err.Error(), "has no metrics yet") {
		t.Errorf("without metrics: %v", err)
	}
	write("metrics.jsonl", `{"step":10,"loss":3,"examples_per_s":5,"elapsed_s":2}
{"step":20,"loss":null,"examples_per_s":5,"elapsed_s":4}
{"step":25,"lo
{"step":30,"loss":1,"examples_per_s":5,"elapsed_s":1.5}
`)
	r, err := curves.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, rec := range r.Records {
		got = append(got, fmt.Sprintf("%d %v %v", rec.Step, rec.Elapsed, rec.Metrics))
	}
	if want := "10 2s [{loss 3}]|20 4s []|30 5.5s [{loss 1}]"; r.Name != "run" || strings.Join(got, "|") != want {
		t.Errorf("got %s of %q, want %s", strings.Join(got, "|"), r.Name, want)
	}
}
