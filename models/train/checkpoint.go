package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/encrypt"
	"genview/models/nn"
	"genview/models/safetensors"
	"genview/models/signature"
	"genview/tensor"
	"genview/vk/files"
)

const (
	usualKeep    = 3 // number of newest checkpoints kept
	stateEnding  = ".safetensors"
	asideEnding  = ".aside" // of a checkpoint that a run no longer goes on from
	prefixOfStep = "step-"
)

var (
	// ErrNoCheckpoint says that a run has no checkpoint yet.
	ErrNoCheckpoint = errors.New("no checkpoint yet")

	// ErrNotFinite says that a state holds NaN or infinity. It is not saved.
	ErrNotFinite = errors.New("holds numbers that are not finite")
)

// Checkpoint returns the path of the checkpoint of a step, whether it is there or not.
func (r *Run) Checkpoint(step int) string {
	return r.secret.Recipients().Find(filepath.Join(r.Dir, checkpoints, checkpointName(step)))
}

// checkpointName returns the name of the file of a plain checkpoint.
func checkpointName(step int) string {
	return fmt.Sprintf("%s%08d%s", prefixOfStep, step, stateEnding)
}

// Newest returns the newest checkpoint and its step; without one the error is [ErrNoCheckpoint].
func (r *Run) Newest() (string, int, error) {
	steps, err := r.steps()
	if err != nil {
		return "", 0, err
	}
	if len(steps) == 0 {
		return "", 0, fmt.Errorf("train: %s has %w: train it first", r.Dir, ErrNoCheckpoint)
	}
	step := steps[len(steps)-1]
	return r.Checkpoint(step), step, nil
}

// Steps returns the steps of the checkpoints, in order. A run without a folder of checkpoints has none.
func (r *Run) Steps() ([]int, error) { return r.steps() }

// steps returns the steps of the checkpoints, in order. A run without a folder of checkpoints has none.
func (r *Run) steps() ([]int, error) {
	entries, err := os.ReadDir(filepath.Join(r.Dir, checkpoints))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	var steps []int
	for _, e := range entries {
		plain := strings.TrimSuffix(e.Name(), encrypt.Ending)
		name, ok := strings.CutPrefix(strings.TrimSuffix(plain, stateEnding), prefixOfStep)
		if n, err := strconv.Atoi(name); ok && err == nil && plain == checkpointName(n) {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	return slices.Compact(steps), nil
}

// Save writes the state as the checkpoint of a step, then drops all but the newest few and the best one. When it returns nil, the checkpoint
// and the metrics so far survive a power loss. Save also restores parts of the run's folder that somebody deleted. It does not save a state
// that is not finite, and returns [ErrNotFinite].
func (r *Run) Save(rt *tensor.Runtime, state []nn.Named, step int) error {
	return r.save(rt, state, step, nil, false)
}

// save is Save with a mark; nil: the state was not measured. passing: the checkpoint is kept only while no better one is there.
func (r *Run) save(rt *tensor.Runtime, state []nn.Named, step int, mark *Mark, passing bool) error {
	f := &safetensors.File{Meta: meta(step, mark, passing)}
	for _, n := range state {
		values, err := read(rt, n)
		if err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: n.Name, Shape: n.Tensor.Shape(), Values: values})
	}
	if err := r.mend(); err != nil {
		return err
	}
	unsynced := r.syncMetrics() // before the checkpoint, which is not to be newer than they are
	if err := r.write(step, f); err != nil {
		return fmt.Errorf("train: the checkpoint of step %d was not saved: %w", step, err)
	}
	if unsynced != nil {
		r.notice("the metrics may not survive a power loss: %v", unsynced)
	}
	if err := r.prune(); err != nil {
		r.notice("an old checkpoint cannot be removed: %v", err)
	}
	return nil
}

