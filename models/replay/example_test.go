package replay_test

import (
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"genview/models/record"
	"genview/models/replay"
	"genview/models/train"
	"genview/models/watch"
)

// A run's past is shown step by step.
func ExamplePlay() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	w, err := record.NewWriter(filepath.Join(dir, "record"), 1<<20, 0, nil) // what a training does
	if err != nil {
		panic(err)
	}
	for _, step := range []int{0, 10, 100} {
		views := []watch.View{&watch.Pictures{Name: "Samples", Images: []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 8, 8))}}}
		if err := w.Last(step, views, nil); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	past := watch.NewBus()
	go replay.Play(ctx, past, replay.Options{Folder: &train.Run{Dir: dir}})
	past.Send(watch.Seek{Step: 50})
	s := past.Latest()
	for s.Past == nil || s.Past.Shown < 0 {
		<-past.Changed()
		s = past.Latest()
	}
	fmt.Println("of", s.Past.Steps, "step", s.Past.Shown, "shows", s.Views[0].Title())
	// Output: of [0 10 100] step 10 shows Samples
}
