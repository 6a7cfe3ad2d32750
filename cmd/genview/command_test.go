package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// genview runs the command as a user does.
func genview(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "genview")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "genview")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// tiny is a model that trains in no time.
func tiny(args ...string) []string {
	return append([]string{"train", "vae", "--batch", "16", "--set", "model.hidden=32", "--set", "model.z=4"}, args...)
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := genview(t, args...)
	if code != 0 {
		t.Fatalf("genview %v: exit code %d: %s", args, code, stderr)
	}
	return out
}

func newest(t *testing.T, run string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no checkpoint: %v", run, err)
	}
	p, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestResumedRunEqualsOneThatWasNot trains 60 steps in one go and in two; every byte of the checkpoints must agree.
func TestResumedRunEqualsOneThatWasNot(t *testing.T) {
	dir := t.TempDir()
	whole, halves := filepath.Join(dir, "whole"), filepath.Join(dir, "halves")
	must(t, tiny("--out", whole, "--steps", "60")...)
	must(t, tiny("--out", halves, "--steps", "25")...)
	must(t, "train", "--resume", halves, "--steps", "60")
	if !bytes.Equal(newest(t, whole), newest(t, halves)) {
		t.Error("60 steps in two parts give other bits than 60 at once")
	}
	early := filepath.Join(dir, "early") // ended before anything was saved
	must(t, tiny("--out", early, "--steps", "5")...)
	if err := os.RemoveAll(filepath.Join(early, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(early, "checkpoints"), 0o755); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "train it first", "sample", early)
	must(t, "train", "--resume", early, "--steps", "60")
	if !bytes.Equal(newest(t, whole), newest(t, early)) {
		t.Error("a run that was ended before its first checkpoint gives other bits than one that was not")
	}
}

func TestWholeLife(t *testing.T) {
	for _, arch := range []string{"mlp", "conv"} {
		dir := t.TempDir()
		run := filepath.Join(dir, "run")
		out := must(t, tiny("--out", run, "--steps", "40", "--json", "--set", "model.arch="+arch, "--set", "model.hidden=8")...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var rec struct {
			Step        int
			Loss, Recon float64
			Rate        float64 `json:"examples_per_s"`
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &rec); err != nil || rec.Step != 40 || !(rec.Loss > 0) || !(rec.Rate > 0) {
			t.Errorf("the last line is %s (%v)", lines[len(lines)-1], err)
		}
		picture := filepath.Join(dir, "grid.png")
		must(t, "sample", run, "-n", "10", "-o", picture)
		must(t, "walk", run, "--frames", "5", "-o", filepath.Join(dir, "walk.gif"))
		must(t, "reconstruct", run, picture, "-o", filepath.Join(dir, "pairs.png"))
		var e struct {
			Step       int
			ELBO, LogP float64
		}
		if err := json.Unmarshal([]byte(must(t, "eval", run, "--examples", "150", "--samples", "5", "--json")), &e); err != nil || e.Step != 40 || !(e.LogP >= e.ELBO-5) || e.ELBO >= 0 {
			t.Errorf("eval says %+v (%v)", e, err)
		}
	}
}

// TestPointsLife trains on points for a moment, and has what it makes measured and drawn.
func TestPointsLife(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, "train", "points", "--data", "points:ring8", "--out", run, "--steps", "40", "--set", "model.hidden=16")
	var c struct {
		Step, Modes int
		Total       int     `json:"modes_total"`
		Quality     float64 `json:"hq_share"`
		Examples    int
	}
	if err := json.Unmarshal([]byte(must(t, "eval", run, "--examples", "500", "--json")), &c); err != nil || c.Step != 40 || c.Total != 8 || c.Examples != 500 || c.Quality > 0.5 {
		t.Errorf("eval says %+v (%v)", c, err)
	}
	must(t, "sample", run, "-n", "100", "-o", filepath.Join(dir, "cloud.png"))
	refused(t, 1, "take a VAE or a GAN of pictures", "walk", run, "-o", filepath.Join(dir, "walk.gif"))
	refused(t, 2, "do not fit", "train", "points", "--data", "glyphs", "--out", filepath.Join(dir, "no"))
	refused(t, 2, "do not fit", "train", "gan", "--data", "points:ring8", "--out", filepath.Join(dir, "no"))
}

