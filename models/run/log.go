package run

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"genview/models/settings"
	"genview/models/tensorboard"
	"genview/models/train"
	"genview/models/watch"
)

// logged returns options of a loop that also write event files for TensorBoard if the run is to have them, and what ends that.
func (t *Training) logged(o train.Options) (train.Options, func()) {
	if !t.Config.Record.TensorBoard {
		return o, func() {}
	}
	said := &notes{}
	tell := func() {
		for _, text := range said.take() {
			t.host.notice("%s", text)
		}
	}
	log := tensorboard.Start(t.Folder.Dir, tensorboard.Options{
		From: t.Step, Settings: t.Config.Hyperparameters(), CacheDir: o.CacheDir,
		Say: said.add,
	})
	onLog, onLook := o.OnLog, o.OnLook
	o.OnLog = func(r train.Record) {
		log.Metrics(r.Step, r.Time, append(r.Metrics[:len(r.Metrics):len(r.Metrics)], watch.Metric{Name: "examples_per_s", Value: r.ExamplesPerS}))
		if onLog != nil {
			onLog(r)
		}
		tell()
	}
	o.OnLook = func(step int, views []watch.View) {
		log.Views(step, time.Now(), views)
		if onLook != nil {
			onLook(step, views)
		}
		tell()
	}
	return o, func() {
		log.End()
		tell()
	}
}

// notes wait until the goroutine that trains tells them: a host's Notice is called by that one alone.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, text)
}

// take returns the notes, and forgets them.
func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.all
	n.all = nil
	return all
}

// Hyperparameters returns the kind of the model and the settings that a user chooses, for programs that compare runs; of
// paths only the last names.
func (c *Config) Hyperparameters() (all []watch.Setting) {
	for _, s := range c.List() {
		if !s.Found || s.Key == "kind" {
			all = append(all, shown(s))
		}
	}
	return all
}

// Shown returns all settings, for files that are passed on.
func (c *Config) Shown() (all []watch.Setting) {
	for _, s := range c.List() {
		all = append(all, shown(s))
	}
	return all
}

// shown returns a setting, of a path only the last name.
func shown(s settings.Setting) watch.Setting {
	if filepath.IsAbs(s.Value) {
		s.Value = filepath.Base(s.Value)
	}
	return watch.Setting{Key: s.Key, Value: s.Value, Meaning: s.Meaning}
}

// about returns what the audit log says of the training.
func (t *Training) about() map[string]string {
	about := map[string]string{"program": t.host.Program, "driver": t.Device.Info().Driver, "settings": "unknown"}
	if p, err := t.Config.Bytes(); err == nil {
		about["settings"] = fmt.Sprintf("sha256:%x", sha256.Sum256(p))
	}
	if to := t.Folder.Recipients(); len(to) > 0 {
		about["encrypted to"] = strings.Join(to, ", ")
	}
	if data := t.Config.Data(); data != "" {
		about["data"] = data
	}
	return about
}

// Data returns the name of the data, and their identity if it is known; "": the model has none.
func (c *Config) Data() string {
	source := c.Settings.Source()
	if source == nil {
		return ""
	}
	if known, ok := source.(interface{ Known() string }); ok && known.Known() != "" {
		return source.Base() + ", " + known.Known()
	}
	return source.Base()
}
