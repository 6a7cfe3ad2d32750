package run_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/family"
	"genview/models/film"
	"genview/models/run"
	"genview/models/train"
	"genview/models/walk"
)

// A program opens a run by its folder, and asks its model for an ability.
func ExampleOpen() {
	ctx := context.Background()
	s, err := run.Open(ctx, "runs/letters", run.Host{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	model, err := run.As[family.Decoder](s)
	if err != nil {
		log.Fatal(err) // as: the model is a GPT, which has no latent space of pictures to walk through
	}
	space, err := s.Space(false, family.Search{})
	if err != nil {
		log.Fatal(err)
	}
	stops, err := space.Stops(ctx, "seeds:1,7")
	if err != nil {
		log.Fatal(err)
	}
	w, err := walk.New(walk.Options{Frames: 60}, stops...)
	if err != nil {
		log.Fatal(err)
	}
	made, err := w.Film(ctx, model, film.Film{Scale: 4}, walk.Shot{})
	if err != nil {
		log.Fatal(err)
	}
	if err := film.Write("walk.gif", made); err != nil {
		log.Fatal(err)
	}
}

// A new run is configured from a preset, and trained into its folder.
func ExampleHost_Create() {
	ctx := context.Background()
	c, err := run.New("translate")
	if err != nil {
		log.Fatal(err)
	}
	c.SetSteps(600)
	if _, err := run.Configure(ctx, c, func(string) bool { return false }); err != nil {
		log.Fatal(err)
	}
	t, err := run.Host{}.Create(ctx, "runs/dates", c)
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	if err := t.Train(ctx, train.Options{LogEvery: 100, SaveEvery: train.Every{Steps: 300}}); err != nil {
		log.Fatal(err)
	}
	model, err := run.As[family.Translator](t.Session)
	if err != nil {
		log.Fatal(err)
	}
	out, err := model.Translate(ctx, []string{"3 May 1998"})
	fmt.Println(out, err)
}
