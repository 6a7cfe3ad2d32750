// Command film opens a run of a VAE or a GAN of pictures and writes two films: walk.gif, a walk between three seeds, and training.gif, the
// samples that the run recorded, from the first steps of its training to the last.
//
//	go run ./scripts/examples/film RUN [FOLDER]
package main

import (
	"context"
	"fmt"
	"image"
	"log"
	"os"
	"path/filepath"

	"genview/models/family"
	"genview/models/film"
	"genview/models/picture"
	"genview/models/run"
	"genview/models/walk"
	"genview/models/watch"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: film RUN [FOLDER]")
	}
	folder := "."
	if len(os.Args) > 2 {
		folder = os.Args[2]
	}
	if err := films(context.Background(), os.Args[1], folder); err != nil {
		log.Fatal(err)
	}
}

func films(ctx context.Context, dir, folder string) (err error) {
	s, err := run.Open(ctx, dir, run.Host{})
	if err != nil {
		return err
	}
	defer func() {
		if failed := s.Close(); err == nil {
			err = failed
		}
	}()
	model, err := run.As[family.Decoder](s)
	if err != nil {
		return err
	}
	space, err := s.Space(false, family.Search{})
	if err != nil {
		return err
	}
	stops, err := space.Stops(ctx, "seeds:1-3")
	if err != nil {
		return err
	}
	w, err := walk.New(walk.Options{Frames: 60, Kind: "cubic", Closed: true}, stops...)
	if err != nil {
		return err
	}
	walked, err := w.Film(ctx, model, film.Film{FPS: 25, Scale: 4}, walk.Shot{})
	if err != nil {
		return err
	}
	if err := film.Write(filepath.Join(folder, "walk.gif"), walked); err != nil {
		return err
	}
	return grows(s, filepath.Join(folder, "training.gif"))
}

// grows films how the samples of a run became what they are.
func grows(s *run.Session, path string) error {
	recording, err := s.Folder.Recording()
	if err != nil {
		return err
	}
	var sheets []*image.RGBA
	for _, step := range recording.Steps() {
		moment, err := recording.At(step)
		if err != nil {
			return err
		}
		if v := watch.Find[*watch.Pictures](moment.Views, "Samples"); v != nil {
			sheets = append(sheets, picture.Sheet(v.Images, 8))
		}
	}
	fmt.Printf("%d moments of the training\n", len(sheets))
	return film.Write(path, film.Film{Frames: len(sheets), FPS: 8, Scale: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
		for _, sheet := range sheets {
			if !yield(sheet, nil) {
				return
			}
		}
	}})
}
