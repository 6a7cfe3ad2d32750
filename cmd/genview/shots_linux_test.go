package main

import (
	"flag"
	"image"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var shots = flag.Bool("shots", false, "make README's pictures of the window")

// TestShots makes README's pictures of the window anew, as a user comes to see them. It takes a quarter of an hour, so it runs only where it is asked to
// leave them:
//
//	GENVIEW_TEST_PICTURES=$PWD/cmd/genview/testdata go test -tags=glfw ./cmd/genview -run TestShots -shots -timeout 1h
func TestShots(t *testing.T) {
	if !*shots || os.Getenv("GENVIEW_TEST_PICTURES") == "" {
		t.Skip("it was not asked for")
	}
	display, _ := xServer(t, "-screen", "0", "1280x800x24")
	dir := t.TempDir()
	light := false
	shoot := func(name string, at int, look func(d *desktop), args ...string) {
		t.Run(name, func(t *testing.T) {
			d := newDesktop(t, dir, display, append([]string{"view"}, args...)...)
			d.reaches(at)
			look(d)
			d.leaves(name)
			if light {
				d.hit(keyF3) // the theme is remembered
				light = false
			}
			d.close()
		})
	}
	shoot("viewer-past.png", 3000, func(d *desktop) {
		plane := d.sees("^Latent space$").Min.Add(image.Pt(60, 60))
		d.drag(plane.Add(image.Pt(150, 150)), plane.Add(image.Pt(280, 190)))
		d.leaves("viewer.png")
		d.hit(keyF3)
		light = true
		film, play := d.sees("^Film$"), d.sees("^Play$")
		y := center(film).Y + 6
		d.drag(image.Pt(film.Min.X-60, y), image.Pt(play.Max.X+(film.Min.X-play.Max.X)/4, y))
		time.Sleep(3 * time.Second) // the key checkpoint is read, and the plane computed
	}, "vae", "--out", "runs/letters", "--steps", "6000")
	shoot("viewer-dates.png", 700, func(d *desktop) {
		d.clickAt(d.sees("^Attention$").Min.Add(image.Pt(100, 45)))
		d.hit(keyCtrl, 'a')
		d.types("the 3rd of May, 1998")
		d.sees("1998-05-03")
	}, "translate", "--out", "runs/dates", "--steps", "2000")
	shoot("viewer-points.png", 11000, func(*desktop) {}, "points", "--out", "runs/grid25")
	shoot("viewer-gan.png", 400, func(*desktop) {}, "dcgan", "--out", "runs/dcgan")
}

// leaves leaves a picture of the window with the mouse out of the way.
func (d *desktop) leaves(name string) {
	d.t.Helper()
	d.move(image.Pt(5, 5))
	d.shoot(name)
}

// reaches waits until the training has made so many steps.
func (d *desktop) reaches(step int) {
	d.t.Helper()
	for began := time.Now(); d.step() < step; time.Sleep(time.Second) {
		if time.Since(began) > 20*time.Minute {
			d.t.Fatalf("step %d has not come", step)
		}
		d.pass(1)
	}
}

// step returns the step that the window shows.
func (d *desktop) step() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.labels {
		if _, s, ok := strings.Cut(l.Text, "·  step "); ok {
			n, _ := strconv.Atoi(strings.ReplaceAll(strings.Fields(s)[0], ",", ""))
			return n
		}
	}
	return 0
}
