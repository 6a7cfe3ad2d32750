package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		recorded(t, run, 40, "Samples, Latent space", map[string]string{"mlp": "fc1, fc21, fc22, fc3, fc4", "conv": "decoder, encoder"}[arch])
		picture := filepath.Join(dir, "grid.png")
		must(t, "sample", run, "-n", "10", "-o", picture)
		must(t, "walk", run, "--frames", "5", "-o", filepath.Join(dir, "walk.gif"))
		must(t, "reconstruct", run, picture, "-o", filepath.Join(dir, "pairs.png"))
		if arch == "mlp" {
			charts(t, dir, run)
			walks(t, run, picture)
		}
		early := filepath.Join(dir, "early.png")
		must(t, "sample", run, "-n", "10", "--recorded", "1", "-o", early)
		if bytes.Equal(read(t, early), read(t, picture)) {
			t.Error("the weights that the recording has of the first step draw what the newest draw")
		}
		var e struct {
			Step       int
			ELBO, LogP float64
		}
		if err := json.Unmarshal([]byte(must(t, "eval", run, "--examples", "150", "--samples", "5", "--json")), &e); err != nil || e.Step != 40 || !(e.LogP >= e.ELBO-5) || e.ELBO >= 0 {
			t.Errorf("eval says %+v (%v)", e, err)
		}
	}
}

// TestPointsLife trains on points for a moment, evaluates the model, and draws its samples.
func TestPointsLife(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, "train", "points", "--data", "points:ring8", "--out", run, "--steps", "40", "--set", "model.hidden=16")
	recorded(t, run, 40, "Points", "average, discriminator")
	if all, err := filepath.Glob(filepath.Join(run, "record", "step-*40.jsonl")); err != nil || len(all) != 1 || !bytes.Contains(read(t, all[0]), []byte(" of 8 modes, ")) {
		t.Errorf("%q does not say how good the points are (%v)", all, err)
	}
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
	must(t, "sample", run, "-n", "9000", "-o", filepath.Join(dir, "cloud.png")) // more than are made at a time
	refused(t, 2, "10000000 or fewer", "sample", run, "-n", "100000000000", "-o", filepath.Join(dir, "no.png"))
	refused(t, 2, "10000000 or fewer", "eval", run, "--examples", "100000000000")
	refused(t, 1, "has no latent space of pictures", "walk", run, "-o", filepath.Join(dir, "walk.gif"))
	refused(t, 2, "--data is glyphs and must be points:ring8, points:grid25 or a file of points", "train", "points", "--data", "glyphs", "--out", filepath.Join(dir, "no"))
	refused(t, 2, "--data is points:ring8, which takes model.arch=points", "train", "gan", "--data", "points:ring8", "--out", filepath.Join(dir, "no"))
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
	recorded(t, run, 30, "Examples, Attention", "decoder, embedding, encoder")
	if out := must(t, "translate", run, "3 May 1998", "Dec 24, 2020"); strings.Count(out, "\n") != 2 {
		t.Errorf("two texts become %q", out)
	}
	maps := filepath.Join(dir, "maps.png")
	must(t, "attention", run, "3 May 1998", "-o", maps)
	if img, err := os.ReadFile(maps); err != nil || !bytes.HasPrefix(img, []byte("\x89PNG")) {
		t.Errorf("attention wrote %d bytes, %v", len(img), err)
	}
	refused(t, 1, "the layers' maps differ in size, and a .npy holds one array: write .npz", "attention", run, "3 May 1998", "-o", filepath.Join(dir, "maps.npy"))
	table := filepath.Join(dir, "heads.csv")
	must(t, "heads", run, "--examples", "4", "-o", table)
	if p, err := os.ReadFile(table); err != nil || bytes.Count(p, []byte("\n")) != 1+3*4 {
		t.Errorf("heads wrote %s, %v", p, err)
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
	refused(t, 1, "does not go on with a text, as GPTs do", "generate", run)
	refused(t, 1, "has no latent space of pictures", "walk", run)
	refused(t, 1, "makes no pictures", "sample", run)
	refused(t, 2, "--data is glyphs and must be dates", "train", "translate", "--data", "glyphs")
	refused(t, 2, "must be a multiple of Heads", "train", "translate", "--set", "model.heads=3", "--out", filepath.Join(dir, "no"))
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
	recorded(t, run, 60, "Sample, Attention", "h, ln_f, wpe, wte")
	greedy := []string{"generate", run, "--prompt", "the c", "--number", "20", "--temperature", "0"}
	if a, b := must(t, greedy...), must(t, append(greedy, "--seed", "9")...); a != b || len(a) != len("the c")+20+1 || !strings.HasPrefix(a, "the c") {
		t.Errorf("generated %q and %q", a, b)
	}
	if a, b := must(t, "generate", run, "-n", "40"), must(t, "generate", run, "-n", "40", "--seed", "2"); a == b {
		t.Errorf("two seeds generate the same: %q", a)
	}
	if out := must(t, "attention", run, "the cat sat on the mat"); !strings.HasPrefix(out, "of 22 characters the model reads 16: the maps are of the last\nthe cat sat on the mat → \"") ||
		!strings.Contains(out, "\nnext: \"") || strings.Count(out, "h.0.attn") != 2 {
		t.Errorf("attention says\n%s", out)
	}
	page := filepath.Join(dir, "maps.html")
	must(t, "attention", run, "the mat", "--reduce", "rollout", "-o", page)
	if p, err := os.ReadFile(page); err != nil || !bytes.Contains(p, []byte("<title>the mat</title>")) || !bytes.Contains(p, []byte("genview attention run")) {
		t.Errorf("the page is %d bytes, %v", len(p), err)
	}
	looksInto(t, run, dir)
	var r struct {
		Step  int
		Loss  float64
		Heads []struct{ Induction, Zero, Mean *float64 }
	}
	if err := json.Unmarshal([]byte(must(t, "heads", run, "--json", "--examples", "2")), &r); err != nil || r.Step != 60 || !(r.Loss > 0) || len(r.Heads) != 2 ||
		r.Heads[1].Induction == nil || r.Heads[1].Zero == nil || r.Heads[1].Mean == nil {
		t.Errorf("heads says %+v, %v", r, err)
	}
	refused(t, 1, "maps.json cannot be written", "attention", run, "the mat", "-o", filepath.Join(dir, "none", "maps.json"))
	refused(t, 1, "for maps also .html, .json, .npy, .npz", "attention", run, "the mat", "-o", "maps.txt")
	refused(t, 2, `"mean" is no way to reduce maps: give average, maximum, rollout`, "attention", run, "the mat", "--reduce", "mean")
	refused(t, 2, "the ending must be .json or .csv", "heads", run, "-o", "heads.txt")
	refused(t, 2, "--examples: give 1 or more", "heads", run, "--examples", "0")
	var e struct {
		Step, Examples int
		Loss           float64 `json:"val_loss"`
		Perplexity     float64
		Split          string
	}
	if err := json.Unmarshal([]byte(must(t, "eval", run, "--json")), &e); err != nil || e.Step != 60 || !(e.Loss > 0 && e.Loss < 3) || math.Abs(math.Exp(e.Loss)-e.Perplexity) > 1e-6 || e.Examples != 184 || e.Split == "" {
		t.Errorf("eval says %+v (%v)", e, err)
	}
	refused(t, 1, `never saw the character 'Z'`, "generate", run, "--prompt", "Zebra")
	refused(t, 1, "the prompt is empty", "generate", run, "--prompt", "")
	refused(t, 2, "--temperature", "generate", run, "--temperature", "-1")
	refused(t, 2, "--top-k", "generate", run, "--top-k", "-1")
	refused(t, 2, "--top-p", "generate", run, "--top-p", "1.5")
	refused(t, 1, "does not translate", "translate", run, "3 May")
	refused(t, 2, "say what to learn from: genview train text FILE", "train", "text")
	refused(t, 2, "named twice", "train", "text", file, "--data", file)
	for content, want := range map[string]string{"": "is empty", "a": "1 different characters", "ab": "give a longer one", "a\x00b": "is no text", "\xff\xfe": "is in UTF-16", "\xff": "is no text"} {
		refused(t, 1, want, "train", "text", write("bad.txt", []byte(content)), "--out", filepath.Join(dir, "bad"))
	}
	refused(t, 1, "no such file", "train", "text", filepath.Join(dir, "none.txt"))
	if _, err := os.Stat(filepath.Join(dir, "bad")); err == nil {
		t.Error("a text that cannot be learned from leaves a run folder")
	}
	write("rhyme.txt", []byte("now it is ANOTHER text altogether, "+string(text)))
	refused(t, 1, "is not what the run began with", "train", "--resume", run, "--steps", "70")
	refused(t, 1, "is not the text that the run began with", "train", "--resume", run, "--steps", "70", "--accept-data")
}

