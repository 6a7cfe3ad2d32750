package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"genview/models/audit"
)

func read(t *testing.T, dir string) *audit.Log {
	t.Helper()
	l, err := audit.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// written returns a folder with a log of some entries, and its bytes.
func written(t *testing.T) (dir string, p []byte) {
	t.Helper()
	dir = t.TempDir()
	for i := range 5 {
		e := audit.Entry{What: audit.Checkpoint, Step: i, File: fmt.Sprintf("checkpoints/%d", i), Checksum: fmt.Sprint(100 + i), Detail: map[string]string{"device": `a "device" <1>`}}
		if err := audit.Append(dir, e); err != nil {
			t.Fatal(err)
		}
	}
	p, err := os.ReadFile(filepath.Join(dir, audit.Name))
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func rewrite(t *testing.T, dir string, p []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, audit.Name), p, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryBitCounts: one flipped bit anywhere breaks the chain, and so do lines that are removed, doubled, exchanged or written by hand.
func TestEveryBitCounts(t *testing.T) {
	dir, p := written(t)
	if l := read(t, dir); l.Broken != "" || len(l.Entries) != 5 || l.Entries[4].N != 5 || l.Entries[4].By == "" || l.Entries[4].Time.IsZero() {
		t.Fatalf("the log is %+v", l)
	}
	for i := range p {
		for bit := range 8 {
			q := bytes.Clone(p)
			q[i] ^= 1 << bit
			rewrite(t, dir, q)
			if l := read(t, dir); l.Broken == "" {
				t.Fatalf("bit %d of byte %d (%q) is flipped, and nothing is said", bit, i, p[i])
			}
		}
	}
	lines := bytes.SplitAfter(p, []byte("\n"))[:5]
	for name, other := range map[string][][]byte{
		"without the first": lines[1:], "without one": slices.Delete(slices.Clone(lines), 2, 3), "one twice": slices.Insert(slices.Clone(lines), 2, lines[2]),
		"exchanged": {lines[0], lines[2], lines[1], lines[3], lines[4]}, "by hand": append(slices.Clone(lines), []byte(`{"entry":{"n":6},"sum":""}`+"\n")),
		"other words": append(slices.Clone(lines), []byte("hello\n")),
	} {
		rewrite(t, dir, bytes.Join(other, nil))
		if l := read(t, dir); l.Broken == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
	rewrite(t, dir, bytes.Join(lines[:3], nil)) // cut at its end: the chain is whole
	l := read(t, dir)
	sums := map[string]string{"checkpoints/1": "101", "checkpoints/4": "104"}
	if got := l.Unknown(sums); l.Broken != "" || !slices.Equal(got, []string{"checkpoints/4"}) {
		t.Errorf("of a log that was cut: %q, and it does not know %q", l.Broken, got)
	}
}

// TestUnfinishedEntry: the rest of an entry of a killed process goes with the next entry, and one says so.
func TestUnfinishedEntry(t *testing.T) {
	dir, p := written(t)
	for cut := range 40 {
		rewrite(t, dir, p[:len(p)-1-cut])
		if l := read(t, dir); !strings.Contains(l.Broken, "line 5 is unfinished") {
			t.Fatalf("an unfinished log is %q", l.Broken)
		}
		if err := audit.Append(dir, audit.Entry{What: "walk"}); err != nil {
			t.Fatal(err)
		}
		if l := read(t, dir); l.Broken != "" || len(l.Entries) != 6 || l.Entries[4].What != "mended" || l.Entries[5].What != "walk" {
			t.Fatalf("after it the log is %+v", l)
		}
	}
}

// TestLongEntry: the command of an entry may be as long as the system allows, and the next entry follows it.
func TestLongEntry(t *testing.T) {
	dir := t.TempDir()
	for _, command := range []string{strings.Repeat("seed:1 ", 20000), strings.Repeat("日", 50000), "walk"} {
		if err := audit.Append(dir, audit.Entry{What: "walk", File: command, Detail: map[string]string{"command": command}}); err != nil {
			t.Fatal(err)
		}
	}
	if l := read(t, dir); l.Broken != "" || len(l.Entries) != 3 || !strings.HasSuffix(l.Entries[1].Detail["command"], "日…") {
		t.Errorf("the log has %d entries, %q", len(l.Entries), l.Broken)
	}
}

// TestWhatIsNoLogStays: a large file without lines is no log, and nothing of it is cut off.
func TestWhatIsNoLogStays(t *testing.T) {
	dir := t.TempDir()
	other := bytes.Repeat([]byte("x"), 200_000)
	rewrite(t, dir, other)
	if err := audit.Append(dir, audit.Entry{What: "walk"}); err == nil || !strings.Contains(err.Error(), "is no audit log") {
		t.Errorf("an entry was added: %v", err)
	}
	if p, err := os.ReadFile(filepath.Join(dir, audit.Name)); err != nil || !bytes.Equal(p, other) {
		t.Errorf("the file has %d bytes, %v", len(p), err)
	}
}

// TestManyWriters: what several write at once follows each other.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	var writers sync.WaitGroup
	for range 6 {
		writers.Go(func() {
			for range 5 {
				if err := audit.Append(dir, audit.Entry{What: "sample"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if l := read(t, dir); l.Broken != "" || len(l.Entries) != 30 {
		t.Errorf("there are %d entries, %q", len(l.Entries), l.Broken)
	}
}

func TestNoLog(t *testing.T) {
	dir := t.TempDir()
	if _, err := audit.Read(dir); !audit.None(err) {
		t.Errorf("without a log: %v", err)
	}
	if err := audit.Append(filepath.Join(dir, "none"), audit.Entry{}); err == nil {
		t.Error("without a folder there is no error")
	}
}

// A log is written, tampered with and read.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	_ = audit.Append(dir, audit.Entry{What: "walk", File: "walk.gif"})
	_ = audit.Append(dir, audit.Entry{What: "walk", File: "other.gif"})
	l, _ := audit.Read(dir)
	fmt.Println(len(l.Entries), l.Broken == "")
	path := filepath.Join(dir, audit.Name)
	p, _ := os.ReadFile(path)
	_ = os.WriteFile(path, bytes.Replace(p, []byte("other"), []byte("smile"), 1), 0o644)
	l, _ = audit.Read(dir)
	fmt.Println(len(l.Entries), l.Broken == "")
	// Output:
	// 2 true
	// 1 false
}
