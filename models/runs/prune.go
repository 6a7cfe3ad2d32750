package runs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"genview/models/encrypt"
	"genview/models/run"
	"genview/models/safetensors"
	"genview/models/train"
	"genview/vk/files"
)

// A Spare is a file that a run can do without.
type Spare struct {
	Path string
	Size int64
	Why  string // it can go
}

// Sparing says what of a run can go. Checkpoints that a run has put aside, with their metrics and recordings, always can.
type Sparing struct {
	Keep      int  // newest whole checkpoints that stay, beside the best; at least 1
	Recording bool // the recording can go, too
}

// The files that genview made and a run can do without, by their names in its folder.
var (
	asideCheckpoint = regexp.MustCompile(`^step-\d{8,}\.safetensors(\.age)?\.aside\d*$`)
	asideMetrics    = regexp.MustCompile(`^metrics\.\d+\.jsonl$`)
	asideRecord     = regexp.MustCompile(`^record\.\d+$`)
	recordFile      = regexp.MustCompile(`^step-\d{8,}(\.\d+)?\.(jsonl|png|safetensors|weights\.safetensors)(\.age)?$`)
)

// Spares lists the files that a run can do without. The newest checkpoint, the newest that is whole, and the best one on held-out data never
// are among them, nor are files that genview did not make. If the run is trained now, the error is [train.ErrLocked].
func Spares(ctx context.Context, dir string, o Sparing) ([]Spare, error) {
	folder, err := train.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	if folder.InUse() {
		return nil, fmt.Errorf("%s: %w", dir, train.ErrLocked)
	}
	return spares(ctx, folder, o)
}

// Prune removes what [Spares] lists, and returns that. Nobody can train in the run meanwhile.
func Prune(ctx context.Context, dir string, o Sparing) (gone []Spare, err error) {
	folder, err := train.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	if err := folder.Lock(); err != nil {
		return nil, err
	}
	defer folder.Close()
	all, err := spares(ctx, folder, o)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if err := ctx.Err(); err != nil {
			return gone, err
		}
		if err := files.Remove(s.Path); err != nil {
			return gone, fmt.Errorf("runs: %w", err)
		}
		gone = append(gone, s)
		if parent := filepath.Dir(s.Path); asideRecord.MatchString(filepath.Base(parent)) {
			_ = os.Remove(parent) // once it is empty
		}
	}
	return gone, nil
}

func spares(ctx context.Context, folder *train.Run, o Sparing) (all []Spare, err error) {
	if _, err := run.Parse(folder.Config()); err != nil { // of a newer version, perhaps with other files
		return nil, fmt.Errorf("%s: %w", folder.ConfigPath(), err)
	}
	old, sure, err := oldCheckpoints(ctx, folder, max(1, o.Keep))
	if err != nil {
		return nil, err
	}
	all = addMatching(all, folder.Dir, asideMetrics, "metrics that were put aside")
	if !sure { // what else has weights may be all that is left of them
		return all, nil
	}
	for _, step := range old {
		all = add(all, folder.Checkpoint(step), "an older checkpoint")
	}
	all = addMatching(all, filepath.Dir(folder.Checkpoint(0)), asideCheckpoint, "a checkpoint that was put aside")
	entries, err := os.ReadDir(folder.Dir)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && asideRecord.MatchString(e.Name()) {
			all = addMatching(all, filepath.Join(folder.Dir, e.Name()), recordFile, "a recording that was put aside")
		}
	}
	if o.Recording {
		all = addMatching(all, filepath.Join(folder.Dir, "record"), recordFile, "the recording")
	}
	return all, nil
}

// oldCheckpoints returns the steps of the checkpoints before the newest few that are whole, without that of the best. sure is false if none
// is whole.
func oldCheckpoints(ctx context.Context, folder *train.Run, keep int) (old []int, sure bool, err error) {
	steps, err := folder.Steps()
	if err != nil {
		return nil, false, err
	}
	if err := encrypt.Unlock(folder.Dir); err != nil {
		return nil, false, err
	}
	for _, s := range steps {
		if f, err := safetensors.Open(folder.Checkpoint(s)); err == nil {
			_ = f.Close()
		} else if errors.Is(err, encrypt.ErrNoKey) { // nothing can be said of what is whole
			return nil, false, err
		}
	}
	best, _, err := folder.Best()
	if errors.Is(err, train.ErrNotMeasured) {
		best, err = -1, nil
	}
	if err != nil {
		return nil, false, err
	}
	for i := len(steps) - 1; i >= 0; i-- {
		switch {
		case ctx.Err() != nil:
			return nil, false, ctx.Err()
		case keep == 0:
			if steps[i] != best {
				old = append(old, steps[i])
			}
		case intact(folder.Checkpoint(steps[i])):
			keep--
			sure = true
		case i < len(steps)-1 && steps[i] != best: // damaged, and a newer one stays
			old = append(old, steps[i])
		}
	}
	if keep > 0 { // too few are whole: nothing is certain
		return nil, sure, nil
	}
	return old, sure, nil
}

// intact tells whether a checkpoint is as it was written, to the last byte.
func intact(path string) bool {
	_, err := safetensors.Intact(path)
	return err == nil
}

// addMatching adds the files of a folder whose names match.
func addMatching(all []Spare, dir string, names *regexp.Regexp, why string) []Spare {
	entries, err := os.ReadDir(dir)
	if err != nil { // there is none, or it is not to be read: then it is not to be written either
		return all
	}
	for _, e := range entries {
		if names.MatchString(e.Name()) {
			all = add(all, filepath.Join(dir, e.Name()), why)
		}
	}
	return all
}

// add adds a file, unless it is none.
func add(all []Spare, path, why string) []Spare {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return all
	}
	return append(all, Spare{path, info.Size(), why})
}
