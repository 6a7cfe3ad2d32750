// Package train runs training: the loop, the run folder, its checkpoints. It knows a model only through the interface [Model].
//
// The one idea: a run is a folder, and every file in it is written whole or not at all. A run that is killed at any moment resumes from its
// newest checkpoint, to the same numbers as one that was not killed. One process at a time writes to a run; any number may read it.
package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"genview/models/encrypt"
	"genview/models/settings"
	"genview/models/signature"
	"genview/vk/files"
)

// A Run is a run folder.
type Run struct {
	Dir string

	// Notice receives what was found wrong and repaired while the run is written to, and what is not as its settings say; nil if nobody
	// listens.
	Notice func(text string)

	// Keep is the number of newest checkpoints that are kept, beside the best one; 0: the usual number.
	Keep int

	// Trust, if it is not nil, is whose checkpoints are loaded: others are an [*UntrustedError].
	Trust signature.Trust

	// About is what the audit log says of a training that begins: the program, the settings, the data. nil: the run has no log.
	About map[string]string

	// Beside names the folders of other runs whose metrics [Run.History] has, too, to compare with.
	Beside []string

	config []byte        // as last read or written; restored if somebody deletes the file
	secret *encrypt.Lock // how checkpoints, samples and the recording are encrypted; nil: they are plain
	lock   *lock         // nil: the run is open for reading only
	made   []string      // the folders that CreateRun made, the deepest first
}

const (
	configName  = "config.yaml"
	metricsName = "metrics.jsonl"
	checkpoints = "checkpoints"
	samples     = "samples"
)

// ErrTaken says that a folder cannot become a new run.
var ErrTaken = errors.New("is there already")

// CheckNew returns the error that [CreateRun] would return because a folder cannot become a run. It changes nothing.
func CheckNew(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(err)
	case !info.IsDir():
		return fmt.Errorf("train: %s is a file: give the name of a new folder", dir)
	}
	return (&Run{Dir: dir}).vacant()
}

// CreateRun makes a run folder and writes its configuration. The folder must not exist or must be empty. The run is locked until
// [Run.Close]. If CreateRun fails, it removes what it made and nothing else.
func CreateRun(dir string, config []byte) (*Run, error) { return CreateEncrypted(dir, config, nil) }

// CreateEncrypted is [CreateRun] for a run whose checkpoints, samples and recording are encrypted, and whose folder is for its owner alone.
// secret may be nil: the run is plain.
func CreateEncrypted(dir string, config []byte, secret *encrypt.Lock) (*Run, error) {
	if err := CheckNew(dir); err != nil {
		return nil, err
	}
	r := &Run{Dir: dir, secret: secret}
	made, err := makeDir(dir)
	if err == nil {
		var inside []string
		inside, err = r.create(config)
		made = append(inside, made...)
	} else {
		err = unwritable(err)
	}
	if err != nil {
		removeEmpty(made, r)
		return nil, err
	}
	r.made = made
	return r, nil
}

// Undo removes what [CreateRun] made of a run to which nothing was added since, and nothing else. It closes the run.
func (r *Run) Undo() {
	_ = os.Remove(r.ConfigPath())
	r.secret.Drop(r.Dir)
	removeEmpty(r.made, r)
}

// removeEmpty undoes a start: it removes the folders that were made, if they are still empty, and the lock.
func removeEmpty(made []string, r *Run) {
	for _, d := range made { // the folders in the run's, which has the lock
		if d == r.Dir {
			break
		}
		_ = os.Remove(d)
	}
	r.unlockNew()
	for _, d := range made {
		_ = os.Remove(d)
	}
}

func unwritable(err error) error { return fmt.Errorf("train: the run cannot be written: %w", err) }

// create fills an existing folder and returns the folders that it made in it. It writes the configuration last, because that makes the
// folder a run.
func (r *Run) create(config []byte) (made []string, err error) {
	if err := r.vacant(); err != nil {
		return nil, err
	}
	if r.lock, err = takeLock(r.Dir); err != nil {
		return nil, err
	}
	if err := r.vacant(); err != nil { // another process may have been faster
		return nil, err
	}
	files.Clear(r.Dir)
	if err = r.secret.Write(r.Dir); err == nil {
		made, err = r.folders()
	}
	if err != nil {
		r.secret.Drop(r.Dir)
		return made, unwritable(err)
	}
	err = r.WriteConfig(config)
	if err != nil { // they may be there, and only the folder could not be synced
		_ = os.Remove(r.ConfigPath())
		r.secret.Drop(r.Dir)
	}
	return made, err
}

// vacant returns an error unless the folder is empty, apart from the remains of a start that was killed before it wrote its configuration.
func (r *Run) vacant() error {
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return unwritable(err)
	}
	begun := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == lockName })
	for _, e := range entries {
		switch {
		case e.Name() == lockName, files.Partial(e.Name()):
			continue
		case begun && (e.Name() == encrypt.RecipientsName || e.Name() == encrypt.KeyName) && missing(r.ConfigPath()):
			continue
		case e.Name() == checkpoints, e.Name() == samples:
			if inside, err := os.ReadDir(filepath.Join(r.Dir, e.Name())); err == nil && len(inside) == 0 {
				continue
			}
		}
		if _, err := os.Stat(filepath.Join(r.Dir, configName)); err != nil {
			return fmt.Errorf("train: %s %w and holds other things than a run: give another folder", r.Dir, ErrTaken)
		}
		return fmt.Errorf("train: %s %w: give another folder, or go on with the run", r.Dir, ErrTaken)
	}
	return nil
}