// TestTranslationLife trains a Transformer on dates for a moment, resumes it to the same bits, and has it used and measured.
func TestTranslationLife(t *testing.T) {
	dir := t.TempDir()
	run, whole := filepath.Join(dir, "run"), filepath.Join(dir, "whole")
	small := []string{"train", "translate", "--batch", "16", "--set", "model.width=32", "--set", "model.layers=1", "--set", "model.hidden=32", "--set", "model.dropout=0.1", "--set", "optim.decay=0"}
	must(t, append(small, "--out", whole, "--steps", "30")...)
	must(t, append(small, "--out", run, "--steps", "20")...)
	must(t, "train", "--resume", run, "--steps", "30")
	if !bytes.Equal(newest(t, whole), newest(t, run)) {
		t.Error("30 steps in two parts give other bits than 30 at once")
	}
	if out := must(t, "translate", run, "3 May 1998", "Dec 24, 2020"); strings.Count(out, "\n") != 2 {
		t.Errorf("two texts become %q", out)
	}
	maps := filepath.Join(dir, "maps.png")
	must(t, "attention", run, "3 May 1998", "-o", maps)
	if img, err := os.ReadFile(maps); err != nil || !bytes.HasPrefix(img, []byte("\x89PNG")) {
		t.Errorf("attention wrote %d bytes, %v", len(img), err)
	}
	var e struct {
		Step, Examples int
		Exact          *float64
		Tokens         *float64 `json:"token_accuracy"`
		Split          string
	}
	if err := json.Unmarshal([]byte(must(t, "eval", run, "--examples", "40", "--json")), &e); err != nil || e.Step != 30 || e.Examples != 40 || e.Exact == nil || e.Tokens == nil || e.Split == "" {
		t.Errorf("eval says %+v (%v)", e, err)
	}
	refused(t, 1, `never saw the character '☃'`, "translate", run, "3 May ☃")
	refused(t, 1, "41 characters; the model reads 40 at most", "attention", run, strings.Repeat("1", 41))
	refused(t, 1, "there is nothing to translate", "translate", run, "")
	refused(t, 1, "genview train text", "generate", run)
	refused(t, 1, "take a VAE or a GAN of pictures", "walk", run)
	refused(t, 1, "makes no pictures", "sample", run)
	refused(t, 2, "takes dates", "train", "translate", "--data", "glyphs")
	refused(t, 1, "must be a multiple of Heads", "train", "translate", "--set", "model.heads=3", "--out", filepath.Join(dir, "no"))
}

