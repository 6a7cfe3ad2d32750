package run

import (
	"path/filepath"
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
	log := tensorboard.Start(t.Folder.Dir, tensorboard.Options{
		From: t.Step, Settings: t.Config.Hyperparameters(), CacheDir: o.CacheDir,
		Say: func(text string) { t.host.notice("%s", text) },
	})
	onLog, onLook := o.OnLog, o.OnLook
	o.OnLog = func(r train.Record) {
		log.Metrics(r.Step, r.Time, append(r.Metrics[:len(r.Metrics):len(r.Metrics)], watch.Metric{Name: "examples_per_s", Value: r.ExamplesPerS}))
		if onLog != nil {
			onLog(r)
		}
	}
	o.OnLook = func(step int, views []watch.View) {
		log.Views(step, time.Now(), views)
		if onLook != nil {
			onLook(step, views)
		}
	}
	return o, log.End
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