// makeDir makes a folder and its parents, and returns those that were new, the deepest first.
func makeDir(dir string) (made []string, err error) {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		missing = append(missing, d)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		switch err := files.Mkdir(missing[i]); {
		case err == nil:
			made = append([]string{missing[i]}, made...)
		case !errors.Is(err, fs.ErrExist):
			return made, err
		}
	}
	return made, nil
}

// folders makes the missing folders inside a run and returns them, the deepest first.
func (r *Run) folders() (made []string, err error) {
	for _, sub := range []string{checkpoints, samples} {
		m, err := makeDir(filepath.Join(r.Dir, sub))
		made = append(m, made...)
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// WriteConfig replaces the configuration.
func (r *Run) WriteConfig(config []byte) error {
	if len(config) == 0 {
		return errors.New("train: a run has a configuration, and this one is empty")
	}
	if err := r.writeConfig(config); err != nil {
		return unwritable(err)
	}
	r.config = config
	return nil
}

// writeConfig writes the configuration, of an encrypted run for its owner alone.
func (r *Run) writeConfig(p []byte) error {
	if r.secret != nil {
		return files.WritePrivate(r.ConfigPath(), func(w io.Writer) error {
			_, err := w.Write(p)
			return err
		})
	}
	return files.WriteBytes(r.ConfigPath(), p)
}

// Config returns the configuration as last read or written. The caller must not change it.
func (r *Run) Config() []byte { return r.config }

// MetricsPath returns the path of the metrics, whether they are there or not.
func (r *Run) MetricsPath() string { return filepath.Join(r.Dir, metricsName) }

// ConfigPath returns the path of the configuration.
func (r *Run) ConfigPath() string { return filepath.Join(r.Dir, configName) }

// OpenRun opens a run folder for reading. To write, call [Run.Lock] first.
func OpenRun(dir string) (*Run, error) {
	p, err := settings.ReadFile(filepath.Join(dir, configName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noConfig(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	secret, err := encrypt.Of(dir)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &Run{Dir: dir, config: p, secret: secret}, nil
}

// Recipients returns the public keys that checkpoints, samples and the recording are encrypted to; none: they are plain.
func (r *Run) Recipients() []string { return r.secret.Recipients().Keys() }

// noConfig returns the error that says why a folder without a configuration is not a run.
func noConfig(dir string) error {
	info, err := os.Stat(dir)
	r := &Run{Dir: dir}
	steps, _ := r.steps()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("train: there is no run %s: give a folder that genview train made", dir)
	case err == nil && !info.IsDir():
		return fmt.Errorf("train: %s is a file and no run: give a folder that genview train made", dir)
	case len(steps) > 0:
		return fmt.Errorf("train: %s has lost its %s: put back the one that it was trained with", dir, configName)
	case r.vacant() == nil:
		return fmt.Errorf("train: %s is an empty folder and no run: begin one in it", dir)
	}
	return fmt.Errorf("train: %s is no run, it has no %s: give a folder that genview train made", dir, configName)
}

// notice reports something to Notice.
func (r *Run) notice(format string, a ...any) {
	if r.Notice != nil {
		r.Notice(fmt.Sprintf(format, a...))
	}
}

// mend restores what somebody deleted of a run that is being written to: the folder, its lock, its configuration. It returns an error if
// the folder now belongs to another process's run.
func (r *Run) mend() error {
	_, err := os.Stat(r.Dir)
	gone := errors.Is(err, fs.ErrNotExist)
	if _, err := r.folders(); err != nil {
		return unwritable(err)
	}
	if r.lock != nil && !r.lock.stands(r.Dir) {
		l, err := takeLock(r.Dir)
		if err != nil {
			return err
		}
		r.lock.release()
		r.lock = l
		if p, err := os.ReadFile(filepath.Join(r.Dir, configName)); err == nil && !bytes.Equal(p, r.config) {
			return fmt.Errorf("train: %s was replaced by another run: this one cannot be saved there", r.Dir)
		}
	}
	if r.secret.Missing(r.Dir) {
		if err := r.secret.Write(r.Dir); err != nil {
			return unwritable(err)
		}
	}
	if _, err := os.Stat(filepath.Join(r.Dir, configName)); err == nil || r.config == nil {
		return nil
	}
	if err := r.writeConfig(r.config); err != nil {
		return unwritable(err)
	}
	if gone {
		r.notice("%s was deleted while it was trained in; it is made anew, without what it held before", r.Dir)
	} else {
		r.notice("%s was deleted and is written anew", filepath.Join(r.Dir, configName))
	}
	return nil
}
