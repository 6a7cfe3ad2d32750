package replay

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"genview/models/curves"
	"genview/models/film"
	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/record"
	"genview/models/train"
	"genview/models/watch"
)

const (
	filmsName  = "films" // the folder of a run's films
	filmFPS    = 10
	mostFrames = 600 // a minute; of a longer range some moments are left out
)

// A Film is a film of a view over a part of a run's training: a picture for each recorded step, with the step under it.
type Film struct {
	Recording *record.Recording
	View      string // title of the view, in any case of letters; "": the first that is a picture
	From, To  int    // steps
	FPS       int    // pictures a second
	About     []film.Note
	Watermark string                          // see [film.Film]
	CacheDir  string                          // for the index of the system's fonts; "": they are not used
	Count     func(unit string, done, of int) // receives the progress; nil: nobody does
}

// Make returns the film, to be written by [film.Write], once it has looked at all of it. The end of ctx cuts it off. Pictures of several
// sizes, as maps of texts of several lengths, stand in the middle of the largest.
func (f Film) Make(ctx context.Context) (film.Film, error) {
	var none film.Film
	steps := f.steps()
	if len(steps) == 0 {
		all := f.Recording.Steps()
		return none, fmt.Errorf("nothing is recorded between the steps %d and %d, but from %d to %d", f.From, f.To, all[0], all[len(all)-1])
	}
	fonts, err := lettering.New(lettering.Options{CacheDir: f.CacheDir})
	if err != nil {
		return none, err
	}
	v, err := f.view(steps[len(steps)-1])
	if err != nil {
		return none, err
	}
	f.View = v.Title()
	var size image.Point
	kept := steps[:0]
	for i, step := range steps {
		f.count("looks", i+1, len(steps))
		img := f.picture(fonts, step)
		if ctx.Err() != nil {
			return none, context.Cause(ctx)
		}
		if img != nil {
			size = image.Pt(max(size.X, img.Rect.Dx()), max(size.Y, img.Rect.Dy()))
			kept = append(kept, step)
		}
	}
	if len(kept) == 0 {
		return none, fmt.Errorf("of %s nothing can be read between the steps %d and %d", f.View, f.From, f.To)
	}
	return film.Film{
		Pictures: f.pictures(ctx, fonts, kept, size), Frames: len(kept), FPS: f.FPS, About: f.About, Source: picture.SourceOf(v), Watermark: f.Watermark,
		Numbers: kept, Captions: func(step int) string { return fmt.Sprintf("step %d", step) },
	}, nil
}

// view returns the view as it was recorded at a step.
func (f Film) view(step int) (watch.View, error) {
	m, err := f.Recording.At(step)
	if err != nil {
		return nil, err
	}
	var titles []string
	for _, v := range m.Views {
		if !picture.Drawn(v) {
			continue
		}
		if f.View == "" || strings.EqualFold(v.Title(), f.View) {
			return v, nil
		}
		titles = append(titles, v.Title())
	}
	if len(titles) == 0 {
		return nil, fmt.Errorf("at step %d nothing is recorded that is a picture", step)
	}
	return nil, fmt.Errorf("there is no view %q that is a picture; there is %s", f.View, strings.Join(titles, ", "))
}

// steps returns the recorded steps of the range, at most mostFrames, the first and the last among them.
func (f Film) steps() []int {
	all := slices.DeleteFunc(f.Recording.Steps(), func(step int) bool { return step < f.From || step > f.To })
	if len(all) <= mostFrames {
		return all
	}
	some := make([]int, mostFrames)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(mostFrames-1)]
	}
	return some
}

// pictures yields the pictures of steps in one size.
func (f Film) pictures(ctx context.Context, fonts *lettering.Fonts, steps []int, size image.Point) iter.Seq2[*image.RGBA, error] {
	return func(yield func(*image.RGBA, error) bool) {
		last := image.NewRGBA(image.Rectangle{Max: size}) // stands for a look that was thinned out meanwhile
		for i, step := range steps {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			f.count("pictures", i+1, len(steps))
			if img := f.picture(fonts, step); img != nil {
				last = image.NewRGBA(last.Rect)
				at := size.Sub(img.Rect.Size()).Div(2)
				draw.Draw(last, img.Rect.Add(at), img, img.Rect.Min, draw.Src)
			}
			if !yield(last, nil) {
				return
			}
		}
	}
}

