package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"genview/models/encrypt"
	"genview/models/npy"
	"genview/models/record"
	"genview/models/safetensors"
	"genview/models/signature"
	"genview/models/watch"
	"genview/vk/files"
)

// A Checked says what is known of a file of a run.
type Checked struct {
	File    string `json:"file"`              // in the run's folder, with slashes
	Problem string `json:"problem,omitempty"` // continues after the file's name; "": it is whole
	Remedy  string `json:"remedy,omitempty"`  // what becomes of the damage, or what can be done
	GoOn    *int   `json:"go_on,omitempty"`   // the step of the whole checkpoint to go on from; nil: none need be named
	Note    string `json:"note,omitempty"`    // about a file that is whole
	Locked  bool   `json:"locked,omitempty"`  // it is encrypted, and no identity of the process opens it: nothing else is known
}

// Check verifies the files of a run but its configuration, and returns what it found, in the order of README's table. It changes nothing.
func (r *Run) Check(ctx context.Context) ([]Checked, error) {
	all := []Checked{}
	for _, lines := range []struct {
		name string
		bad  func(line []byte) error
	}{{metricsName, badRecord()}, {eventsName, badEvent}, {evalsName, badEval}} {
		c, there, err := r.checkLines(lines.name, lines.bad)
		if err != nil {
			return nil, err
		}
		if there {
			all = append(all, c)
		}
	}
	saved, err := r.checkCheckpoints(ctx)
	all = append(all, saved...)
	if err != nil {
		return all, err
	}
	for _, dir := range []struct {
		name string
		bad  func(path string) error
	}{{samples, badSample}, {"latents", badArray}, {"directions", badArray}} {
		found, err := r.checkFolder(ctx, dir.name, dir.bad)
		all = append(all, found...)
		if err != nil {
			return all, err
		}
	}
	err = record.Check(ctx, filepath.Join(r.Dir, recordName), func(name string, bad error) {
		c := Checked{File: recordName + "/" + name}
		switch {
		case errors.Is(bad, encrypt.ErrNoKey):
			c.Locked = true
		case errors.Is(bad, record.ErrUnfinished):
			c.Note = r.unfinished(bad.Error())
		case bad != nil:
			c.Problem, c.Remedy = r.plain(bad, filepath.Join(r.Dir, recordName, name)), "the recording is shown without it; training does not need it"
		}
		all = append(all, c)
	})
	return all, err
}

// checkCheckpoints verifies the checkpoints, those that were put aside, too.
func (r *Run) checkCheckpoints(ctx context.Context) (all []Checked, err error) {
	steps, err := r.steps()
	if err != nil {
		return nil, err
	}
	top, _, measured := best(steps, r.marks(steps))
	later := false // a whole one is newer
	for _, s := range slices.Backward(steps) {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		path := r.Checkpoint(s)
		c := Checked{File: checkpoints + "/" + filepath.Base(path)}
		sealed, bad := safetensors.Intact(path)
		if errors.Is(bad, fs.ErrNotExist) { // the process that trains in the run has dropped it meanwhile
			continue
		}
		if errors.Is(bad, encrypt.ErrNoKey) {
			c.Locked = true
			all = append(all, c)
			continue
		}
		whole := -1
		if bad != nil && !later {
			whole = r.whole(s)
		}
		switch {
		case bad != nil && later:
			c.Remedy = "a newer one is whole: delete it"
		case whole >= 0:
			c.Remedy, c.GoOn = fmt.Sprintf("the checkpoint of step %d is whole: go on from it", whole), &whole
		case bad != nil:
			c.Remedy = "no other checkpoint of the run is whole: replace it by a whole copy"
		case !sealed:
			c.Note = "an earlier version wrote it, with no checksum of its header"
		case measured && s == top:
			c.Note = "the best on held-out data"
		}
		if bad != nil {
			c.Problem = r.plain(bad, path)
		}
		later = later || bad == nil
		all = append(all, c)
	}
	slices.Reverse(all)
	aside, err := r.checkFolder(ctx, checkpoints, func(path string) error {
		_, err := safetensors.Intact(path)
		return err
	})
	return append(all, aside...), err
}

