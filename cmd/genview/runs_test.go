package main

import (
	"bytes"
	"encoding/json"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRuns lists a run in both forms, and exports it.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "letters")
	must(t, tiny("--out", run, "--steps", "3", "--tensorboard")...)
	must(t, "train", "--resume", run, "--steps", "4")
	if files, err := filepath.Glob(filepath.Join(run, "events.out.tfevents.*")); err != nil || len(files) != 2 || !bytes.Contains(read(t, files[1]), []byte("weights/fc1.weight")) {
		t.Errorf("two sessions have the event files %q, %v", files, err)
	}
	if out := must(t, "runs", dir); !strings.Contains(out, "finished  4 of 4") || out != must(t, "runs", "list", run) {
		t.Errorf("the list is %s", out)
	}
	var all []runLine
	if err := json.Unmarshal([]byte(must(t, "runs", dir, "--json")), &all); err != nil || len(all) != 1 || all[0].Run != run || !(all[0].Metrics["loss"] > 0) || all[0].Bytes < 1000 {
		t.Errorf("the list is %+v, %v", all, err)
	}
	refused(t, 1, "there is no folder lsit; did you mean genview runs list?", "runs", "lsit")
	if out := must(t, "runs", "export", run, "--jsonl"); !strings.HasPrefix(out, `{"run":"letters","step":1,"loss":`) || !strings.Contains(out, `"time":"2`) {
		t.Errorf("as JSON lines it is %s", out)
	}
	csv := filepath.Join(dir, "letters.csv")
	if out := must(t, "runs", "export", run, "--csv", "-o", csv); out != csv+"\n" || !strings.HasPrefix(string(read(t, csv)), "run,step,time,") {
		t.Errorf("export says %s", out)
	}
	if out := must(t, "runs", "export", run, "--tensorboard", filepath.Join(dir, "board")); !strings.Contains(out, filepath.Join("board", "letters", "events.out.tfevents.")) {
		t.Errorf("export says %s", out)
	}
	other, chart := filepath.Join(dir, "other"), filepath.Join(dir, "chart.svg")
	must(t, tiny("--out", other, "--steps", "2", "--set", "optim.lr=0.25")...)
	if out := must(t, "runs", "compare", run, other, "-o", chart); !regexp.MustCompile(`optim.lr +0.001 +0.25\n(?s:.*)loss `).MatchString(out) || !strings.Contains(string(read(t, chart)), "recon") {
		t.Errorf("compare says %s", out)
	}
	refused(t, 2, ".png, .svg", "runs", "compare", run, other, "-o", "chart.gif")
	write(t, filepath.Join(run, "metrics.1.jsonl"), []byte("{}\n"))
	if out := must(t, "runs", "prune", dir); !strings.Contains(out, "metrics.1.jsonl") || !strings.HasSuffix(out, "nothing was removed: --yes does that\n") {
		t.Errorf("prune says %s", out)
	}
	if out := must(t, "runs", "prune", dir, "--yes"); !strings.Contains(out, "removed 2 files, ") || must(t, "runs", "prune", run) != "nothing can go\n" {
		t.Errorf("prune --yes says %s", out)
	}
	page := filepath.Join(dir, "report.html")
	if out := must(t, "report", run, "-o", page); out != page+"\n" || !bytes.Contains(read(t, page), []byte(`["Device","`)) || !bytes.Contains(read(t, page), []byte(`"name":"Samples","picture":"`)) {
		t.Errorf("report says %s", out)
	}
	readme := filepath.Join(dir, "README.md")
	if out := must(t, "card", run, "-o", readme); out != readme+"\n" || !strings.HasPrefix(string(read(t, readme)), "---\n# license: ") || must(t, "card", run) != string(read(t, readme)) {
		t.Errorf("card says %s", out)
	}
	refused(t, 1, "is there already", "card", run, "-o", readme)
	refused(t, 2, "ends in .html", "report", run, "-o", "report.pdf")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	refused(t, 1, "is taken by another program", tiny("--out", filepath.Join(dir, "no"), "--metrics", l.Addr().String())...)
	refused(t, 2, "say in one form what to write", "runs", "export", run)
	if out := must(t, "runs", t.TempDir()); !strings.HasPrefix(out, "there are no runs in ") {
		t.Errorf("without runs it says %q", out)
	}
}
