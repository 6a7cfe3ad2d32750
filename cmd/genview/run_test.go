package main

import (
	le "encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// beats writes a WAV file of half a second with two beats.
func beats(t *testing.T, path string) {
	t.Helper()
	const rate, count = 8000, 4000
	p := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	p = le.LittleEndian.AppendUint32(p, rate)
	p = le.LittleEndian.AppendUint32(p, 2*rate)
	p = append(p, "\x02\x00\x10\x00data"...)
	p = le.LittleEndian.AppendUint32(p, 2*count)
	for i := range count {
		s := float64(i%2000) / rate
		p = le.LittleEndian.AppendUint16(p, uint16(int16(20000*math.Exp(-20*s)*math.Sin(2000*s))))
	}
	le.LittleEndian.PutUint32(p[4:], uint32(len(p)-8))
	write(t, path, p)
}

// TestStarExamples runs the scripts of scripts/examples, as their README and their first lines say, and finds what they write.
func TestStarExamples(t *testing.T) {
	dir := t.TempDir()
	vae, dates, out := filepath.Join(dir, "vae"), filepath.Join(dir, "dates"), filepath.Join(dir, "out")
	must(t, tiny("--out", vae, "--steps", "12")...)
	must(t, "train", "translate", "--batch", "8", "--set", "model.width=16", "--set", "model.heads=2", "--set", "model.layers=1", "--set", "model.hidden=16", "--set", "optim.decay=0", "--out", dates, "--steps", "2")
	a, song := filepath.Join(dir, "a.png"), filepath.Join(dir, "song.wav")
	must(t, "sample", vae, "-n", "1", "-o", a)
	beats(t, song)
	readme, err := os.ReadFile("../../scripts/examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	makes := map[string]struct {
		file string
		set  []string
	}{
		"tour":       {"tour.gif", []string{"seconds=0.2", "stops=3"}},
		"breathe":    {"breathe.gif", []string{"seconds=0.2", "breaths=2"}},
		"garden":     {"garden.gif", []string{"seconds=0.2", "columns=2"}},
		"learned":    {"learned.gif", []string{"pictures=3"}},
		"components": {"components.png", []string{"layer=fc3", "rows=2"}},
		"morph":      {"morph.gif", []string{"a=" + a, "b=" + a, "seconds=0.2"}},
		"music":      {"music.gif", []string{"sound=" + song}},
		"orbit":      {"orbit.gif", []string{"seconds=0.2"}},
		"typing":     {"typing/02.png", []string{"text=3 M"}},
		"drift":      {}, // it drives a picture: TestPresent runs it
	}
	scripts, err := filepath.Glob("../../scripts/examples/*.star")
	if err != nil || len(scripts) != len(makes) {
		t.Fatalf("there are %d scripts, %v; this test is of %d", len(scripts), err, len(makes))
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".star")
		source, command := string(read(t, path)), "genview run scripts/examples/"+name+".star RUN"
		if makes[name].file == "" {
			command = "genview present RUN scripts/examples/" + name + ".star"
		}
		if !strings.Contains(string(readme), "["+name+".star]("+name+".star)") || !strings.Contains(source, command) {
			t.Errorf("README.md or the script itself does not say how to run %s", name)
		}
		if makes[name].file == "" {
			continue
		}
		run := vae
		if name == "typing" {
			run = dates
		}
		words := []string{"run", path, run, "--dir", out}
		for _, s := range makes[name].set {
			words = append(words, "--set", s)
		}
		must(t, words...)
		if made := read(t, filepath.Join(out, makes[name].file)); len(made) < 100 {
			t.Errorf("%s wrote %d bytes", name, len(made))
		}
	}
}

// TestScriptReference: the page that is in the repository is what the program prints.
func TestScriptReference(t *testing.T) {
	kept := string(read(t, "../../scripts/examples/reference.md"))
	if said := must(t, "run", "--reference"); said != kept {
		t.Error("scripts/examples/reference.md is old: genview run --reference > scripts/examples/reference.md")
	}
}

// TestScriptThatIsWrong: a script that cannot be run says where and why, in one line, and leaves nothing.
func TestScriptThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "s.star")
	for source, want := range map[string]string{
		"x = 1\nfilm(":                            "s.star:2:6: got end of file",
		"model()":                                 "s.star:1:6: model: no run was given",
		"x = [1] * (1 << 40)":                     "s.star:1:9: 1 elements",
		"model('/none')":                          "s.star:1:6: ",
		"film('../a.gif', 1, lambda i, t: 1)":     "is outside of the folder",
		"film('a.gif', 1, lambda i, t: 1)":        "returns a int for frame 0",
		"film('a.xyz', 1, lambda i, t: 1)":        "the ending must be",
		"film('a.gif', 1, lambda i, t: 1, fps=0)": "give 1 or more",
	} {
		write(t, script, []byte(source))
		refused(t, 1, want, "run", script, "--dir", dir)
	}
	refused(t, 1, "no such file", "run", filepath.Join(dir, "none.star"))
	refused(t, 1, "is a folder and no script", "run", dir)
	refused(t, 2, "--set speed: write name=value", "run", script, "--set", "speed")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if left := slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "s.star" }); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPromptOfLines: without a terminal, statements come from stdin, after those of a script, and the first error ends it.
func TestPromptOfLines(t *testing.T) {
	t.Setenv("DISPLAY", "")
	dir := t.TempDir()
	script := filepath.Join(dir, "s.star")
	write(t, script, []byte("def twice(x):\n    return 2 * x\nspeed = param('speed', 1.5)"))
	for _, c := range []struct {
		stdin, out, err string
		words           []string
	}{
		{"1 + 1\nfor i in range(2):\n    print(i)\n\n'é'", "2\n0\n1\n\"é\"\n", "", nil},
		{"twice(speed)\ngrid", "8.0\n<built-in function grid>\n", "", []string{script, "--set", "speed=4"}},
		{"1\n1 // 0\n2", "1\n", "prompt:1:3: floored division by zero", nil},
		{"model()", "", "prompt:1:6: ", []string{filepath.Join(dir, "none")}},
		{"show(noise(2)(0))", "", "show: no model is open", nil},
		{strings.Repeat("a", mostScript+1), "", "token too long", nil},
		{"", "", "no such file", []string{filepath.Join(dir, "none.star")}},
		{"", "", "", nil},
	} {
		cmd := exec.Command(binary, append([]string{"run", "-i", "--dir", dir}, c.words...)...)
		cmd.Stdin = strings.NewReader(c.stdin)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if said := stderr.String(); string(out) != c.out || (err != nil) != (c.err != "") || !strings.Contains(said, c.err) || strings.Count(said, "\n") > 1 {
			t.Errorf("%.60q prints %q, %v, %q, want %q and %q", c.stdin, out, err, said, c.out, c.err)
		}
	}
	refused(t, 2, "does not take 3 arguments", "run", "-i", "a.star", "b", "c")
}
