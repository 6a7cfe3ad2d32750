package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/encrypt"
	"genview/models/safetensors"
	"genview/models/watch"
)

const (
	prefix         = "step-"
	lookEnding     = ".jsonl"
	numbersEnding  = ".safetensors"
	weightsEnding  = ".weights.safetensors"
	picturesEnding = ".png"
)

// ErrNone says that a run has no recording.
var ErrNone = errors.New("there is no recording: the run was trained with record.budget=0, or before there were any")

// A Recording is the folder of a run's recording, in its state when it was opened. It is safe for concurrent use.
type Recording struct {
	dir         string
	looks, keys []int // steps, in order
}

// A Moment is what a run looked like at a step.
type Moment struct {
	Step  int
	Views []watch.View
	Lost  []string // what could not be read, one line each
}

// Open lists the moments of a recording. If the folder does not exist or has none, the error is [ErrNone]; if it
// is encrypted and no identity of the process opens it, [encrypt.ErrNoKey].
func Open(dir string) (*Recording, error) {
	all, err := scan(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("record: %w", err)
	}
	r := &Recording{dir: dir}
	for step, f := range all {
		if f.look {
			r.looks = append(r.looks, step)
		}
		if f.weights != "" {
			r.keys = append(r.keys, step)
		}
	}
	slices.Sort(r.looks)
	slices.Sort(r.keys)
	if len(r.looks) == 0 {
		return nil, fmt.Errorf("record: %s: %w", dir, ErrNone)
	}
	f, err := encrypt.Open(r.path(r.looks[len(r.looks)-1], lookEnding))
	if errors.Is(err, encrypt.ErrNoKey) {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err == nil {
		_ = f.Close()
	}
	return r, nil
}

// SetAside moves the files of a recording after a step into a folder beside it and returns that folder; "" if there was nothing to move.
func SetAside(dir string, after int) (string, error) {
	all, err := scan(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("record: %w", err)
	}
	aside := ""
	for step, f := range all {
		if step <= after {
			continue
		}
		for n := 1; aside == ""; n++ {
			to := fmt.Sprintf("%s.%d", dir, n)
			if err := os.Mkdir(to, 0o755); err == nil {
				aside = to
			} else if !errors.Is(err, fs.ErrExist) {
				return "", fmt.Errorf("record: %w", err)
			}
		}
		for _, path := range append(f.files, f.weights) {
			if path == "" {
				continue
			}
			if err := os.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil {
				return aside, fmt.Errorf("record: %w", err)
			}
		}
	}
	return aside, nil
}

// Steps returns the steps that have a moment, in order.
func (r *Recording) Steps() []int { return slices.Clone(r.looks) }

// Keys returns the steps that have a key checkpoint, in order.
func (r *Recording) Keys() []int { return slices.Clone(r.keys) }

// At returns the newest moment up to a step, or the first one if all are later. Parts that cannot be read are missing, and Lost names them;
// only if nothing can be read is that an error.
func (r *Recording) At(step int) (*Moment, error) {
	m := &Moment{Step: upTo(r.looks, step)}
	f, err := encrypt.ReadFile(r.path(m.Step, lookEnding))
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	numbers, err := safetensors.Read(r.path(m.Step, numbersEnding))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a look may have no numbers
		m.Lost = append(m.Lost, fmt.Sprintf("step %d: %v", m.Step, err))
	}
	i := -1
	for text := range bytes.Lines(f) {
		i++
		var l line
		var v watch.View
		err := json.Unmarshal(text, &l)
		if err == nil {
			v, err = l.decode(i, source{numbers, func() (image.Image, error) { return r.sheet(m.Step, i) }})
		}
		if err != nil {
			m.Lost = append(m.Lost, fmt.Sprintf("step %d, view %d: %v", m.Step, i+1, err))
			continue
		}
		if v, ok := v.(*watch.Layers); ok {
			v.Step = m.Step
		}
		m.Views = append(m.Views, v)
	}
	if len(m.Views) == 0 {
		return nil, fmt.Errorf("record: nothing of step %d can be read: %s", m.Step, firstOf(m.Lost))
	}
	return m, nil
}

