package run

import (
	"bytes"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"genview/models/train"
)

// TestNoticesOfEventFiles: what goes wrong with event files, which are written beside the training, is told by the goroutine that trains.
func TestNoticesOfEventFiles(t *testing.T) {
	c, err := New("vae")
	if err != nil {
		t.Fatal(err)
	}
	c.Record.TensorBoard = true
	goroutine := func() string { return string(bytes.Fields(debug.Stack())[1]) }
	own, said := goroutine(), ""
	h := Host{Notice: func(line string) {
		if at := goroutine(); at != own {
			t.Errorf("goroutine %s says %q, and %s trains", at, line, own)
		}
		said += line
	}}
	training := &Training{Session: &Session{Config: c, host: h, Folder: &train.Run{Dir: filepath.Join(t.TempDir(), "none")}}}
	o, end := training.logged(train.Options{})
	o.OnLog(train.Record{Step: 1, Time: time.Now()})
	end()
	if !strings.Contains(said, "cannot be written") {
		t.Errorf("it says %q", said)
	}
}
