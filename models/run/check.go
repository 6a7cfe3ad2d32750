package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"genview/models/data"
	"genview/models/encrypt"
	"genview/models/settings"
	"genview/models/train"
)

// A Report says what of a run is whole.
type Report struct {
	Dir   string `json:"run"`
	Whole bool   `json:"whole"`
	InUse bool   `json:"in_use"` // a process trains in the run

	Locked int             `json:"locked,omitempty"` // number of encrypted files that no identity of the process opens, so that nothing is known of them
	Files  []train.Checked `json:"files"`            // the first is the configuration, the last the data
}

// Damaged returns what is not whole.
func (r *Report) Damaged() []train.Checked {
	return all(r.Files, func(f train.Checked) bool { return f.Problem != "" })
}

// all returns the files that fit.
func all(files []train.Checked, fits func(f train.Checked) bool) []train.Checked {
	return slices.DeleteFunc(slices.Clone(files), func(f train.Checked) bool { return !fits(f) })
}

// Check verifies everything of a run: its settings, metrics, events, checkpoints, samples and recording, and that the data are those that it
// began with. It writes and downloads nothing, and needs no device. An error says that the run cannot be looked at at all.
func (h Host) Check(ctx context.Context, dir string, p Place) (*Report, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		_, err := train.OpenRun(dir) // says why that is no run
		return nil, err
	}
	_ = encrypt.Unlock(dir) // what cannot be opened is said of each file
	folder := &train.Run{Dir: dir}
	r := &Report{Dir: dir, InUse: folder.InUse()}
	c, bad := checkConfig(dir)
	if errors.Is(bad.err, os.ErrNotExist) {
		if _, _, err := folder.Newest(); err != nil {
			_, err := train.OpenRun(dir)
			return nil, err
		}
	}
	r.Files = append(r.Files, bad.Checked)
	found, err := folder.Check(ctx)
	if err != nil {
		return nil, err
	}
	r.Files = append(r.Files, found...)
	if c != nil {
		if d, ok := h.checkData(ctx, dir, c, p); ok {
			r.Files = append(r.Files, d)
		}
	}
	r.Locked = len(all(r.Files, func(f train.Checked) bool { return f.Locked }))
	r.Whole = len(r.Damaged())+r.Locked == 0
	return r, ctx.Err()
}

// checkedConfig is what is known of a configuration.
type checkedConfig struct {
	train.Checked
	err error
}

// checkConfig reads and checks the configuration of a run. It returns nil for one that cannot be used.
func checkConfig(dir string) (*Config, checkedConfig) {
	found := checkedConfig{Checked: train.Checked{File: "config.yaml"}}
	p, err := settings.ReadFile(filepath.Join(dir, found.File))
	var c *Config
	if err == nil {
		c, err = Parse(p)
	}
	if err == nil {
		err = c.Validate()
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		found.Problem, found.Remedy = "is missing", "put back the one that the run was trained with"
	case err != nil:
		found.Problem, found.Remedy = "cannot be used: "+err.Error(), "put that right in it, or put back a whole copy"
	}
	found.err = err
	if err != nil {
		return nil, found
	}
	return c, found
}

// checkData says whether the data of the run in a folder are those that it began with. ok is false for a family without data.
func (h *Host) checkData(ctx context.Context, dir string, c *Config, p Place) (found train.Checked, ok bool) {
	source, checks := c.Settings.Source().(interface {
		Check(ctx context.Context, o data.Options) (known bool, err error)
	})
	if !checks {
		return found, false
	}
	found.File = "the data, " + c.Settings.Source().Base()
	err := p.apply(c, dir)
	known := false
	if err == nil {
		known, err = source.Check(ctx, data.Options{CacheDir: h.CacheDir, Seed: c.Seed, Offline: true})
	}
	switch {
	case errors.Is(err, data.ErrOffline):
		found.Note = err.Error()
	case errors.Is(err, data.ErrChanged):
		found.Problem, found.Remedy = fmt.Sprintf("are %v", data.ErrChanged), "put them back as they were, or accept them as they are when the run goes on"
	case err != nil:
		found.Problem, found.Remedy = "cannot be read: "+err.Error(), "say where they are now"
	case !known:
		found.Note = "the run does not know what they were when it began"
	}
	return found, true
}