// TestTextLife does the same for a GPT on a small text.
func TestTextLife(t *testing.T) {
	dir := t.TempDir()
	run, whole, file := filepath.Join(dir, "run"), filepath.Join(dir, "whole"), filepath.Join(dir, "rhyme.txt")
	text := []byte(strings.Repeat("  the cat sat on the mat,\n\tand that was that.\n", 40))
	write := func(name string, p []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("rhyme.txt", text)
	small := []string{"train", "text", file, "--batch", "4", "--set", "model.width=32", "--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.context=16", "--set", "model.bias=true", "--set", "optim.decay=0"}
	must(t, append(small, "--out", whole, "--steps", "60")...)
	must(t, append(small, "--out", run, "--steps", "40")...)
	must(t, "train", "--resume", run, "--steps", "60")
	if !bytes.Equal(newest(t, whole), newest(t, run)) {
		t.Error("60 steps in two parts give other bits than 60 at once")
	}
	greedy := []string{"generate", run, "--prompt", "the c", "--number", "20", "--temperature", "0"}
	if a, b := must(t, greedy...), must(t, append(greedy, "--seed", "9")...); a != b || len(a) != len("the c")+20+1 || !strings.HasPrefix(a, "the c") {
		t.Errorf("generated %q and %q", a, b)
	}
	if a, b := must(t, "generate", run, "-n", "40"), must(t, "generate", run, "-n", "40", "--seed", "2"); a == b {
		t.Errorf("two seeds generate the same: %q", a)
	}
	must(t, "attention", run, "the cat sat on the mat", "-o", filepath.Join(dir, "maps.png"))
	var e struct {
		Step, Examples int
		Loss           float64 `json:"val_loss"`
		Perplexity     float64
		Split          string
	}
	if err := json.Unmarshal([]byte(must(t, "eval", run, "--json")), &e); err != nil || e.Step != 60 || !(e.Loss > 0 && e.Loss < 3) || math.Abs(math.Exp(e.Loss)-e.Perplexity) > 1e-6 || e.Examples < 64 || e.Split == "" {
		t.Errorf("eval says %+v (%v)", e, err)
	}
	refused(t, 1, `never saw the character 'Z'`, "generate", run, "--prompt", "Zebra")
	refused(t, 1, "the prompt is empty", "generate", run, "--prompt", "")
	refused(t, 2, "--temperature", "generate", run, "--temperature", "-1")
	refused(t, 2, "--top-k", "generate", run, "--top-k", "-1")
	refused(t, 1, "genview train translate", "translate", run, "3 May")
	refused(t, 2, "say what text", "train", "text")
	refused(t, 2, "named twice", "train", "text", file, "--data", file)
	for content, want := range map[string]string{"": "is empty", "a": "1 different characters", "ab": "give a longer one", "a\x00b": "is no text", "\xff\xfe": "is no text"} {
		refused(t, 1, want, "train", "text", write("bad.txt", []byte(content)), "--out", filepath.Join(dir, "bad"))
	}
	refused(t, 1, "no such file", "train", "text", filepath.Join(dir, "none.txt"))
	if _, err := os.Stat(filepath.Join(dir, "bad")); err == nil {
		t.Error("a text that cannot be learned from leaves a run folder")
	}
	write("rhyme.txt", []byte("now it is ANOTHER text altogether, "+string(text)))
	refused(t, 1, "is not the text that the run began with", "train", "--resume", run, "--steps", "70")
}

// TestGANLife trains both GANs, resumes one to the same bits, and uses it.
func TestGANLife(t *testing.T) {
	dir := t.TempDir()
	small := []string{"--batch", "16", "--set", "model.hidden=8", "--set", "model.z=4", "--set", "data.size=32"}
	for _, preset := range []string{"gan", "dcgan"} {
		whole, halves := filepath.Join(dir, preset), filepath.Join(dir, preset+"-halves")
		out := must(t, append([]string{"train", preset, "--out", whole, "--steps", "12", "--json"}, small...)...)
		if !strings.Contains(out, `"d_loss":`) || !strings.Contains(out, `"g_loss":`) {
			t.Errorf("%s: the losses are missing: %s", preset, out)
		}
		must(t, append([]string{"train", preset, "--out", halves, "--steps", "5"}, small...)...)
		must(t, "train", "--resume", halves, "--steps", "12")
		if !bytes.Equal(newest(t, whole), newest(t, halves)) {
			t.Errorf("%s: 12 steps in two parts give other bits than 12 at once", preset)
		}
		must(t, "sample", whole, "-n", "4", "-o", filepath.Join(dir, "grid.png"))
		must(t, "walk", whole, "--frames", "3", "-o", filepath.Join(dir, "walk.png"))
		refused(t, 1, "has no measure for a", "eval", whole)
		refused(t, 1, "needs a VAE", "reconstruct", whole, filepath.Join(dir, "grid.png"))
	}
	refused(t, 1, "multiple of 8", "train", "dcgan", "--out", filepath.Join(dir, "no"), "--set", "data.size=28")
}

func write(t *testing.T, path string, p []byte) {
	t.Helper()
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
}

// refused runs the command and wants it to fail with one line that has the text, and nothing else.
func refused(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	stdout, stderr, got := genview(t, args...)
	if got != code || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "goroutine") {
		t.Errorf("genview %s: got exit code %d and %q, want %d and one line with %q", strings.Join(args, " "), got, stderr, code, want)
	}
	if stdout != "" {
		t.Errorf("genview %s: stdout has %q", strings.Join(args, " "), stdout)
	}
}

