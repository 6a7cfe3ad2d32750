package tensorboard_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/tensorboard"
	"genview/models/watch"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 250e6, time.UTC)

func Example() {
	dir, err := os.MkdirTemp("", "tensorboard")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f, err := tensorboard.Create(dir, "", 0, noon)
	if err != nil {
		fmt.Println(err)
		return
	}
	for step := range 3 {
		if err := f.Metrics(20*step, noon, watch.Metrics{{Name: "loss", Value: 1 / float64(step+1)}}); err != nil {
			fmt.Println(err)
		}
	}
	if err := f.End(noon); err != nil {
		fmt.Println(err)
	}
	all, err := readEvents(f.Path())
	fmt.Println(len(all), "events,", err)
	// Output:
	// 5 events, <nil>
}

// written returns the values by their tags, and all events, of a file that write fills.
func written(t *testing.T, from int, write func(f *tensorboard.File) error) (map[string]msg, []msg) {
	t.Helper()
	f, err := tensorboard.Create(t.TempDir(), "", from, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.End(noon); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte("\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7fK\""); !bytes.HasPrefix(p, want) { // as TensorFlow's own files begin
		t.Errorf("the file begins with %x, want %x", p[:12], want)
	}
	all, err := readEvents(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]msg{}
	for _, e := range all {
		for _, v := range e.in("summary").list("value") {
			values[msg{v.Message()}.get("tag").String()] = msg{v.Message()}
		}
	}
	return values, all
}

// TestEvents reads back scalars, hyper-parameters, and the marks of a session that goes on.
func TestEvents(t *testing.T) {
	values, all := written(t, 30, func(f *tensorboard.File) error {
		if err := f.Settings([]watch.Setting{{Key: "optim.lr", Value: "0.001", Meaning: "learning | rate"}, {Key: "data.binarize", Value: "true"}, {Key: "data.name", Value: "inf"}}, noon); err != nil {
			return err
		}
		return f.Metrics(40, noon.Add(time.Second), watch.Metrics{{Name: "loss", Value: 2.5}, {Name: "kl", Value: math.NaN()}})
	})
	if v := all[0].get("file_version").String(); v != "brain.Event:2" {
		t.Errorf("the version is %s", v)
	}
	if e := all[1]; e.in("session_log").get("status").Int() != 1 || e.get("step").Int() != 31 {
		t.Errorf("a session that goes on after step 30 begins with %v", e)
	}
	e := all[len(all)-2]
	if e.get("step").Int() != 40 || e.get("wall_time").Float() != float64(noon.Unix())+1.25 || values["loss"].get("simple_value").Float() != 2.5 || values["kl"].Message != nil {
		t.Errorf("the metrics are %v", e)
	}
	p, err := parse("HParams", values["_hparams_/session_start_info"].in("metadata").in("plugin_data").get("content").Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if start := p.in("session_start_info").get("start_time_secs").Float(); start != float64(noon.Unix())+0.25 || p.get("version").Int() != 0 {
		t.Errorf("the session begins at %v, in version %v", start, p.get("version"))
	}
	for _, tag := range []string{"_hparams_/session_start_info", "_hparams_/session_end_info"} {
		if got := values[tag].in("metadata").in("plugin_data").get("plugin_name").String(); got != "hparams" {
			t.Errorf("%s is of the plugin %q", tag, got)
		}
	}
	got := map[string]msg{}
	for _, s := range p.in("session_start_info").list("hparams") {
		got[msg{s.Message()}.get("key").String()] = msg{s.Message()}.in("value")
	}
	if got["optim.lr"].get("number_value").Float() != 0.001 || !got["data.binarize"].get("bool_value").Bool() || got["data.name"].get("string_value").String() != "inf" {
		t.Errorf("the hyper-parameters are %v", got)
	}
	if p, err = parse("HParams", values["_hparams_/session_end_info"].in("metadata").in("plugin_data").get("content").Bytes()); err != nil || p.in("session_end_info").get("status").Int() != 1 {
		t.Errorf("the session ends with %v, %v", p, err)
	}
	if text := string(values["settings"].in("tensor").list("string_val")[0].Bytes()); !strings.Contains(text, `| optim.lr | 0.001 | learning \| rate |`) {
		t.Errorf("the settings are %s", text)
	}
}

// TestViews reads back what each kind of view becomes.
func TestViews(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		red.SetRGBA(i%4, i/4, color.RGBA{200, 0, 0, 255})
	}
	values, _ := written(t, 0, func(f *tensorboard.File) error {
		return f.Views(500, noon, []watch.View{
			&watch.Pictures{Name: "Samples", Images: []*image.RGBA{red, red}},
			&watch.Scatter{Name: "Points", Reach: 2, Sets: []watch.Points{{XY: []float32{0, 1}}}},
			&watch.HeatMaps{Name: "Attention", Maps: []watch.Map{{Name: "h.0.attn", Heads: 1, Rows: []string{"a"}, Cols: []string{"a"}, Values: []float32{1}}}},
			&watch.HeatMaps{Name: "Nothing"},
			&watch.Texts{Name: "Dates", Examples: []watch.Example{{Input: "3 May", Output: "2024-05-03", Want: "2024|05"}}},
			&watch.Texts{Name: "Text", Examples: []watch.Example{{Input: "# RO", Output: "MEO:\nwhat"}}},
			&watch.Table{Name: "Classes", Columns: []string{"class", "F1"}, Rows: [][]string{{"a_b", "0.5"}}},
			&watch.Curves{Name: "Curves"}, &watch.Latent{Name: "Latent space"},
			&watch.Layers{Name: "Model", Memory: 1 << 20, Layers: []watch.Layer{{Name: "fc1.weight", Weight: watch.Histogram{Most: 2, Mean: 0.5, Std: 1, Counts: []int{1, 0, 3, 4}}}}},
		})
	})
	if n := len(values); n != 9 { // with the memory and the session's end
		t.Errorf("there are %d values: %v", n, values)
	}
	for tag, want := range map[string]image.Rectangle{"Samples": image.Rect(0, 0, 28, 16), "Points": image.Rect(0, 0, 640, 640)} {
		v := values[tag].in("image")
		img, err := png.Decode(bytes.NewReader(v.get("encoded_image_string").Bytes()))
		if err == nil && (v.get("colorspace").Int() != 4 || tag == "Samples" && color.RGBAModel.Convert(img.At(8, 8)) != color.RGBA{200, 0, 0, 255}) {
			t.Errorf("%s has the colour %v, of space %v", tag, img.At(8, 8), v.get("colorspace"))
		}
		if err != nil || img.Bounds() != want || int(v.get("width").Int()) != want.Dx() || int(v.get("height").Int()) != want.Dy() {
			t.Errorf("%s is %v × %v, want %v (%v)", tag, v.get("width"), v.get("height"), want, err)
		}
	}
	if !values["Attention"].has("image") {
		t.Error("attention is no image")
	}
	for tag, want := range map[string]string{
		"Dates": "| input | output | correct |\n|---|---|---|\n| 3 May | 2024-05-03 | 2024\\|05 |\n",
		"Text":  "    # ROMEO:\n    what\n\n---\n\n", "Classes": "| class | F1 |\n|---|---|\n| a\\_b | 0.5 |\n",
	} {
		v := values[tag]
		if got := string(v.in("tensor").list("string_val")[0].Bytes()); got != want || v.in("metadata").in("plugin_data").get("plugin_name").String() != "text" || v.in("tensor").get("dtype").Int() != 7 {
			t.Errorf("%s is %q, want %q", tag, got, want)
		}
	}
	h := values["weights/fc1.weight"].in("histo")
	if got := fmt.Sprint(h.get("min"), h.get("max"), h.get("num"), h.get("sum"), h.get("sum_squares"), h.list("bucket_limit"), h.list("bucket")); got != "-2 2 8 4 10 [-1 0 1 2] [1 0 3 4]" {
		t.Errorf("the histogram is %s", got)
	}
	if v := values["device_memory_bytes"].get("simple_value").Float(); v != 1<<20 {
		t.Errorf("the memory is %v", v)
	}
}

// drawn returns the buckets, each with its ends and its count, that TensorBoard draws of a histogram: it takes empty ones at both ends away, and
// has the first begin at min and the last end at max (tensorboard/data_compat.py, _migrate_histogram_value).
func drawn(h msg) (buckets [][3]float64) {
	limits, counts := h.list("bucket_limit"), h.list("bucket")
	full := func(v protoreflect.Value) bool { return v.Float() > 0 }
	start := slices.IndexFunc(counts, full)
	for i := start; i >= 0 && slices.ContainsFunc(counts[i:], full); i++ {
		b := [3]float64{h.get("min").Float(), h.get("max").Float(), counts[i].Float()}
		if i > start {
			b[0] = limits[i-1].Float()
		}
		if slices.ContainsFunc(counts[i+1:], full) {
			b[1] = limits[i].Float()
		}
		buckets = append(buckets, b)
	}
	return buckets
}

// TestHistograms: TensorBoard draws the bins that have values, and only those.
func TestHistograms(t *testing.T) {
	for _, c := range []struct {
		counts []int
		want   string
	}{
		{[]int{1, 0, 3, 4}, "[[-2 -1 1] [-1 0 0] [0 1 3] [1 2 4]]"},
		{[]int{0, 0, 0, 4}, "[[1 2 4]]"}, // such as the weights of a norm, which are near 1
		{[]int{0, 2, 3, 0}, "[[-1 0 2] [0 1 3]]"},
		{[]int{5, 0, 0, 0}, "[[-2 -1 5]]"},
		{[]int{0, 0, 0, 0}, "[]"}, // no value is finite
	} {
		values, _ := written(t, 0, func(f *tensorboard.File) error {
			h := watch.Histogram{Most: 2, Mean: 0.5, Std: 1, Counts: c.counts}
			return f.Views(500, noon, []watch.View{&watch.Layers{Name: "Model", Layers: []watch.Layer{{Name: "w", Weight: h, Gradient: h}}}})
		})
		for _, tag := range []string{"weights/w", "gradients/w"} {
			if got := fmt.Sprint(drawn(values[tag].in("histo"))); got != c.want {
				t.Errorf("of the counts %v TensorBoard draws %s of %s, want %s", c.counts, got, tag, c.want)
			}
		}
	}
}

// TestFullDisk: the file has whole records while the disk is full, and is complete when it has room again.
func TestFullDisk(t *testing.T) {
	f, err := tensorboard.Create(t.TempDir(), "", 0, noon)
	if err != nil {
		t.Fatal(err)
	}
	disk := f.OnFullDisk(errors.New("no space left"))
	for step := range 4 {
		disk.Room = 10
		if step == 3 {
			disk.Room = 1 << 20
		}
		err := f.Metrics(step, noon, watch.Metrics{{Name: "loss", Value: 1}})
		all, bad := readEvents(f.Path())
		if want := map[bool]int{false: 1, true: 5}[step == 3]; (err != nil) == (step == 3) || bad != nil || len(all) != want {
			t.Errorf("step %d: %d events, want %d; %v, %v", step, len(all), want, err, bad)
		}
	}
	if err := f.End(noon); err != nil {
		t.Error(err)
	}
}

// TestLog: sessions have files of their own, and a folder in which nothing can be written is told once.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	for from := range 2 {
		l := tensorboard.Start(dir, tensorboard.Options{From: from, Say: func(text string) { t.Error(text) }})
		for step := range 5 {
			l.Metrics(from+step+1, noon, watch.Metrics{{Name: "loss", Value: float64(step)}})
		}
		l.End()
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tfevents.*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("two sessions have the files %v, %v", files, err)
	}
	for i, path := range files {
		if all, err := readEvents(path); err != nil || len(all) != 9+i {
			t.Errorf("%s has %d events, %v", path, len(all), err)
		}
	}
	var said []string
	l := tensorboard.Start(filepath.Join(dir, "none"), tensorboard.Options{Say: func(text string) { said = append(said, text) }})
	for step := range 2000 {
		l.Metrics(step, noon, watch.Metrics{{Name: "loss", Value: 1}})
	}
	l.End()
	if len(said) != 1 || !strings.Contains(said[0], "training goes on without them") {
		t.Errorf("without a folder it says %q", said)
	}
}