// write writes a checkpoint, encrypted if the run is. One of the same step that is not, or the other way round, goes.
func (r *Run) write(step int, f *safetensors.File) error {
	to, there := r.secret.Recipients(), r.Checkpoint(step)
	path := to.Path(filepath.Join(r.Dir, checkpoints, checkpointName(step)))
	if err := to.Write(path, func(w io.Writer) error { return safetensors.EncodeTo(w, f) }); err != nil {
		return err
	}
	if there != path {
		return files.Remove(there)
	}
	return nil
}

// read copies a variable to the host. Numbers that are not finite are an error.
func read(rt *tensor.Runtime, n nn.Named) (any, error) {
	if n.Tensor.DType() == tensor.I32 {
		values := make([]int32, n.Tensor.Len())
		return values, rt.Read(n.Tensor, values)
	}
	values := make([]float32, n.Tensor.Len())
	if err := rt.Read(n.Tensor, values); err != nil {
		return nil, err
	}
	for _, v := range values {
		if v-v != 0 { // NaN or infinity
			return nil, fmt.Errorf("train: the state %w: %s has a %v", ErrNotFinite, n.Name, v)
		}
	}
	return values, nil
}

// Load reads the newest checkpoint into the state's variables and returns its step. It changes nothing unless the whole checkpoint fits. If
// the newest checkpoint is damaged, the error names the newest one that is whole.
func (r *Run) Load(rt *tensor.Runtime, state []nn.Named) (int, error) {
	_, step, err := r.Newest()
	if err != nil {
		return 0, err
	}
	err = r.LoadStep(rt, state, step)
	if errors.Is(err, fs.ErrNotExist) { // the process that trains in the run has dropped it meanwhile
		if _, step, err = r.Newest(); err == nil {
			err = r.LoadStep(rt, state, step)
		}
	}
	return step, err
}

// noStep returns an error that a run has no checkpoint of a step, with the steps that it has. It wraps [fs.ErrNotExist].
type noStep struct {
	dir   string
	step  int
	steps []int
}

func (e noStep) Error() string {
	has := "none at all"
	if len(e.steps) > 0 {
		has = "of steps " + strings.Trim(strings.ReplaceAll(fmt.Sprint(e.steps), " ", ", "), "[]")
	}
	return fmt.Sprintf("train: %s has no checkpoint of step %d, but %s", e.dir, e.step, has)
}

func (noStep) Is(target error) bool { return target == fs.ErrNotExist }

// LoadStep is [Run.Load] for the checkpoint of one step. It reads the file twice, one tensor at a time: once to verify it, once to fill the
// variables.
func (r *Run) LoadStep(rt *tensor.Runtime, state []nn.Named, step int) error {
	err := r.trust(step)
	if err == nil {
		err = encrypt.Unlock(r.Dir)
	}
	if err == nil {
		err = load(rt, state, r.Checkpoint(step))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		steps, _ := r.steps()
		return noStep{r.Dir, step, steps}
	case errors.As(err, new(unreadable)):
		return &DamagedError{err, r.whole(step)}
	}
	return err
}

// An UntrustedError says why a checkpoint is not loaded.
type UntrustedError struct {
	Step    int
	Err     error // of signature.Trust.Check
	Trusted int   // step of the newest checkpoint that is trusted; below 0: none
}

func (e *UntrustedError) Error() string {
	if e.Trusted < 0 {
		return e.Err.Error() + "; no checkpoint of the run is trusted"
	}
	return fmt.Sprintf("%v; the checkpoint of step %d is trusted", e.Err, e.Trusted)
}

// Unwrap returns what is wrong with the signature.
func (e *UntrustedError) Unwrap() error { return e.Err }

// trust returns an error if the user trusts some people's checkpoints alone, and that of a step is none of theirs.
func (r *Run) trust(step int) error {
	if r.Trust == nil {
		return nil
	}
	err := r.Trust.Check(r.Checkpoint(step))
	if problem := new(signature.Problem); !errors.As(err, &problem) {
		return err
	}
	e := &UntrustedError{step, err, -1}
	steps, _ := r.steps()
	for _, s := range slices.Backward(steps) {
		if r.Trust.Check(r.Checkpoint(s)) == nil {
			e.Trusted = s
			break
		}
	}
	return e
}

