package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"genview/models/encrypt"
	"genview/models/safetensors"
	"genview/models/watch"
	"genview/vk/files"
)

const (
	timeShare = 50                     // recording takes at most 1/50 of the time, after the first headway
	headway   = 100 * time.Millisecond // time that recording may take at the beginning
	keyRatio  = 1.15                   // smallest ratio between the steps of two consecutive key checkpoints
	heaviest  = 8                      // a key checkpoint takes at most 1/8 of the budget
)

// A Writer adds to a recording; a goroutine of its own writes the files. Its methods are for one goroutine.
type Writer struct {
	dir    string
	to     *encrypt.Recipients
	budget int64
	began  time.Time
	spent  time.Duration // time for reading and encoding; waiting for the disk does not slow down training
	looks  series
	keys   series

	jobs    chan job
	results chan result
	busy    bool
	failed  error // error of a finished job, until it is returned
	wrote   bool  // it has written since it was made
	lastKey int
	tooBig  bool // the weights exceed the budget
}

// job is what is to be written for a step.
type job struct {
	step    int
	views   []watch.View
	weights []safetensors.Tensor
}

// result is the outcome of a job.
type result struct {
	took time.Duration
	err  error
}

// NewWriter continues the recording in a folder, which it creates with the first file; budget is in bytes. It removes what was recorded
// after step from, and partial looks of a killed process. Its files are encrypted to some recipients; nil: they are plain. The caller closes
// the Writer.
func NewWriter(dir string, budget int64, from int, to *encrypt.Recipients) (*Writer, error) {
	w := &Writer{dir: dir, to: to, budget: budget, began: time.Now(), jobs: make(chan job), results: make(chan result, 1)}
	all, err := scan(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err == nil {
		files.Clear(dir)
	}
	for step, f := range all {
		if !f.look || step > from {
			if err := remove(f.files...); err != nil {
				return nil, err
			}
		} else {
			_ = w.looks.add(item{step, f.size, f.files}) // this replaces nothing
		}
		switch {
		case f.weights == "":
		case step > from:
			if err := remove(f.weights); err != nil {
				return nil, err
			}
		default:
			_ = w.keys.add(item{step, f.heavy, []string{f.weights}})
			w.lastKey = max(w.lastKey, step)
		}
	}
	go w.work()
	return w, nil
}

// remove removes files. A look's .jsonl goes first.
func remove(paths ...string) error {
	sorted := slices.Clone(paths)
	slices.SortStableFunc(sorted, func(a, b string) int {
		a, b = strings.TrimSuffix(a, encrypt.Ending), strings.TrimSuffix(b, encrypt.Ending)
		return strings.Compare(filepath.Ext(a), filepath.Ext(b)) // .jsonl, .png, .safetensors
	})
	for _, p := range sorted {
		if err := files.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("record: %w", err)
		}
	}
	return nil
}

// A Weights function reads the weights that a model's views depend on.
type Weights func() ([]safetensors.Tensor, error)

// Due tells whether Add would record now. It would not while the previous look is being written, or when recording has used its share of
// the time. The first look is always due.
func (w *Writer) Due() bool {
	w.collect(false)
	return !w.busy && (!w.wrote || w.spent <= headway+time.Since(w.began)/timeShare)
}

// Add records the views of a step if [Writer.Due]. It reads the weights before it returns, if a key checkpoint is due; weights may be nil.
// It writes in the background, so its error is about reading the weights or about an earlier Add. The caller must not change the views
// afterwards.
func (w *Writer) Add(step int, views []watch.View, weights Weights) error {
	if w.Due() {
		w.add(step, views, weights)
	}
	return w.told()
}

// Last records the last look of a run, regardless of the time it takes, and returns once it is written.
func (w *Writer) Last(step int, views []watch.View, weights Weights) error {
	w.collect(true)
	w.lastKey = min(w.lastKey, int(float64(step)/keyRatio)) // makes a key checkpoint due
	w.add(step, views, weights)
	w.collect(true)
	return w.told()
}

// Close waits until everything is written.
func (w *Writer) Close() error {
	w.collect(true)
	close(w.jobs)
	return w.told()
}

