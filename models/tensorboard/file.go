package tensorboard

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/watch"
)

// A File is an event file that is being written. It is for one goroutine.
type File struct {
	f       disk
	size    int64  // of the whole records
	pending []byte // records that could not be written yet
	dropped int    // events that are missing because too much was pending

	cacheDir string
	fonts    *lettering.Fonts // nil: nothing with text was drawn yet
}

// A disk is the part of os.File that a File needs.
type disk interface {
	WriteAt(p []byte, at int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
	Name() string
}

// mostPending is the most bytes of events that wait until they can be written.
const mostPending = 32 << 20

// prefix begins the names of event files. TensorBoard reads files with "tfevents" in their names, in the order of their names.
const prefix = "events.out.tfevents."

// Create makes a new event file in a folder, for a session of training that begins after a step. cacheDir holds the index of the system's
// fonts, which attention maps need; "": they are not used.
func Create(dir, cacheDir string, from int, at time.Time) (*File, error) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s%010d.genview.%d.%d", prefix, at.Unix(), os.Getpid(), n)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("tensorboard: %w", err)
		}
		out := &File{f: f, cacheDir: cacheDir}
		events := []message{began(at)}
		if from > 0 {
			events = append(events, restarted(from+1, at))
		}
		return out, out.write(events...) // what cannot be written now is tried again with the next events
	}
}

// Settings adds the hyper-parameters of the session, and a text of them.
func (f *File) Settings(all []watch.Setting, at time.Time) error {
	var text strings.Builder
	text.WriteString("| setting | value | meaning |\n|---|---|---|\n")
	for _, s := range all {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", cell(s.Key), cell(s.Value), cell(s.Meaning))
	}
	return f.write(summary(0, at, started(all, at)), summary(0, at, markdown("settings", text.String())))
}

// Metrics adds the numbers of a step.
func (f *File) Metrics(step int, at time.Time, all watch.Metrics) error {
	var values []message
	for _, m := range all {
		if !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0) {
			values = append(values, scalar(m.Name, m.Value))
		}
	}
	if len(values) == 0 {
		return nil
	}
	return f.write(summary(step, at, values...))
}

// Views adds what a model shows at a step: pictures, heat maps and points as images, texts and tables as texts, parameters as histograms. It
// leaves out curves and latent spaces.
func (f *File) Views(step int, at time.Time, views []watch.View) error {
	var values []message
	for _, v := range views {
		more, err := f.values(v)
		if err != nil {
			return fmt.Errorf("tensorboard: %s of step %d: %w", v.Title(), step, err)
		}
		values = append(values, more...)
	}
	if len(values) == 0 {
		return nil
	}
	return f.write(summary(step, at, values...))
}

func (f *File) values(v watch.View) ([]message, error) {
	switch v := v.(type) {
	case *watch.Texts:
		return []message{markdown(v.Name, texts(v))}, nil
	case *watch.Table:
		return []message{markdown(v.Name, table(v))}, nil
	case *watch.Layers:
		var all []message
		for _, l := range v.Layers {
			if len(l.Weight.Counts) > 0 {
				all = append(all, histogram("weights/"+l.Name, l.Weight))
			}
			if len(l.Gradient.Counts) > 0 {
				all = append(all, histogram("gradients/"+l.Name, l.Gradient))
			}
		}
		return append(all, scalar("device_memory_bytes", float64(v.Memory))), nil
	}
	if !picture.Drawn(v) {
		return nil, nil
	}
	if _, ok := v.(*watch.HeatMaps); ok && f.fonts == nil {
		var err error
		if f.fonts, err = lettering.New(lettering.Options{CacheDir: f.cacheDir}); err != nil {
			return nil, err
		}
	}
	img := picture.Of(f.fonts, v)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, err
	}
	return []message{pictureOf(v.Title(), img.Rect.Dx(), img.Rect.Dy(), out.Bytes())}, nil
}

// texts writes examples as Markdown: those with a correct answer as a table, others as blocks of text.
func texts(v *watch.Texts) string {
	if v.Judged() {
		t := &watch.Table{Columns: []string{"input", "output", "correct"}}
		for _, e := range v.Examples {
			t.Rows = append(t.Rows, []string{e.Input, e.Output, e.Want})
		}
		return table(t)
	}
	var out strings.Builder
	for _, e := range v.Examples { // an indented block shows any text as it is
		for line := range strings.Lines(e.Input + e.Output) {
			out.WriteString("    " + strings.TrimRight(line, "\r\n") + "\n")
		}
		out.WriteString("\n---\n\n")
	}
	return out.String()
}

func table(v *watch.Table) string {
	var out strings.Builder
	row := func(cells []string) {
		for _, c := range cells {
			out.WriteString("| " + cell(c) + " ")
		}
		out.WriteString("|\n")
	}
	row(v.Columns)
	out.WriteString(strings.Repeat("|---", len(v.Columns)) + "|\n")
	for _, r := range v.Rows {
		row(r)
	}
	return out.String()
}

// cell returns a text as it is written in a cell of a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "\r", "", "\n", " ", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`").Replace(text)
}

// write appends events, with those that could not be written before. If that fails, the file ends with a whole record, and the events wait.
func (f *File) write(events ...message) error {
	for _, e := range events {
		if len(f.pending)+len(e) > mostPending {
			f.dropped++
			continue
		}
		f.pending = frame(f.pending, e)
	}
	if len(f.pending) == 0 {
		return nil
	}
	n, err := f.f.WriteAt(f.pending, f.size)
	if err != nil {
		if n > 0 { // the disk is full
			_ = f.f.Truncate(f.size)
		}
		return fmt.Errorf("tensorboard: %w", err)
	}
	f.size += int64(n)
	f.pending = nil
	return nil
}

// Path returns the path of the file.
func (f *File) Path() string { return f.f.Name() }

// Close closes the file as it is, without what is pending.
func (f *File) Close() error { return f.f.Close() }

// End adds that the session is over, and closes the file. It returns an error if events are missing.
func (f *File) End(at time.Time) error {
	err := f.write(summary(0, at, ended(at)))
	if err == nil && f.dropped > 0 {
		err = fmt.Errorf("tensorboard: %d events are missing in %s", f.dropped, f.Path())
	}
	return errors.Join(err, f.f.Sync(), f.f.Close())
}
