package run

import (
	"errors"
	"os"
	"path/filepath"

	"genview/tensor"
	"genview/vk"
	"genview/vk/files"
)

// Tuning returns what is known of the kernels on a device; nil where they are taken by rule.
func (h *Host) Tuning(i vk.Info) *tensor.Tuning {
	if h.NoTuning {
		return nil
	}
	t := tensor.NewTuning(i)
	path := h.tuningPath(i)
	if p, err := os.ReadFile(path); err == nil {
		if err := t.Load(p); err != nil && !errors.Is(err, tensor.ErrForeignTuning) { // a new build or driver begins anew
			h.notice("%s is not used, and will be written anew: %v", path, err)
		}
	}
	if h.Effort != nil {
		t.Allow(h.Effort(i))
	}
	return t
}

// KeepTuning writes what was found out beside what others found out meanwhile. Where that fails it is found out once more.
func (h *Host) KeepTuning(i vk.Info, t *tensor.Tuning) {
	if t == nil || !t.Fresh() {
		return
	}
	path := h.tuningPath(i)
	if path == "" {
		return
	}
	if p, err := os.ReadFile(path); err == nil {
		_ = t.Load(p) // what is damaged, or of another build, is written over
	}
	if os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		_ = files.WriteBytes(path, t.Bytes())
	}
}

// tuningPath is where the tuning of a device with this driver is kept; "": nowhere.
func (h *Host) tuningPath(i vk.Info) string {
	if h.CacheDir == "" {
		return ""
	}
	return filepath.Join(h.CacheDir, "tuning-"+i.Key()+".json")
}