// firstOf returns the first of some problems, and how many others there are.
func firstOf(lost []string) string {
	switch len(lost) {
	case 0:
		return "it has no views"
	case 1:
		return lost[0]
	}
	return fmt.Sprintf("%s; and %d more problems", lost[0], len(lost)-1)
}

// Key returns the path and the step of the newest key checkpoint up to a step, or of the first one if all are later. Without any, the error
// is [fs.ErrNotExist].
func (r *Recording) Key(step int) (path string, at int, err error) {
	if len(r.keys) == 0 {
		return "", 0, fmt.Errorf("record: %s has no key checkpoint: %w", r.dir, fs.ErrNotExist)
	}
	at = upTo(r.keys, step)
	return r.path(at, weightsEnding), at, nil
}

// upTo returns the last of the sorted steps that is not after step, or the first one.
func upTo(steps []int, step int) int {
	i, found := slices.BinarySearch(steps, step)
	if !found && i > 0 {
		i--
	}
	return steps[i]
}

// path returns the name of a file, as it is encrypted or not.
func (r *Recording) path(step int, ending string) string {
	return (*encrypt.Recipients)(nil).Find(pathOf(r.dir, step, ending))
}

func pathOf(dir string, step int, ending string) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d%s", prefix, step, ending))
}

func sheetEnding(i int) string { return fmt.Sprintf(".%d%s", i, picturesEnding) }

// The largest sheet that is read, so that a damaged header cannot use up the memory.
const (
	mostPixels = 1 << 26
	mostOfByte = 1032 // pixels that a byte of the file can hold, as DEFLATE has it
)

// sheet reads sheet i of pictures of a step. It refuses one that would take too much memory.
func (r *Recording) sheet(step, i int) (image.Image, error) {
	p, err := encrypt.ReadFile(r.path(step, sheetEnding(i)))
	if err != nil {
		return nil, err
	}
	c, err := png.DecodeConfig(bytes.NewReader(p))
	if err == nil && (c.Width > mostPixels/c.Height || c.Width*c.Height > mostOfByte*len(p)) {
		err = fmt.Errorf("its sheet of %d × %d is too large for a file of %d bytes", c.Width, c.Height, len(p))
	}
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(p))
}

// stored lists the files of a step.
type stored struct {
	look    bool     // the look is complete
	files   []string // of the look, complete or not
	size    int64    // bytes of those
	weights string
	heavy   int64 // bytes of the weights
}

// scan lists a recording's files by step. It ignores files with other names.
func scan(dir string) (map[int]*stored, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all := map[int]*stored{}
	for _, e := range entries {
		step, ending, ok := parse(e.Name())
		info, err := e.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue
		}
		f := all[step]
		if f == nil {
			f = &stored{}
			all[step] = f
		}
		path := filepath.Join(dir, e.Name())
		if ending == weightsEnding {
			f.weights, f.heavy = path, info.Size()
			continue
		}
		f.look = f.look || ending == lookEnding
		f.files, f.size = append(f.files, path), f.size+info.Size()
	}
	return all, nil
}

// parse splits the name of a recording's file, encrypted or not, into step and ending.
func parse(file string) (step int, ending string, ok bool) {
	file = strings.TrimSuffix(file, encrypt.Ending)
	rest, ok := strings.CutPrefix(file, prefix)
	digits, ending, dot := strings.Cut(rest, ".")
	step, err := strconv.Atoi(digits)
	if !ok || !dot || err != nil || fmt.Sprintf("%08d", step) != digits {
		return 0, "", false
	}
	ending = "." + ending
	switch ending {
	case lookEnding, numbersEnding, weightsEnding:
		return step, ending, true
	}
	i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(ending, "."), picturesEnding))
	return step, ending, err == nil && i >= 0 && ending == sheetEnding(i)
}