// holds fails unless the files below a folder, hidden ones too, are those named.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			path, err = filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s has the files %q (%v), want %q", dir, got, err, want)
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, tiny("--out", run, "--steps", "5")...)
	broken := filepath.Join(dir, "broken")
	must(t, tiny("--out", broken, "--steps", "5")...)
	p := newest(t, broken)
	write(t, filepath.Join(broken, "checkpoints", "step-00000006.safetensors"), p[:len(p)/2])
	other := filepath.Join(dir, "other")
	must(t, tiny("--out", other, "--steps", "5", "--set", "model.z=5")...)
	write(t, filepath.Join(other, "checkpoints", "step-00000006.safetensors"), newest(t, run))
	odd := filepath.Join(dir, "odd")
	must(t, tiny("--out", odd, "--steps", "5")...)
	config, _ := os.ReadFile(filepath.Join(odd, "config.yaml"))
	write(t, filepath.Join(odd, "config.yaml"), append(config, "colour: red\n"...))
	folder := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pictures, album, digits, packed := folder("pictures"), folder("album"), folder("digits"), folder("packed")
	must(t, "sample", run, "-n", "1", "-o", filepath.Join(dir, "one.png"))
	picture, err := os.ReadFile(filepath.Join(dir, "one.png"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		write(t, filepath.Join(album, fmt.Sprintf("%d.png", i)), picture)
	}
	torn := filepath.Join(album, "torn.png")
	write(t, torn, picture[:len(picture)/2])
	idx := append([]byte{0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28}, make([]byte, 9*28*28)...)
	write(t, filepath.Join(digits, "train-images-idx3-ubyte"), idx[:len(idx)-1])
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	if _, err := z.Write(idx); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(packed, "train-images-idx3-ubyte.gz"), gz.Bytes()[:gz.Len()/2])
	write(t, filepath.Join(dir, "file"), nil)
	out, lost := filepath.Join(dir, "never.gif"), filepath.Join(dir, "none", "never.gif")
	fresh := func(args ...string) []string { return tiny(append(args, "--out", filepath.Join(dir, "fresh"))...) }

	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "no device \"nothing\"", []string{"sample", run, "--device", "nothing"}},
		{1, "no pictures", fresh("--data", pictures)},
		{1, "no folder " + filepath.Join(dir, "nowhere"), fresh("--data", filepath.Join(dir, "nowhere"))},
		{1, "torn.png cannot be read", fresh("--data", album)},
		{1, "torn.png cannot be read", []string{"reconstruct", run, torn, "-o", out}},
		{1, "is truncated or damaged: it has 7055 of 7056 bytes; replace it", fresh("--data", "mnist", "--data-dir", digits)},
		{1, "is truncated or damaged: unexpected EOF; replace it", fresh("--data", "mnist", "--data-dir", packed)},
		{1, "step-00000006.safetensors is truncated", []string{"walk", broken, "-o", out}},
		{1, "delete it or replace it", []string{"train", "--resume", broken, "--steps", "9"}},
		{1, "another model", []string{"walk", other, "-o", out}},
		{1, "colour", []string{"walk", odd, "-o", out}},
		{1, "is no run", []string{"walk", pictures, "-o", out}},
		{1, "there already", tiny("--out", run)},
		{1, "cannot be written", tiny("--out", filepath.Join(dir, "file", "run"))},
		{1, "never.gif cannot be written: no such file or directory; make room", []string{"walk", run, "--frames", "2", "-o", lost}},
		{1, "ending", []string{"walk", run, "--frames", "2", "-o", filepath.Join(dir, "w.mp4")}},
		{1, "no data set \"minst\"", tiny("--data", "minst")},
		{1, "has no train-images", tiny("--data", "mnist", "--data-dir", pictures)},
		{1, "architecture", tiny("--set", "model.arch=rnn")},
		{2, "--frames 0", []string{"walk", run, "--frames", "0", "-o", out}},
		{2, "-n 0", []string{"sample", run, "-n", "0", "-o", out}},
		{2, "model.z", tiny("--set", "model.depth=3")},
		{2, "--steps", tiny("--steps", "0")},
		{2, "unknown flag", []string{"walk", run, "--nonsense"}},
		{2, "no command", []string{"nonsense"}},
		{2, "--fps 0", []string{"walk", run, "--fps", "0"}},
		{2, "say what to train", []string{"train", "dragon"}},
		{2, "arg", []string{"sample"}},
	} {
		refused(t, c.code, c.want, c.args...)
	}
	for _, never := range []string{"*.gif*", ".*", "fresh"} {
		if left, _ := filepath.Glob(filepath.Join(dir, never)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	must(t, "sample", run, "-n", "1", "-o", filepath.Join(dir, "still.png"))
}

// TestNoDriver tells the Vulkan loader of a driver that is not there, in its new way and its old one.
// TestBench times an op and a step, and reads what is said of them.
func TestBench(t *testing.T) {
	type line struct {
		Name, Device, Kernel string
		MS                   struct{ Min, Median, Max float64 }
		GFLOPs, GBs          float64
		Share                float64 `json:"share_of_peak"`
		Dispatches           int
	}
	read := func(text string) line {
		t.Helper()
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if l.Device == "" || l.Kernel == "" || !(l.MS.Min > 0 && l.MS.Min <= l.MS.Median && l.MS.Median <= l.MS.Max) || !(l.GFLOPs > 0 && l.GBs > 0 && l.Share > 0) {
			t.Errorf("bench says %+v", l)
		}
		return l
	}
	ops := strings.Split(strings.TrimSpace(must(t, "bench", "ops", "gelu/4m", "--json")), "\n")
	if len(ops) != 2 || read(ops[0]).Name != "GELU/4M" || read(ops[1]).Name != "GELU/4M/grad" {
		t.Errorf("bench ops says %q", ops)
	}
	if out := must(t, "bench", "ops", "adam"); !strings.Contains(out, "Adam/800k") || !strings.Contains(out, "×") {
		t.Errorf("bench ops says %s", out)
	}
	if l := read(must(t, "bench", "gpt", "--batch", "1", "--set", "model.layers=1", "--steps", "2", "--json")); l.Name != "gpt" || l.Dispatches < 20 || l.Dispatches > 100 {
		t.Errorf("bench says %+v", l)
	}
	refused(t, 2, "no op of the table", "bench", "ops", "frobnicate")
	refused(t, 2, "--batch is for training steps", "bench", "ops", "--batch", "3")
	refused(t, 2, "genview bench vae|", "bench", "vae", "gan")
}

// TestProfile has kernels timed, in a training and in a benchmark, and reads the table and the trace.
func TestProfile(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace.json")
	events := func() (names map[string]int, kernels int) {
		t.Helper()
		p, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		var all struct {
			TraceEvents []struct {
				Name, Ph string
				TS, Dur  float64
				TID      int
			}
		}
		if err := json.Unmarshal(p, &all); err != nil {
			t.Fatal(err)
		}
		names = map[string]int{}
		for _, e := range all.TraceEvents {
			names[e.Name]++
			if e.TID == 2 {
				kernels++
				if e.Ph != "X" || e.TS < 0 || e.Dur < 0 {
					t.Errorf("the trace has %+v", e)
				}
			}
		}
		return names, kernels
	}
	var l struct {
		Steps, Dispatches int
		Profile           []struct {
			Ops, Kernel      string
			MS, Share, Calls float64
			GFLOPs, GBs      float64
		}
	}
	out := must(t, "bench", "vae", "--batch", "16", "--steps", "4", "--json", "--profile", "--trace", trace)
	if err := json.Unmarshal([]byte(out), &l); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	calls, share, products := 0.0, 0.0, 0.0
	for i, r := range l.Profile {
		calls, share = calls+r.Calls, share+r.Share
		if strings.Contains(r.Ops, "MatMul") && r.GFLOPs > 0 && r.GBs > 0 {
			products += r.Calls
		}
		if i > 0 && r.MS > l.Profile[i-1].MS {
			t.Errorf("row %d takes longer than the one before", i)
		}
	}
	if calls < float64(l.Dispatches) || math.Abs(share-1) > 1e-6 || products < 10 {
		t.Errorf("%v calls of %d dispatches, %v products, %v of the time", calls, l.Dispatches, products, share)
	}
	if names, kernels := events(); names["step"] != 4 || float64(kernels) != 4*calls {
		t.Errorf("the trace has %d steps and %d kernels, want 4 and %v", names["step"], kernels, 4*calls)
	}
	run := filepath.Join(dir, "run")
	if out := must(t, tiny("--out", run, "--steps", "30", "--profile", "--trace", trace)...); !strings.Contains(out, "GFLOP/s") || !strings.Contains(out, "MatMul") {
		t.Errorf("train --profile says %s", out)
	}
	if names, _ := events(); names["step"] != 16 {
		t.Errorf("the trace has %d steps", names["step"])
	}
	plain := filepath.Join(dir, "plain")
	must(t, tiny("--out", plain, "--steps", "30")...)
	if !bytes.Equal(newest(t, run), newest(t, plain)) {
		t.Error("a run that is profiled gives other bits than one that is not")
	}
	refused(t, 1, "there is no such folder", tiny("--out", filepath.Join(dir, "no"), "--trace", filepath.Join(dir, "nowhere", "t.json"))...)
	refused(t, 1, "there is no such folder", "bench", "vae", "--trace", filepath.Join(dir, "nowhere", "t.json"))
}

// TestDryRun asks what runs will take, of which nothing may be left.
func TestDryRun(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	var n struct {
		Parameters, Dispatches int
		Weights                int     `json:"parameter_bytes"`
		State                  int     `json:"state_bytes"`
		Values                 int     `json:"value_bytes"`
		Memory                 int     `json:"device_bytes"`
		FLOPs                  float64 `json:"flops_per_step"`
	}
	if out := must(t, tiny("--dry-run", "--json")...); json.Unmarshal([]byte(out), &n) != nil {
		t.Fatalf("--dry-run says %s", out)
	}
	const weights = 784*32 + 32 + 2*(32*4+4) + 4*32 + 32 + 32*784 + 784
	products := 2 * 16 * float64(784*32+2*32*4+4*32+32*784)
	if n.Parameters != weights || n.Weights != 4*weights || n.State < 8*weights || n.State > 8*weights+100 ||
		n.Values <= 0 || n.Memory < n.Weights+n.State+n.Values || n.Dispatches < 10 || n.FLOPs < 2*products || n.FLOPs > 4*products {
		t.Errorf("the run takes %+v, of %d weights and %.0f FLOPs forward", n, weights, products)
	}
	if out := must(t, "train", "dcgan", "--dry-run"); !strings.Contains(out, "DCGAN") || !strings.Contains(out, "2,000 steps of 128 examples") || !strings.Contains(out, "GFLOPs") {
		t.Errorf("--dry-run says %s", out)
	}
	holds(t, dir)
	refused(t, 2, "say what to train", "train", "--dry-run")
}

func TestNoDriver(t *testing.T) {
	t.Setenv("VK_DRIVER_FILES", "/nonexistent.json")
	t.Setenv("VK_ICD_FILENAMES", "/nonexistent.json")
	run := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{{"devices"}, {"bench", "vae"}, tiny("--out", run)} {
		refused(t, 1, "no Vulkan driver found: install", args...)
		refused(t, 1, "apt-get install mesa-vulkan-drivers", args...)
	}
	if _, err := os.Stat(run); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run folder was made without a device: %v", err)
	}
}

