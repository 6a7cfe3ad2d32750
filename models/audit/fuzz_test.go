package audit_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"genview/models/audit"
)

// FuzzRead: no log makes the reader panic, and what is added to any log follows the whole part of it.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	for range 3 {
		if err := audit.Append(dir, audit.Entry{What: "walk", File: "walk.gif"}); err != nil {
			f.Fatal(err)
		}
	}
	p, err := os.ReadFile(filepath.Join(dir, audit.Name))
	if err != nil {
		f.Fatal(err)
	}
	for _, log := range [][]byte{nil, p, p[:len(p)-9], []byte("\n\n"), []byte(`{"entry":null,"sum":""}` + "\n"), bytes.Repeat([]byte("["), 70000)} {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, audit.Name), log, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := audit.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.Append(dir, audit.Entry{What: "walk"}); err != nil {
			t.Fatal(err)
		}
		after, err := audit.Read(dir)
		if err != nil || len(after.Entries) < len(before.Entries) || before.Broken == "" && (after.Broken != "" || len(after.Entries) != len(before.Entries)+1) {
			t.Fatalf("a log of %d entries, %q, becomes one of %d, %q, %v", len(before.Entries), before.Broken, len(after.Entries), after.Broken, err)
		}
	})
}