// looksInto asks for the stages of a GPT's heads.
func looksInto(t *testing.T, run, dir string) {
	t.Helper()
	if out := must(t, "attention", run, "the mat", "--stages", "h.0.attn:2"); strings.Count(out, "\n") != 8 || !strings.Contains(out, "looks most at") {
		t.Errorf("the stages of a head are\n%s", out)
	}
	must(t, "attention", run, "the mat", "--stages", "h.0.attn:1", "-o", filepath.Join(dir, "stages.npz"))
	refused(t, 1, `there is no head 3 of "h.0.attn"; the layers are h.0.attn (2 heads)`, "attention", run, "the mat", "--stages", "h.0.attn:3")
	refused(t, 2, "give a layer and the number of a head", "attention", run, "the mat", "--stages", "h.0.attn")
	refused(t, 2, "stages are written as .json or .npz", "attention", run, "the mat", "--stages", "h.0.attn:1", "-o", "stages.png")
	refused(t, 2, "give one of the two", "attention", run, "the mat", "--stages", "h.0.attn:1", "--reduce", "average")
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
		recorded(t, halves, 12, "Samples, Latent space", "average")
		must(t, "sample", whole, "-n", "4", "-o", filepath.Join(dir, "grid.png"))
		must(t, "walk", whole, "--frames", "3", "-o", filepath.Join(dir, "walk.png"))
		refused(t, 1, "has nothing that is measured", "eval", whole)
		refused(t, 1, "cannot encode pictures, as VAEs can", "reconstruct", whole, filepath.Join(dir, "grid.png"))
	}
	refused(t, 2, "multiple of 8", "train", "dcgan", "--out", filepath.Join(dir, "no"), "--set", "data.size=28")
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
