package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"genview/models/data"
	"genview/models/encrypt"
	"genview/models/family"
	"genview/models/run"
	"genview/models/settings"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/zoo"
)

const (
	runsDir    = "runs" // where runs are kept unless --out says otherwise
	mostRecent = 8
)

// A startPage serves the start page until the user has chosen.
type startPage struct {
	w      *watching
	shows  watch.Snapshot
	chosen stage

	weighed chan watch.Needs
	stop    func() // ends the weighing in progress, and waits for it
}

// choosing shows the start page, and makes what the user chooses. What cannot be made leaves the page, with a line that says why.
func choosing(w *watching) (stage, error) {
	p := &startPage{w: w, weighed: make(chan watch.Needs), stop: func() {}, shows: watch.Snapshot{State: watch.Choosing, Choices: choices("")}}
	p.publish()
	ctx, stop := context.WithCancel(w.looking)
	found := make(chan []watch.Recent, 1)
	go func() { found <- recentRuns(ctx, runsDir) }()
	defer func() {
		stop()
		p.stop()
		if found != nil {
			<-found
		}
	}()
	for p.chosen == nil {
		select {
		case <-w.looking.Done():
			return nil, nil
		case p.shows.Recent = <-found:
			found = nil
			p.publish()
		case p.shows.Needs = <-p.weighed:
			p.publish()
		case <-w.bus.Pending():
			w.bus.Serve(time.Second, p.answer)
		}
	}
	return p.chosen, nil
}

func (p *startPage) publish() {
	s := p.shows
	p.w.bus.Publish(&s)
}

// answer does what the user asks for.
func (p *startPage) answer(r watch.Request) {
	if p.chosen != nil || p.w.looking.Err() != nil {
		return
	}
	var err error
	switch r := r.(type) {
	case watch.Choose:
		p.chosen, err = p.begins(r)
	case watch.Weigh:
		p.weigh(r)
		return
	case watch.Open:
		p.chosen, err = p.opens(r.Dir)
	case watch.Learn:
		var kind string
		if r.Path != "" {
			kind, err = learnable(r.Path)
		}
		if err == nil {
			p.shows.Choices, p.shows.Learns = choices(kind), r.Path
		}
	default:
		return
	}
	if p.chosen != nil {
		return
	}
	p.shows.Message = ""
	if err != nil {
		p.shows.Message = oneLine(advise(err))
	}
	p.publish()
}

// begins makes the training of a choice.
func (p *startPage) begins(r watch.Choose) (stage, error) {
	preset, _, ok := zoo.Preset(r.Name)
	switch {
	case !ok:
		return nil, nil
	case preset.Argument != "" && p.shows.Learns == "":
		return nil, errors.New("this learns from a text of yours: drop a text file on the window")
	}
	p.stop() // its device memory
	learns := p.shows.Learns
	if r.Points != nil {
		dir, err := os.MkdirTemp("", "genview-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) // the run has a copy
		learns = filepath.Join(dir, "drawn.csv")
		if err := data.WritePoints(learns, onPlane(r.Points.XY)); err != nil {
			return nil, err
		}
	}
	cfg, told, err := configureChoice(p.w.training, r.Name, r.Set, learns)
	if err != nil {
		return nil, err
	}
	j, err := p.w.app.ready(p.w.training, &trainFlags{}, plan{config: cfg, told: told}, false)
	if err != nil {
		return nil, err
	}
	return j.stage, nil
}

// onPlane returns points of a plane from −1 to 1 in the one of the data sets of points.
func onPlane(xy []float32) []float32 {
	out := make([]float32, len(xy))
	for i, v := range xy {
		out[i] = v * 4
	}
	return out
}

// configureChoice makes the configuration of a choice with changed settings, to learn from a path; "": from its usual data.
func configureChoice(ctx context.Context, preset, set, learns string) (cfg *run.Config, told string, err error) {
	cfg, err = run.New(preset)
	if err == nil && learns != "" {
		err = cfg.Set("data.name", learns)
	}
	lines := strings.Split(set, "\n")
	for _, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		if ok && err == nil {
			err = cfg.Set(key, value)
		}
		if ok && err == nil && key == "steps" && cfg.Steps > 0 {
			cfg.SetSteps(cfg.Steps) // with the schedule
		}
	}
	if err == nil {
		told, err = run.Configure(ctx, cfg, asked(lines))
	}
	return cfg, told, err
}

// opens shows a run.
func (p *startPage) opens(dir string) (stage, error) {
	playing, err := p.w.app.lookAt(p.w.training, dir, p.w.bus)
	if err != nil {
		return nil, err
	}
	return func(w *watching) (stage, error) { return w.shows(playing) }, nil
}

// Kinds of what can be dropped on the start page.
const (
	ofPictures = "pictures"
	ofText     = "text"
	ofPoints   = "points"
)

