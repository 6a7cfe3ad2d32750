package run

import (
	"errors"
	"os"
	"path/filepath"

	"genview/tensor"
	"genview/vk"
	"genview/vk/files"
)

// Tuning returns the tuning results of a device; nil if kernels are chosen by rule.
func (h *Host) Tuning(i vk.Info) *tensor.Tuning {
	if h.NoTuning {
		return nil
	}
	t := tensor.NewTuning(i)
	path := h.tuningPath(i)
	if p, err := os.ReadFile(path); err == nil {
		if err := t.Load(p); err != nil && !errors.Is(err, tensor.ErrForeignTuning) { // with a new build or driver, tuning starts over
			h.notice("%s is not used, and will be written anew: %v", path, err)
		}
	}
	if h.Effort != nil {
		t.Allow(h.Effort(i))
	}
	return t
}

// KeepTuning writes tuning results, merged with those that other processes wrote meanwhile. If writing fails, the next run tunes again.
func (h *Host) KeepTuning(i vk.Info, t *tensor.Tuning) {
	if t == nil || !t.Fresh() {
		return
	}
	path := h.tuningPath(i)
	if path == "" {
		return
	}
	if p, err := os.ReadFile(path); err == nil {
		_ = t.Load(p) // results that are damaged or of another build are overwritten
	}
	if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		_ = files.WriteBytes(path, t.Bytes())
	}
}

// tuningPath returns the file for the tuning results of a device with its present driver; "": they are not kept.
func (h *Host) tuningPath(i vk.Info) string {
	if h.CacheDir == "" {
		return ""
	}
	return filepath.Join(h.CacheDir, "tuning-"+i.Key()+".json")
}
