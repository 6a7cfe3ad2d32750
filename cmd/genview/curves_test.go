package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// charts draws the curves of a VAE's run, alone and beside themselves, and prints them as a table.
func charts(t *testing.T, dir, run string) {
	t.Helper()
	table := must(t, "curves", run, run+"/", "--only", "kl", "--from", "2")
	if !strings.HasPrefix(table, "run,step,time,elapsed_s,examples_per_s,kl\n"+run+",") || strings.Contains(table, ",1,") || !strings.Contains(table, ",40,") {
		t.Errorf("the table is %s", table)
	}
	picture := filepath.Join(dir, "curves.svg")
	if told := must(t, "curves", run, "-o", picture, "--log", "--smooth", "0.5", "--x", "time"); told != picture+"\n" {
		t.Errorf("curves says %q", told)
	}
	if svg := string(read(t, picture)); !strings.Contains(svg, "time trained") || !strings.Contains(svg, "recon") {
		t.Errorf("the picture is %s", svg)
	}
	refused(t, 2, "is step, time or epoch", "curves", run, "--x", "weeks")
	refused(t, 2, ".png, .svg, .pdf, .csv", "curves", run, "-o", "curves.gif")
	refused(t, 1, "there are loss, recon, kl", "curves", run, "--only", "lost")
}