// learnable says what a path names that a model could learn from.
func learnable(path string) (kind string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return ofPictures, nil
	}
	if data.IsPointsFile(path) {
		if _, err := data.ReadPoints(path); err == nil {
			return ofPoints, nil
		}
	}
	var begin []byte
	if info.Mode().IsRegular() {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if begin, err = io.ReadAll(io.LimitReader(f, 4096)); err != nil {
			return "", err
		}
	}
	for cut := 0; len(begin) > 0 && cut < utf8.UTFMax; cut++ { // the last character may be cut
		if part := begin[:len(begin)-min(cut, len(begin))]; utf8.Valid(part) && !bytes.ContainsRune(part, 0) {
			return ofText, nil
		}
	}
	return "", fmt.Errorf("%s is neither a folder of pictures nor a text: drop one of these, or a .csv of points", filepath.Base(path))
}

// choices returns the start page's choices for data of a kind; "": all of them.
func choices(kind string) []watch.Choice {
	var all []watch.Choice
	for _, p := range zoo.Presets() {
		if p.Choice == nil || kind != "" && kind != learnsFrom(p) {
			continue
		}
		c := *p.Choice
		c.Name, c.Settings, c.Draws = p.Name, offered(p.Name), drawable(p)
		all = append(all, c)
	}
	return all
}

// mostOffered is how many settings a choice offers: those of all models, and the first ones of its own.
const mostOffered = 7

// offered returns the settings of a preset that a user changes most.
func offered(preset string) (all []watch.Setting) {
	cfg, err := run.New(preset)
	if err != nil {
		return nil
	}
	list := cfg.List()
	add := func(fits func(s settings.Setting) bool) {
		for _, s := range list {
			if !fits(s) || len(all) == mostOffered {
				continue
			}
			meaning := s.Meaning
			if s.Allowed != "" {
				meaning += " (" + s.Allowed + ")"
			}
			all = append(all, watch.Setting{Key: s.Key, Value: s.Value, Meaning: meaning})
		}
	}
	add(func(s settings.Setting) bool { return slices.Contains([]string{"steps", "batch", "optim.lr"}, s.Key) })
	add(func(s settings.Setting) bool { return strings.HasPrefix(s.Key, "model.") })
	return all
}

// learnsFrom returns the kind of data that a preset can learn from; "" for its own only.
func learnsFrom(p family.Preset) string {
	cfg, err := run.New(p.Name)
	switch {
	case p.Argument != "":
		return ofText
	case err == nil && slices.ContainsFunc(cfg.List(), func(s settings.Setting) bool { return s.Key == "data.name" && s.Value == "glyphs" }):
		return ofPictures
	case err == nil && drawable(p):
		return ofPoints
	}
	return ""
}

// drawable tells whether a preset learns from points in the plane.
func drawable(p family.Preset) bool {
	cfg, err := run.New(p.Name)
	return err == nil && slices.ContainsFunc(cfg.List(), func(s settings.Setting) bool { return s.Key == "data.name" && data.IsPoints(s.Value) })
}

// recentRuns returns the runs in a folder, those that were trained last first.
func recentRuns(ctx context.Context, dir string) (all []watch.Recent) {
	type place struct {
		dir  string
		last time.Time
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there is no folder of runs yet
	}
	var places []place
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		if info, err := os.Stat((&train.Run{Dir: at}).MetricsPath()); err == nil {
			places = append(places, place{at, info.ModTime()})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return b.last.Compare(a.last) })
	for _, p := range places {
		if ctx.Err() != nil || len(all) == mostRecent {
			break
		}
		if r, ok := recentRun(p.dir); ok {
			all = append(all, r)
		}
	}
	return all
}

// recentRun tells what is known of a run; false: it cannot be opened.
func recentRun(dir string) (watch.Recent, bool) {
	folder, err := train.OpenRun(dir)
	if err != nil {
		return watch.Recent{}, false
	}
	cfg, err := run.Parse(folder.Config())
	if err != nil {
		return watch.Recent{}, false
	}
	r := watch.Recent{Dir: dir, Model: cfg.Settings.Title(), Steps: cfg.Steps}
	_, step, err := folder.Newest()
	if err == nil {
		r.Step = step
	}
	if encrypt.Locked(dir) { // nobody is asked for a passphrase for a small picture
		return r, err == nil
	}
	recording, unrecorded := folder.Recording()
	if unrecorded != nil {
		return r, err == nil
	}
	steps := recording.Steps()
	last := steps[len(steps)-1]
	r.Step = max(r.Step, last)
	if moment, err := recording.At(last); err == nil {
		r.Shows = portrait(moment.Views)
	}
	return r, true
}

// portrait chooses the view of which a small picture says most; nil: there is none.
func portrait(views []watch.View) watch.View {
	for _, fits := range []func(v watch.View) bool{
		func(v watch.View) bool { p, ok := v.(*watch.Pictures); return ok && len(p.Images) > 0 },
		func(v watch.View) bool { _, ok := v.(*watch.Scatter); return ok },
		func(v watch.View) bool { p, ok := v.(*watch.Texts); return ok && len(p.Examples) > 0 && !p.Judged() },
		func(v watch.View) bool { m, ok := v.(*watch.HeatMaps); return ok && len(m.Maps) > 0 },
	} {
		if i := slices.IndexFunc(views, fits); i >= 0 {
			return views[i]
		}
	}
	return nil
}