// add hands the views to the goroutine that writes, together with the weights if the step is a key step and they fit into the budget.
func (w *Writer) add(step int, views []watch.View, weights Weights) {
	began := time.Now()
	j := job{step: step, views: views}
	if weights != nil && !w.tooBig && (w.lastKey == 0 || float64(step) >= keyRatio*float64(w.lastKey)) {
		var err error
		if j.weights, err = weights(); err != nil {
			w.failed = errors.Join(w.failed, err)
			return
		}
		w.lastKey = step
		if w.tooBig = halve(j.weights) > w.budget/heaviest; w.tooBig {
			j.weights = nil
		}
	}
	w.spent += time.Since(began)
	w.busy, w.wrote = true, true
	w.jobs <- j
}

// halve marks float tensors to be written in 16 bits, and returns their size in bytes.
func halve(tensors []safetensors.Tensor) (size int64) {
	for i, t := range tensors {
		switch v := t.Values.(type) {
		case []float32:
			tensors[i].Values = safetensors.Half(v)
			size += 2 * int64(len(v))
		case []int32:
			size += 4 * int64(len(v))
		}
	}
	return size
}

// collect takes the result of the current job; wait: it waits for it.
func (w *Writer) collect(wait bool) {
	if !w.busy {
		return
	}
	var r result
	if wait {
		r = <-w.results
	} else {
		select {
		case r = <-w.results:
		default:
			return
		}
	}
	w.busy, w.spent, w.failed = false, w.spent+r.took, errors.Join(w.failed, r.err)
}

// told returns an error of earlier jobs, once.
func (w *Writer) told() error {
	err := w.failed
	w.failed = nil
	return err
}

// work writes what it is handed until there will be no more.
func (w *Writer) work() {
	for j := range w.jobs {
		began := time.Now()
		look, key, err := j.files()
		took := time.Since(began)
		if err == nil {
			err = w.write(j.step, look, key)
		}
		w.results <- result{took, err}
	}
}

// A file is written under a name with this ending.
type file struct {
	ending  string
	content []byte
}

// files returns the files of the look in the order in which they are written, and those of the key checkpoint, if any.
func (j job) files() (look, key []file, err error) {
	e, err := encode(j.views)
	if err != nil {
		return nil, nil, err
	}
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	for i, img := range e.sheets {
		var b bytes.Buffer
		if err := fast.Encode(&b, img); err != nil {
			return nil, nil, fmt.Errorf("record: %w", err)
		}
		look = append(look, file{sheetEnding(i), b.Bytes()})
	}
	for _, t := range []struct {
		to      *[]file
		ending  string
		tensors []safetensors.Tensor
	}{{&look, numbersEnding, e.Tensors}, {&key, weightsEnding, j.weights}} {
		if len(t.tensors) == 0 {
			continue
		}
		p, err := safetensors.Encode(&safetensors.File{Tensors: t.tensors})
		if err != nil {
			return nil, nil, fmt.Errorf("record: %w", err)
		}
		*t.to = append(*t.to, file{t.ending, p})
	}
	var lines bytes.Buffer
	for _, l := range e.lines {
		p, err := json.Marshal(l)
		if err != nil {
			return nil, nil, fmt.Errorf("record: %w", err)
		}
		lines.Write(append(p, '\n'))
	}
	return append(look, file{lookEnding, lines.Bytes()}), key, nil
}

// write writes the files of a step, then removes what exceeds the budget.
func (w *Writer) write(step int, look, key []file) error {
	if err := files.Mkdir(w.dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("record: %w", err)
	}
	for _, part := range []struct {
		files []file
		to    *series
	}{{key, &w.keys}, {look, &w.looks}} {
		it := item{step: step}
		for _, f := range part.files {
			path := w.to.Path(pathOf(w.dir, step, f.ending))
			if err := w.to.WriteBytes(path, f.content); err != nil { // no file may be left that the budget does not count
				return errors.Join(fmt.Errorf("record: %w", err), remove(it.files...))
			}
			size := int64(len(f.content))
			if info, err := os.Stat(path); err == nil { // an encrypted one is larger
				size = info.Size()
			}
			it.files, it.size = append(it.files, path), it.size+size
		}
		if len(it.files) > 0 {
			if err := remove(part.to.add(it)...); err != nil {
				return err
			}
		}
		if err := part.to.thin(w.budget / 2); err != nil {
			return err
		}
	}
	return nil
}
