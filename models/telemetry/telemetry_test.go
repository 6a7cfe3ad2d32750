package telemetry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/telemetry"
	"genview/models/train"
	"genview/models/watch"
)

// trained is a meter of a training that has made two steps and logged and saved the second.
func trained() *telemetry.Meter {
	m := telemetry.New()
	heard := 0
	o := m.Watch(train.Options{OnLog: func(train.Record) { heard++ }}, telemetry.About{
		Run: "letters", Model: "MLP VAE", Data: "glyphs", Device: "llvmpipe", From: 40, Steps: 100, Batch: 16, Memory: func() (int64, int64) { return 1 << 20, 1 << 21 },
	})
	o.OnStep(41, time.Second)
	o.OnStep(42, 2*time.Second)
	o.OnLog(train.Record{Step: 42, Metrics: watch.Metrics{{Name: "loss", Value: 2.5}, {Name: "held_out_accuracy", Value: 0.75}}, ExamplesPerS: 160, Elapsed: 2 * time.Second})
	o.OnSave(42)
	o.OnKernels([]watch.Kernel{{Kernel: "tiled 64×64", Ops: "MatMul", Shapes: "[16 64]", MS: 1.5, Calls: 2}})
	if heard != 1 {
		panic("what listened before does not any more")
	}
	return m
}

func Example() {
	answer := httptest.NewRecorder()
	trained().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "genview_training_metric") || strings.HasPrefix(line, "genview_training_step ") {
			fmt.Print(line)
		}
	}
	// Output:
	// genview_training_metric{metric="held_out_accuracy"} 0.75
	// genview_training_metric{metric="loss"} 2.5
	// genview_training_step 42
}

// TestServe asks a server, and holds the names on the dashboard to those that it tells.
func TestServe(t *testing.T) {
	l, err := telemetry.Listen("0")
	if err != nil {
		t.Fatal(err)
	}
	if !telemetry.Local(l) {
		t.Errorf("a port alone is served at %s", l.Addr())
	}
	ctx, stop := context.WithCancel(t.Context())
	m, ended := trained(), make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	get := func(path string, code int) string {
		t.Helper()
		answer, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		p, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != code {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		return string(p)
	}
	text := get("/metrics", 200)
	for _, want := range []string{
		`genview_training_info{data="glyphs",device="llvmpipe",model="MLP VAE",run="letters"} 1`, "genview_training_active 1", "genview_training_steps 100",
		"genview_training_made_steps_total 2", "genview_training_step_seconds_count 1", "genview_training_steps_per_second 10", "genview_training_saved_step 42",
		"genview_device_memory_used_bytes 1.048576e+06", "go_goroutines",
		`genview_training_kernel_seconds{kernel="tiled 64×64",ops="MatMul",shapes="[16 64]"} 0.0015`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	var told []string
	for _, name := range regexp.MustCompile(`(?m)^(genview_\w+)[ {]`).FindAllStringSubmatch(text, -1) {
		told = append(told, name[1])
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(get("/grafana.json", 200)), &dashboard); err != nil || len(dashboard.Panels) < 8 {
		t.Fatalf("the dashboard is %+v, %v", dashboard, err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names := regexp.MustCompile(`genview_\w+`).FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s shows nothing of genview: %s", p.Title, target.Expr)
			}
			for _, name := range names {
				if !slices.Contains(told, name) {
					t.Errorf("%s shows %s, which is not told", p.Title, name)
				}
			}
		}
	}
	get("/", 200)
	get("/other", 404)
	m.Ended()
	if text := get("/metrics", 200); !strings.Contains(text, "genview_training_active 0") {
		t.Error("a training that is over is told to go on")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestListen: addresses that are none, or taken.
func TestListen(t *testing.T) {
	l, err := telemetry.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for address, want := range map[string]string{
		l.Addr().String(): "is taken by another program", "": "give a port, as 9464", "metrics": "give a port", "127.0.0.1": "give a port", "1.2.3.4:x": "x", "99999": "give a port",
	} {
		if l, err := telemetry.Listen(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", address, l, err, want)
		}
	}
	for _, far := range []string{":0", "0"} {
		l, err := telemetry.Listen(far)
		if err != nil || !telemetry.Local(l) {
			t.Errorf("%q is served at %v, %v", far, l, err)
		}
		if err == nil {
			l.Close()
		}
	}
	l, err = telemetry.Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if telemetry.Local(l) {
		t.Error("0.0.0.0 is told to be this machine's alone")
	}
}
