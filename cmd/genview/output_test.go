package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputs: a walk in all forms that need no other program. Each says where it comes from unless it is told not to, and the same command
// gives the same bytes. On stdout are raw pixels.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "letters")
	must(t, tiny("--out", run, "--steps", "2")...)
	for _, name := range []string{"w.gif", "w.apng", "w.webp", "w.png", "frames/"} {
		path, file := filepath.Join(dir, name), filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			path, file = path+"/", filepath.Join(path, "00001.png")
		}
		walk := []string{"walk", run, "--frames", "2", "-o", path}
		if out := must(t, walk...); out != path+"\n" {
			t.Errorf("%s: stdout has %q", name, out)
		}
		first, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said := must(t, "provenance", file)
		for _, want := range []string{"Software: genview v", "Run: letters\n", "Step: 2\n", "Weights: sha256:", "DigitalSourceType: http", "Command: genview walk letters --frames 2 -o " + name + "\n"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s lacks %q: %s", name, want, said)
			}
		}
		if bytes.Contains(first, []byte(dir)) {
			t.Errorf("%s names its folder", name)
		}
		if name != "w.webp" {
			continue // package film tests that formats do not differ in this
		}
		must(t, walk...)
		again, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s: two times differ, %v", name, err)
		}
	}
	frames := filepath.Join(dir, "frames") + "/"
	if err := os.Remove(filepath.Join(frames, "00000.png")); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "00001.png is of another film, whose command is", "walk", run, "--frames", "3", "--resume", "-o", frames)
	must(t, "walk", run, "--resume", "--frames", "2", "--device", "", "-o", frames)
	var notes []struct{ Key, Value string }
	if err := json.Unmarshal([]byte(must(t, "provenance", "--json", filepath.Join(dir, "w.gif"))), &notes); err != nil || len(notes) != 7 || notes[1].Value != "letters" {
		t.Errorf("as JSON: %v, %v", notes, err)
	}
	marked := filepath.Join(dir, "marked.png")
	must(t, "sample", run, "--no-provenance", "--watermark", "42", "-o", marked)
	if said := must(t, "provenance", "--watermark", "42", marked); !strings.HasPrefix(said, "Watermark: 0000002a (42), agreement ") {
		t.Errorf("a watermark: %s", said)
	}
	refused(t, 1, "marked.png has the watermark 0000002a; that of letters is 7ad8dbe5", "provenance", "--watermark", "letters", marked)
	quiet := filepath.Join(dir, "quiet.png")
	must(t, "sample", run, "-n", "1", "--no-provenance", "-o", quiet)
	refused(t, 1, "quiet.png does not say where it comes from", "provenance", quiet)
	loud := filepath.Join(dir, "loud.gif")
	write(t, loud, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x21\xfe\x05\x1b[31m\x00;"))
	if said := must(t, "provenance", loud); strings.Contains(said, "\x1b") || !strings.Contains(said, "Comment: ") {
		t.Errorf("a file changes the terminal's colour: %q", said)
	}
	refused(t, 1, "output_test.go is no PNG, GIF, WebP or JPEG", "provenance", "output_test.go")

	raw, gif := must(t, "walk", run, "--frames", "2", "-o", "-"), must(t, "walk", run, "--frames", "2", "--no-provenance", "-o", "-.gif")
	if side := 168; len(raw) != 2*side*side*4 || !strings.HasPrefix(gif, "GIF89a") || !strings.HasSuffix(gif, ";") {
		t.Errorf("stdout has %d bytes of pixels, and a GIF that begins with %q", len(raw), gif[:min(9, len(gif))])
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED, the system has no /dev/full")
	}
	defer full.Close()
	cmd := exec.Command(binary, "walk", run, "--frames", "2", "-o", "-")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = full, &said
	err = cmd.Run()
	if line := waiting.ReplaceAllString(said.String(), ""); err == nil || line != "genview: the output cannot be written: no space left on device\n" {
		t.Errorf("a full stdout: %v, %q", err, line)
	}
}

// TestCommandLine: of paths the last names remain, wherever they stand in an argument, and what is no path remains whole.
func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("runs/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arg, want string }{
		{"runs/letters", "letters"},
		{"./runs/deep/x.gif", "x.gif"},
		{dir + "/frames/", "frames/"},
		{"--out=/home/someone/walk.gif", "--out=walk.gif"},
		{"seed:1+0.5*(image:/home/someone/a-b.png-image:runs/c.png)", "'seed:1+0.5*(image:a-b.png-image:c.png)'"},
		{"~/secret/z.json", "z.json"},
		{"3/4/1998", "3/4/1998"},
		{"3 May 1998", "'3 May 1998'"},
		{"it's", `'it'\''s'`},
		{"", "''"},
		{"seed:1,5-9", "seed:1,5-9"},
	} {
		if got := commandLine([]string{c.arg}); got != "genview "+c.want {
			t.Errorf("%q becomes %s, want %s", c.arg, got, c.want)
		}
	}
}
