package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongUsage: wrong arguments give one line that says what is wrong, and exit code 2.
func TestWrongUsage(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "never")
	fresh := func(args ...string) []string { return tiny(append(args, "--out", out)...) }
	set := func(assignment string) []string { return fresh("--set", assignment) }
	file := filepath.Join(dir, "text.txt")
	write(t, file, []byte(prosaic(2000)))
	for _, c := range []struct {
		want string
		args []string
	}{
		{`there is no command "trian"; did you mean train?`, []string{"trian"}},
		{`there is no command "x\x1b[31m"`, []string{"x\x1b[31m"}},
		{`there is no command "trian"; did you mean train?`, []string{"help", "trian"}},
		{"does not take 1 argument", []string{"completion", "bahs"}},
		{"there is no dcgna; did you mean dcgan?", []string{"train", "dcgna"}},
		{"there is no dragon; say what to train", []string{"train", "dragon"}},
		{"no model and no run dcgna; did you mean dcgan?", []string{"view", "dcgna"}},
		{"did you mean vae?", []string{"bench", "vea"}},
		{"did you mean points?", []string{"tune", "pionts"}},
		{"genview sample does not take 2 arguments: write genview sample RUN; see genview sample --help", []string{"sample", "a", "b"}},
		{"genview eval needs arguments: write genview eval RUN;", []string{"eval"}},
		{"genview attention does not take 1 argument: write genview attention RUN TEXT;", []string{"attention", "a"}},
		{"genview devices does not take 1 argument: write genview devices;", []string{"devices", "a"}},
		{"unknown flag --stpes; did you mean --steps?", fresh("--stpes", "3")},
		{"unknown flag --devcie; did you mean --device?", fresh("--devcie", "3")},
		{"--steps abc: give a whole number, as 100", fresh("--steps", "abc")},
		{"--steps 99999999999999999999: give a whole number", fresh("--steps", "99999999999999999999")},
		{"--steps 2.5: give a whole number", fresh("--steps", "2.5")},
		{"--seed -1: give a whole number of 0 or more", fresh("--seed", "-1")},
		{"--steps needs a value: give a whole number", []string{"train", "vae", "--steps"}},
		{"--temperature hot: give a number", []string{"generate", "r", "--temperature", "hot"}},
		{"--temperature +Inf: give", []string{"generate", "r", "--temperature", "inf"}},
		{"--linger soon: give a time, as 5s", []string{"view", "vae", "--linger", "soon"}},
		{"--without fues: there is no such pass; did you mean fuse?", fresh("--without", "fues")},
		{`--precision is "f23" and must be f32 or bf16; did you mean f32?`, fresh("--precision", "f23")},
		{`--precision is "f23" and must be f32, bf16 or f16`, []string{"bench", "vae", "--precision", "f23", "--steps", "1", "--no-tune"}},
		{"--batch is -5 and must be at least 1", []string{"bench", "vae", "--batch", "-5"}},
		{"--data is minst: there is no such set of pictures; did you mean mnist?", fresh("--data", "minst")},
		{"--data is glyps: there is no such set of pictures; did you mean glyphs?", fresh("--data", "glyps")},
		{"--data is folder: there is no such set of pictures", fresh("--data", "folder")},
		{"takes no vae beside it", []string{"train", "vae", "--resume", dir}},
		{"write key=value", set("model.z")},
		{"--set modelz=3: there is no setting modelz; did you mean model.z?", set("modelz=3")},
		{"did you mean optim.lr?", set("lr=1")},
		{"model is a group of settings: give one of model.arch", set("model=3")},
		{"--set model.z=2.7: model.z takes a whole number, not 2.7", set("model.z=2.7")},
		{"not 99999999999999999999", set("model.z=99999999999999999999")},
		{"optim.lr takes a number up to 3.4e38, not .inf", set("optim.lr=.inf")},
		{"optim.beta1 takes a number up to 3.4e38, not .nan", set("optim.beta1=.nan")},
		{"model.beta takes a number", set("model.beta=.inf")},
		{"model.beta takes a number", set("model.beta=1e39")},
		{"data.binarize takes true or false, not maybe", set("data.binarize=maybe")},
		{"there is no setting x", set("x\nsteps=3")},
		{"optim.min_lr is 1 and must be at most optim.lr, 0.001", smallGPT(file, "--set", "optim.min_lr=1")},
		{"optim.warmup is -1 and must be at least 0", smallGPT(file, "--set", "optim.warmup=-1")},
		{"there is no setting optim.warmup", set("optim.warmup=1")},
		{"optim.beta2 is 1 and must be", set("optim.beta2=1")},
		{"training goes on from a checkpoint", fresh("--recorded", "3")},
		{"give one of them", []string{"sample", "r", "--recorded", "3", "--checkpoint", "3"}},
		{"--recorded -2: give a step", []string{"sample", "r", "--recorded", "-2"}},
		{"a path with a line end in it", fresh("--data", "./a\nb")},
		{"Width is 10 and must be a multiple of Heads", smallGPT(file, "--set", "model.width=10", "--set", "model.heads=3")},
	} {
		refused(t, 2, c.want, c.args...)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("wrong usage leaves a run folder")
	}
	if out := must(t, "help", "train"); !strings.Contains(out, "--resume") {
		t.Errorf("help says %q", out)
	}
}

