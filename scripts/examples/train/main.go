// Command train trains a VAE on letters and walks through what it has learned: genview train and genview walk in Go.
//
//	go run ./scripts/examples/train [RUN [STEPS]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"genview/models/family"
	"genview/models/film"
	"genview/models/run"
	"genview/models/train"
	"genview/models/walk"
)

func main() {
	dir, steps := filepath.Join("runs", "example"), 2000
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if len(os.Args) > 2 {
		var err error
		if steps, err = strconv.Atoi(os.Args[2]); err != nil || steps < 1 {
			log.Fatal("usage: train [RUN [STEPS]]")
		}
	}
	if err := learn(context.Background(), dir, steps); err != nil {
		log.Fatal(err)
	}
}

func learn(ctx context.Context, dir string, steps int) (err error) {
	c, err := run.New("vae")
	if err != nil {
		return err
	}
	c.SetSteps(steps)
	if err := c.Set("model.z", "8"); err != nil {
		return err
	}
	if _, err := run.Configure(ctx, c, func(key string) bool { return key == "model.z" }); err != nil {
		return err
	}
	t, err := run.Host{}.Create(ctx, dir, c)
	if err != nil {
		return err
	}
	defer func() {
		if failed := t.Close(); err == nil {
			err = failed
		}
	}()
	err = t.Train(ctx, train.Options{
		LogEvery: 100, SaveEvery: train.Every{Steps: 1000},
		OnLog: func(r train.Record) {
			loss, _ := r.Metrics.Value("loss")
			fmt.Printf("step %d: loss %.2f\n", r.Step, loss)
		},
	})
	if err != nil {
		return err
	}
	model, err := run.As[family.Decoder](t.Session)
	if err != nil {
		return err
	}
	space := walk.Space{Z: model.Z()}
	stops, err := space.Stops(ctx, "seeds:1,7,3")
	if err != nil {
		return err
	}
	w, err := walk.New(walk.Options{Frames: 60}, stops...)
	if err != nil {
		return err
	}
	made, err := w.Film(ctx, model, film.Film{FPS: 25, Scale: 4}, walk.Shot{})
	if err != nil {
		return err
	}
	return film.Write(filepath.Join(dir, "walk.gif"), made)
}
