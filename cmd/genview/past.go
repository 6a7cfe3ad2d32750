package main

import (
	"context"
	"path/filepath"

	"genview/models/audit"
	"genview/models/film"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// play shows the past of the run in a folder on a bus until looking ends, and then finishes the film that the user has begun, which the
// end of ctx cuts off. Without a session in o the run is in training.
func (a *app) play(ctx, looking context.Context, past *watch.Bus, dir string, o replay.Options) {
	o.Folder = &train.Run{Dir: dir, Beside: a.beside} // it is only read
	if o.Session == nil {
		h := a.host()
		h.Say, h.Notice, h.Begin, h.Count = nil, nil, nil, nil // the terminal shows the training
		h.Ended, h.Trust = looking.Err, nil                    // it is this process that trains
		o.Open = func(ctx context.Context, step int) (*run.Session, error) {
			return h.OpenRecorded(ctx, dir, step, run.Place{})
		}
	}
	if folder, err := train.OpenRun(dir); err == nil {
		if cfg, err := run.Parse(folder.Config()); err == nil {
			o.Watermark = a.markOf(cfg)
		}
	}
	o.Filming, o.CacheDir = ctx, cacheDir()
	o.About = []film.Note{{Key: "Software", Value: "genview " + version + commit()}, {Key: "Run", Value: visible(filepath.Base(dir))}}
	o.Made = func(what, path string) { a.log(dir, audit.Entry{What: what, File: filepath.Base(path)}) }
	o.Say = func(line string) { a.console.say("%s", line) }
	replay.Play(looking, past, o)
}
