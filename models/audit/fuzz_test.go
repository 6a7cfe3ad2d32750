package audit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"genview/models/audit"
	"genview/models/fuzzing"
)

// FuzzRead: no log makes the reader panic, and an unbroken one is made of the lines that were written.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	for range 3 {
		if err := audit.Append(dir, audit.Entry{What: "walk", File: "walk.gif"}); err != nil {
			f.Fatal(err)
		}
	}
	whole, err := os.ReadFile(filepath.Join(dir, audit.Name))
	if err != nil {
		f.Fatal(err)
	}
	for _, log := range [][]byte{nil, whole, whole[:len(whole)-9], []byte("\n\n"), []byte(`{"entry":null,"sum":""}` + "\n"), bytes.Repeat([]byte("["), 70000)} {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		if err := os.WriteFile(filepath.Join(dir, audit.Name), log, 0o600); err != nil {
			t.Fatal(err)
		}
		var l *audit.Log
		if err := fuzzing.Check(t, log, fuzzing.Usage{}, func() (err error) { l, err = audit.Read(dir); return err }); err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(log, []byte("\n")); l.Broken == "" && len(l.Entries) != lines || len(l.Entries) > lines {
			t.Fatalf("a log of %d lines has %d entries, %q", lines, len(l.Entries), l.Broken)
		}
	})
}