// Sign signs the checkpoint of a step together with the run's settings, and returns the path of the signature.
func (r *Run) Sign(key signature.Key, step int) (string, error) {
	path := r.Checkpoint(step)
	if err := signature.Sign(key, path, r.ConfigPath()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			steps, _ := r.steps()
			return "", noStep{r.Dir, step, steps}
		}
		return "", err
	}
	return path + signature.Ending, nil
}

// unreadable is the error of a file of weights that is damaged or cannot be read.
type unreadable struct{ error }

func (e unreadable) Unwrap() error { return e.error }

// load reads a file into variables. It changes nothing unless the whole file fits.
func load(rt *tensor.Runtime, state []nn.Named, path string) (err error) {
	f, err := safetensors.Open(path)
	if errors.Is(err, encrypt.ErrNoKey) {
		return err
	}
	if err != nil {
		return unreadable{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Verify(); err != nil {
		return unreadable{err}
	}
	for _, n := range state {
		if err := fits(f, path, n); err != nil {
			return err
		}
	}
	for _, n := range state {
		values, err := stored(f, n)
		if err != nil {
			return err
		}
		if err := rt.Write(n.Tensor, values); err != nil {
			return err
		}
	}
	return nil
}

// fits returns an error if the file at path has no value of the right shape for a variable.
func fits(f *safetensors.Reader, path string, n nn.Named) error {
	e, ok := f.Find(n.Name)
	if !ok || !slices.Equal(e.Shape, n.Tensor.Shape()) {
		return fmt.Errorf("train: %s is of another model, it has no %s of the shape %v: put back the config.yaml that it was trained with", path, n.Name, n.Tensor.Shape())
	}
	if whole := n.Tensor.DType() == tensor.I32; whole && !e.Int() || !whole && !e.Float() {
		return fmt.Errorf("train: %s is of another model, its %s has numbers of another type: it must be %v", path, n.Name, n.Tensor.DType())
	}
	if !e.Wider() {
		return nil
	}
	_, err := stored(f, n) // a number may be out of range
	return err
}

// stored reads the value of a variable from a file in which it fits.
func stored(f *safetensors.Reader, n nn.Named) (any, error) {
	e, _ := f.Find(n.Name)
	if n.Tensor.DType() == tensor.I32 {
		return f.Int32s(e)
	}
	return f.Float32s(e)
}

// A DamagedError says that a checkpoint cannot be read.
type DamagedError struct {
	Err   error
	Whole int // step of the newest whole checkpoint before it; below 0: none
}

func (e *DamagedError) Error() string {
	if e.Whole < 0 {
		return e.Err.Error() + "; no other checkpoint of the run is whole"
	}
	return fmt.Sprintf("%v; the checkpoint of step %d is whole", e.Err, e.Whole)
}

// Unwrap returns what is wrong with the checkpoint.
func (e *DamagedError) Unwrap() error { return e.Err }

// whole returns the step of the newest whole checkpoint before a damaged one, or -1.
func (r *Run) whole(damaged int) int {
	steps, err := r.steps()
	if err != nil {
		return -1
	}
	for _, s := range slices.Backward(steps) {
		if s >= damaged {
			continue
		}
		if _, err := safetensors.Intact(r.Checkpoint(s)); err == nil {
			return s
		}
	}
	return -1
}

// SetAside renames the checkpoints after a step, so that they do not count as the run's. It returns their new names.
func (r *Run) SetAside(after int) (names []string, err error) {
	steps, err := r.steps()
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		if s <= after {
			continue
		}
		to := r.Checkpoint(s) + asideEnding
		for n := 2; ; n++ {
			if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
				break
			}
			to = fmt.Sprintf("%s%s%d", r.Checkpoint(s), asideEnding, n)
		}
		if err := files.Rename(r.Checkpoint(s), to); err != nil {
			return names, fmt.Errorf("train: %w", err)
		}
		names = append(names, to)
	}
	return names, files.SyncDir(filepath.Join(r.Dir, checkpoints))
}
