package main

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSession works with the window as a user does: it begins a training on the start page, looks around in it and films it, closes the
// window while a film is written, opens it again and goes on with the run.
func TestSession(t *testing.T) {
	keepMachineCode(t)
	display, _ := xServer(t, "-screen", "0", "1280x800x24")
	dir := t.TempDir()
	d := newDesktop(t, dir, display)
	d.sees("Choose what to train")
	d.shoot("1-start.png")
	d.click("settings…")
	for _, set := range [][2]string{{"^steps$", "100000"}, {"^batch$", "16"}, {"^hidden$", "32"}} {
		key := d.sees(set[0])
		d.fills(image.Pt(key.Min.X+200, center(key).Y), set[1])
	}
	d.sees("iB of ") // what it needs
	d.shoot("2-form.png")
	d.hit(keyEnter)
	d.sees("Training  ·  step")
	d.sees("steps recorded")
	d.visitsLatents()
	d.steers(runIn(t, dir))
	d.films(runIn(t, dir))
	d.rearranges()
	d.types("f")
	d.sees("^Write$")
	d.hit(keyEnter)
	d.close() // in the middle of a film
	run := runIn(t, dir)
	wholeFilms(t, run)
	saved := savedStep(t, run)
	d = newDesktop(t, dir, display)
	d.click("unfinished")
	d.sees("Stopped  ·  step")
	d.shoot("9-again.png")
	d.types("b")
	d.sees("Training  ·  step")
	d.close()
	if now := savedStep(t, run); now <= saved {
		t.Errorf("the run was saved at step %d, and further training ended at %d", saved, now)
	}
}

// TestSessionWithAttention looks into the heads of a Transformer that is trained.
func TestSessionWithAttention(t *testing.T) {
	keepMachineCode(t)
	display, _ := xServer(t, "-screen", "0", "1280x800x24")
	d := newDesktop(t, t.TempDir(), display, "view", "translate", "--steps", "100000", "--batch", "8", "--set", "model.width=16", "--set", "model.hidden=16", "--set", "model.layers=1")
	d.sees("Training  ·  step")
	d.types(" ")
	d.sees("Paused  ·  step")
	d.click("^zero$")
	d.sees("held-out loss")
	d.shoot("a-ablated.png")
	d.click("^stages$")
	d.sees("^weighted values")
	d.shoot("a-stages.png")
	d.close()
}

// wholeFilms fails if a run has a film that cannot be read, or a file of another that was left behind.
func wholeFilms(t *testing.T, run string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(run, "films"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if _, err := gif.DecodeAll(bytes.NewReader(read(t, filepath.Join(run, "films", f.Name())))); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

// runIn returns the only run below a folder.
func runIn(t *testing.T, dir string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	if err != nil || len(all) != 1 {
		t.Fatalf("the runs are %v (%v)", all, err)
	}
	return all[0]
}

// changes does something, and waits until a part of the window looks otherwise.
func (d *desktop) changes(part image.Rectangle, do func()) {
	d.t.Helper()
	before := d.pixels(part)
	do()
	d.until("a change", func() bool { return !bytes.Equal(d.pixels(part).Pix, before.Pix) })
}

// visitsLatents drags through the latent space, goes to a typed seed, and drops a picture.
func (d *desktop) visitsLatents() {
	title := d.sees("^Latent space$")
	plane := image.Rectangle{title.Min, title.Min.Add(image.Pt(200, 200))}.Add(image.Pt(60, 60))
	d.changes(plane, func() { d.drag(center(plane), plane.Max) })
	d.shoot("3-dragged.png")
	for _, mode := range []string{"^Walk$", "^Directions$", "^Map$", "^Plane$"} {
		d.click(mode)
		d.pass(10)
		d.shoot("3-" + strings.Trim(mode, "^$") + ".png")
	}
	path := filepath.Join(d.cmd.Dir, "one.png")
	dropped := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range 28 {
		dropped.SetGray(i, 14, color.Gray{255})
	}
	var p bytes.Buffer
	if err := png.Encode(&p, dropped); err != nil {
		d.t.Fatal(err)
	}
	write(d.t, path, p.Bytes())
	d.drop(path, center(plane))
	d.sees("one.png, error ")
	d.shoot("3-latents.png")
}

// steers pauses, steps, changes the rate, saves and resumes.
func (d *desktop) steers(run string) {
	d.types(" ")
	d.sees("Paused  ·  step")
	at := d.sees("Paused  ·  step")
	d.changes(at, func() { d.types("o") })
	d.types(".")
	d.sees("rate × 2")
	d.types("s")
	d.sees("saved")
	d.types(" ")
	d.sees("Training  ·  step")
	events := string(read(d.t, filepath.Join(run, "events.jsonl")))
	for _, want := range []string{"pause", "rate", "save", "resume"} {
		if !strings.Contains(events, want) {
			d.t.Errorf("the events are %s, want %q", events, want)
		}
	}
	d.shoot("4-steered.png")
}

// films goes back in time, and films a part of it.
func (d *desktop) films(run string) {
	d.hit(keyLeft)
	d.sees("← → step")
	play, film := d.sees("^Play$"), d.sees("^Film$")
	d.drag(image.Pt(film.Min.X-60, center(film).Y+6), image.Pt((play.Max.X+film.Min.X)/2, center(film).Y+6))
	d.shoot("5-past.png")
	d.types("p")
	d.sees("^Stop$")
	d.hit(keyEnd)
	d.sees("^live$")
	d.types("f")
	d.sees("^Write$")
	d.shoot("6-film.png")
	d.hit(keyEnter)
	d.sees(".gif")
	d.shoot("7-filmed.png")
	all, _ := filepath.Glob(filepath.Join(run, "*", "*.gif"))
	if len(all) != 1 {
		d.t.Fatalf("the films are %v", all)
	}
	d.until("a film", func() bool { _, err := os.Stat(all[0]); return err == nil })
	g, err := gif.DecodeAll(bytes.NewReader(read(d.t, all[0])))
	if err != nil || len(g.Image) < 2 {
		d.t.Errorf("the film has %d pictures (%v)", len(g.Image), err)
	}
}

// rearranges resizes the window, changes its colours, and hides a panel.
func (d *desktop) rearranges() {
	d.hit(keyF3)
	d.resize(700, 500)
	d.sees("Training  ·  step")
	d.shoot("8-small.png")
	d.resize(1280, 800)
	d.hit(keyF2)
	d.sees("^Samples$")
	d.shoot("8-panels.png")
	d.hit(keyF2)
	d.types("?")
	d.sees("pause, resume")
	d.hit(keyEscape)
}
