package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"genview/models/curves"
	"genview/models/train"
	"genview/models/watch"
)

var (
	longSteps = flag.Int("steps", 3000, "how many steps TestLongTraining trains; it holds memory and the like to be flat from 100,000 on")
	longChart = flag.String("steps.chart", "", "file for the chart of TestLongTraining, .svg or .png")
)

// gauges are what a long training must not take more and more of: its name in the chart, and the one that Prometheus is told.
var gauges = []struct{ name, told string }{
	{"resident memory in MiB", "process_resident_memory_bytes"},
	{"Go's heap in MiB", "go_memstats_heap_inuse_bytes"},
	{"device memory in MiB", "genview_device_memory_held_bytes"},
	{"file descriptors", "process_open_fds"},
	{"goroutines", "go_goroutines"},
}

// TestLongTraining trains with all that a training writes, and reads what the process takes. With -steps 1000000 that is half an hour.
func TestLongTraining(t *testing.T) {
	dir := t.TempDir()
	address := freeAddress(t)
	cmd := exec.Command(binary, tiny("--out", filepath.Join(dir, "run"), "--steps", strconv.Itoa(*longSteps), "--metrics", address, "--set", "record.budget=16")...)
	said, finish := started(t, cmd)
	var all []train.Record
	for unanswered := 0; unanswered < 100; time.Sleep(max(200*time.Millisecond, time.Duration(*longSteps)*2*time.Microsecond)) {
		values, err := scrape(address)
		if err != nil {
			if unanswered++; len(all) > 0 && cmd.Process.Signal(syscall.Signal(0)) != nil {
				break
			}
			continue
		}
		unanswered = 0
		r := train.Record{Step: int(values["genview_training_step"])}
		if r.Step == 0 || len(all) > 0 && all[len(all)-1].Step == r.Step {
			continue
		}
		for _, g := range gauges {
			v := values[g.told]
			if strings.HasSuffix(g.told, "_bytes") {
				v /= 1 << 20
			}
			r.Metrics = append(r.Metrics, watch.Metric{Name: g.name, Value: v})
		}
		all = append(all, r)
	}
	if code := finish(); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if len(all) < 3 {
		t.Fatalf("there are %d readings", len(all))
	}
	if *longChart != "" {
		if err := curves.Write(*longChart, charted(all), curves.Options{}); err != nil {
			t.Error(err)
		}
	}
	if *longSteps < 100_000 {
		return
	}
	for i, g := range gauges {
		early, late := most(all[len(all)/10:len(all)/2], i), most(all[len(all)/2:], i)
		t.Logf("%s: at most %.1f in the first half of the time, %.1f in the second", g.name, early, late)
		if late > early*1.05+2 {
			t.Errorf("%s grows", g.name)
		}
	}
}

// charted returns runs that have a gauge each, so that each has a chart of its own.
func charted(all []train.Record) (runs []*curves.Run) {
	for i := range gauges {
		r := &curves.Run{Name: "genview train"}
		for _, at := range all {
			r.Records = append(r.Records, train.Record{Step: at.Step, Metrics: at.Metrics[i : i+1]})
		}
		runs = append(runs, r)
	}
	return runs
}

// most returns the largest value of a gauge.
func most(all []train.Record, gauge int) (most float64) {
	for _, r := range all {
		most = max(most, r.Metrics[gauge].Value)
	}
	return most
}

// freeAddress returns an address of this machine on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// scrape reads the values that have no labels from where Prometheus does.
func scrape(address string) (map[string]float64, error) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", answer.Status)
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				values[name] = v
			}
		}
	}
	return values, lines.Err()
}