// TestFullAndReadOnlyFolder keeps a run on a disk that gets full, then read-only: the run must open all the same.
func TestFullAndReadOnlyFolder(t *testing.T) {
	dir, disk := t.TempDir(), t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "genview", disk).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a full disk needs root, to mount a small tmpfs: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", disk, err, out)
		}
	})
	t.Setenv("XDG_CACHE_HOME", dir) // where no doctor has left a report, which would be a file more
	run, filler := filepath.Join(disk, "run"), filepath.Join(disk, "filler")
	fill := func(leave int64) {
		t.Helper()
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		info, err := os.Stat(filler)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filler, info.Size()-leave); err != nil {
			t.Fatal(err)
		}
	}
	must(t, tiny("--out", run, "--steps", "5")...)
	files := []string{
		"filler", "run/checkpoints/step-00000005.safetensors", "run/config.yaml", "run/metrics.jsonl",
		"run/samples/step-00000005.png",
	}
	opens := func() {
		t.Helper()
		holds(t, disk, files...)
		must(t, "sample", run, "-n", "1", "-o", filepath.Join(dir, "still.png"))
	}
	animation := filepath.Join(disk, "walk.gif")

	fill(0)
	refused(t, 1, "walk.gif cannot be written: no space left on device; make room", "walk", run, "--frames", "2", "-o", animation)
	refused(t, 1, "no space left on device", "train", "--resume", run, "--steps", "9")
	refused(t, 1, "cannot be written", tiny("--out", filepath.Join(disk, "other"))...)
	opens()

	fill(32 << 10) // holds a line of metrics and a configuration, but no checkpoint
	_, stderr, code := genview(t, "train", "--resume", run, "--steps", "9")
	if want := "the checkpoint of step 9 was not saved"; code != 1 || strings.Count(stderr, "genview:") != 1 ||
		!strings.Contains(stderr, want) || !strings.Contains(stderr, "make room") || strings.Contains(stderr, "goroutine") {
		t.Errorf("got exit code %d and %q, want 1 and an error with %q and what to do", code, stderr, want)
	}
	opens()

	if out, err := exec.Command("mount", "-o", "remount,ro", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	refused(t, 1, "walk.gif cannot be written: read-only file system", "walk", run, "--frames", "2", "-o", animation)
	refused(t, 1, "read-only file system", "train", "--resume", run, "--steps", "9")
	refused(t, 1, "cannot be written", tiny("--out", filepath.Join(disk, "another"))...)
	opens()

	if out, err := exec.Command("mount", "-o", "remount,rw,size=4m", disk).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
	must(t, "train", "--resume", run, "--steps", "9")
}