// picture draws the view as it was at a step; nil if there is none.
func (f Film) picture(fonts *lettering.Fonts, step int) *image.RGBA {
	m, err := f.Recording.At(step)
	if err != nil || m.Step != step {
		return nil
	}
	for _, v := range m.Views {
		if v.Title() == f.View {
			return picture.Of(fonts, v)
		}
	}
	return nil
}

func (f Film) count(unit string, done, of int) {
	if f.Count != nil {
		f.Count(unit, done, of)
	}
}

// news is what is heard of the film that is being made.
type news struct {
	text  string
	ended bool
}

// film makes a film in the background.
func (p *player) film(r watch.Film) {
	path, err := p.filmPath(r)
	if p.filming {
		err = errors.New("a film is being made: wait for it")
	}
	if err != nil {
		p.say(err)
		return
	}
	f := Film{Recording: p.recording, View: r.View, From: r.From, To: r.To, FPS: filmFPS, About: p.About, Watermark: p.Watermark, CacheDir: p.CacheDir}
	f.Count = func(unit string, done, of int) {
		select {
		case p.films <- news{text: fmt.Sprintf("filming %s: %d of %d %s", r.View, done, of, unit)}:
		default: // the next one is as good
		}
	}
	p.filming = true
	go func() {
		err := film.CheckName(path)
		var made film.Film
		if err == nil {
			made, err = f.Make(p.Filming)
		}
		if err == nil {
			err = film.Write(path, made)
		}
		n := news{text: "saved " + path, ended: true}
		if err == nil {
			p.Made("film", path)
		} else {
			n.text = fmt.Sprintf("there is no film: %v", err)
		}
		p.films <- n
	}()
}

// filmed shows what is heard of a film.
func (p *player) filmed(n news) {
	p.filming = !n.ended
	p.notice = n.text
	p.publish()
}

// filmPath returns the path of a new film.
func (p *player) filmPath(r watch.Film) (string, error) {
	if p.recording == nil {
		return "", record.ErrNone
	}
	path, err := p.unused(filmsName, fmt.Sprintf("%s-step-%d-%d", strings.Map(inName, r.View), r.From, r.To), r.Format)
	return path + r.Format, err
}

// inName returns what stands for a character of a title in the name of a file.
func inName(c rune) rune {
	if unicode.IsLetter(c) || unicode.IsDigit(c) {
		return unicode.ToLower(c)
	}
	return '-'
}

// unused makes a folder in that of the run, and returns a path in it that no file has with any of the endings.
func (p *player) unused(folder, name string, endings ...string) (string, error) {
	dir := filepath.Join(p.Folder.Dir, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		path := filepath.Join(dir, name)
		if n > 1 {
			path += fmt.Sprintf("-%d", n)
		}
		if !slices.ContainsFunc(endings, func(e string) bool { _, err := os.Lstat(path + e); return err == nil }) { // a folder is made anew, too
			return path, nil
		}
	}
}

// drawings are the forms in which curves are drawn.
var drawings = []string{".svg", ".png", ".csv"}

// draw draws the run's curves, which takes less than a second.
func (p *player) draw(r watch.Draw) {
	text, err := p.drawn(r)
	if err != nil {
		p.say(err)
		return
	}
	p.notice = text
	p.publish()
}

// drawn draws the run's curves, and says where they are.
func (p *player) drawn(r watch.Draw) (string, error) {
	all, err := curves.Of(p.Folder)
	if err != nil {
		return "", err
	}
	path, err := p.unused(filmsName, fmt.Sprintf("curves-step-%d", all.Records[len(all.Records)-1].Step), drawings...)
	if err != nil {
		return "", err
	}
	runs := []*curves.Run{all}
	for _, dir := range p.Folder.Beside {
		other, err := curves.Of(&train.Run{Dir: dir})
		if err != nil {
			return "", err
		}
		runs = append(runs, other)
	}
	own := slices.DeleteFunc(r.Only, func(name string) bool { return !all.Has(name) })
	for _, ending := range drawings {
		o := curves.Options{Time: r.Time, Epochs: r.Epochs, Log: r.Log, Smooth: r.Smooth, Only: own, From: r.From, To: r.To}
		if err := curves.Write(path+ending, runs, o); err != nil {
			return "", err
		}
	}
	p.Made("curves", path)
	return fmt.Sprintf("saved %s%s", path, strings.Join(drawings, ", ")), nil
}
