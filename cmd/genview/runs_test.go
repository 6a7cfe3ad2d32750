package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestRuns lists a run in both forms.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "letters")
	must(t, tiny("--out", run, "--steps", "3")...)
	if out := must(t, "runs", dir); !strings.Contains(out, "finished  3 of 3") || out != must(t, "runs", "list", run) {
		t.Errorf("the list is %s", out)
	}
	var all []runLine
	if err := json.Unmarshal([]byte(must(t, "runs", dir, "--json")), &all); err != nil || len(all) != 1 || all[0].Run != run || !(all[0].Metrics["loss"] > 0) || all[0].Bytes < 1000 {
		t.Errorf("the list is %+v, %v", all, err)
	}
	refused(t, 1, "there is no folder lsit; did you mean genview runs list?", "runs", "lsit")
	if out := must(t, "runs", t.TempDir()); !strings.HasPrefix(out, "there are no runs in ") {
		t.Errorf("without runs it says %q", out)
	}
}