// TestWrongWalks: flags that make no walk are refused before a run is opened.
func TestWrongWalks(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{"--interp slrp: choose one of circle, cubic, lerp, slerp, noise; did you mean slerp?", []string{"walk", "r", "--interp", "slrp"}},
		{"--ease slow: choose one of in, in-out, linear, out", []string{"walk", "r", "--ease", "slow"}},
		{"--grid 3: give columns and rows, as 4x3", []string{"walk", "r", "--grid", "3"}},
		{"--grid 0x5: give columns and rows, as 4x3", []string{"walk", "r", "--grid", "0x5"}},
		{"a grid of 1000 × 1000: give 1 to 10000 walks", []string{"walk", "r", "--grid", "1000x1000"}},
		{"99999999999 frames make no walk", []string{"walk", "r", "--frames", "99999999999"}},
		{"truncation by NaN", []string{"walk", "r", "--truncation", "NaN"}},
		{"have it pulse, once or more", []string{"walk", "r", "--truncation", "0.3:1", "--loop"}},
		{"--pulses 3: the truncation stays at 0.7", []string{"walk", "r", "--truncation", "0.7", "--pulses", "3"}},
		{"--bends NaN: give more than 0, up to 1000", []string{"walk", "r", "--bends", "NaN"}},
		{"--labels: they are below the walks of a grid", []string{"walk", "r", "--labels"}},
		{"--background #12: give a colour as #rgb", []string{"walk", "r", "--background", "#12"}},
		{"--background #+12345: give a colour as #rgb", []string{"walk", "r", "--background", "#+12345"}},
		{"--truncation 0.5:x: give a number, as 0.7, or two", []string{"walk", "r", "--truncation", "0.5:x"}},
		{"--seconds -1: give more than 0", []string{"walk", "r", "--seconds", "-1"}},
		{"--latents z.txt: the ending must be .npy", []string{"walk", "r", "--latents", "z.txt"}},
		{"--from and --to name the stops of a walk without others", []string{"walk", "r", "seed:1", "--to", "seed:2"}},
	} {
		refused(t, 2, c.want, c.args...)
	}
}

// TestWrongConfig edits a run's configuration by hand.
func TestWrongConfig(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, tiny("--out", run, "--steps", "2")...)
	path := filepath.Join(run, "config.yaml")
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := string(p)
	for _, c := range []struct{ old, new, want string }{
		{"z: 4", "z: 2.7", "model.z takes a whole number, not 2.7"},
		{"z: 4", "zz: 4", "there is no setting model.zz; did you mean model.z?"},
		{"lr: 0.001", "lr: .inf", "optim.lr takes a number up to 3.4e38, not .inf"},
		{"beta: 1", "beta: .nan", "model.beta takes a number"},
		{"seed: 1", "seed: 18446744073709551616", "seed takes a whole number from 0 to 18446744073709551615"},
		{"steps: 2", "steps: 0", "steps is 0 and must be at least 1"},
		{"arch: mlp", "arch: \"\x1b[31m\"", `\x1b[31m`},
		{good, strings.Repeat("[", 200_000), "config.yaml: it has 200000 parts"},
		{good, strings.Repeat("x", 2<<20), "config.yaml: it is longer than"},
		{good, "", "config.yaml: it has no settings"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("the configuration has no %q: %s", c.old, good)
		}
		write(t, path, []byte(strings.Replace(good, c.old, c.new, 1)))
		refused(t, 1, c.want, "sample", run)
		refused(t, 1, "config.yaml", "train", "--resume", run)
	}
	write(t, path, []byte(strings.Replace(good, "lr: 0.001", "lr: 1e-3", 1)))
	must(t, "train", "--resume", run, "--steps", "3", "--no-tune")
	refused(t, 2, "--steps 0", "train", "--resume", run, "--steps", "0")
	refused(t, 1, "the model is an MLP VAE, which does not go on with a text, as GPTs do", "generate", run)
}