// checkFolder verifies the files of a folder that are not checkpoints.
func (r *Run) checkFolder(ctx context.Context, name string, bad func(path string) error) (all []Checked, err error) {
	entries, err := os.ReadDir(filepath.Join(r.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		c := Checked{File: name + "/" + e.Name()}
		switch {
		case !e.Type().IsRegular(), name == checkpoints && strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(e.Name(), signature.Ending), encrypt.Ending), stateEnding):
			continue
		case files.Partial(e.Name()):
			c.Note = r.unfinished("a killed process left it: it is removed when the run goes on")
		default:
			path := filepath.Join(r.Dir, name, e.Name())
			err := bad(path)
			if errors.Is(err, encrypt.ErrNoKey) {
				c.Locked = true
			} else if err != nil {
				c.Problem, c.Remedy = r.plain(err, path), "training does not need it"
			}
		}
		all = append(all, c)
	}
	return all, err
}

// unfinished returns a note about a file that is not finished: that it is being written if a process trains in the run, else the one given.
func (r *Run) unfinished(note string) string {
	if r.InUse() {
		return "is being written"
	}
	return note
}

// plain returns what an error says is wrong with a file, without the names of packages and of the file.
func (r *Run) plain(err error, path string) string {
	text, _, _ := strings.Cut(err.Error(), "; replace it by")
	for _, drop := range []string{path + ": ", path + " ", "safetensors: ", "record: ", "train: ", r.Dir + string(filepath.Separator)} {
		text = strings.ReplaceAll(text, drop, "")
	}
	return text
}

// badSample returns what is wrong with a sample.
func badSample(path string) error {
	p, err := encrypt.ReadFile(path)
	if err == nil && filepath.Ext(strings.TrimSuffix(path, encrypt.Ending)) == ".png" {
		_, err = png.Decode(bytes.NewReader(p))
	}
	return err
}

// badArray returns what is wrong with a file of NumPy.
func badArray(path string) error {
	p, err := os.ReadFile(path)
	if err == nil && filepath.Ext(path) == ".npy" {
		_, _, err = npy.Read(p)
	}
	return err
}

// badRecord returns a function that says what is wrong with the next line of the metrics.
func badRecord() func(line []byte) error {
	last := -1
	return func(line []byte) error {
		rec, err := parseRecord(line)
		switch {
		case err != nil:
			return errors.New("is no record")
		case rec.Step <= last:
			return fmt.Errorf("is of step %d, after step %d", rec.Step, last)
		}
		last = rec.Step
		return nil
	}
}

func badEvent(line []byte) error {
	var e watch.Event
	if json.Unmarshal(line, &e) != nil || e.Kind == "" {
		return errors.New("is no event")
	}
	return nil
}

func badEval(line []byte) error {
	_, err := parseEval(line)
	return err
}

// checkLines verifies a file of lines.
func (r *Run) checkLines(name string, bad func(line []byte) error) (c Checked, there bool, err error) {
	c.File = name
	p, err := os.ReadFile(filepath.Join(r.Dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("train: %w", err)
	}
	n := 0
	for line := range bytes.Lines(p) {
		n++
		if torn := !bytes.HasSuffix(line, []byte("\n")); torn && r.InUse() {
			c.Note = "its last line is being written"
			continue
		} else if torn {
			c.Problem, c.Remedy = "has a torn last line", "it is left out, and dropped when the run goes on"
			break
		}
		if err := bad(line); err != nil {
			c.Problem, c.Remedy = fmt.Sprintf("is damaged: line %d %v", n, err), "the line is left out"
			break
		}
	}
	return c, true, nil
}
