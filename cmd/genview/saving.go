package main

import (
	"strings"

	"genview/models/run"

	"github.com/spf13/cobra"
)

// saving sets what flags say of when to save and when to end, which may change while a run goes on.
func (f *trainFlags) saving(c *cobra.Command, cfg *run.Config) {
	changed := c.Flags().Changed
	if changed("save-every") {
		cfg.Save.Every = f.saveEvery
	}
	if changed("keep") {
		cfg.Save.Keep = f.keep
	}
	if changed("patience") {
		cfg.Eval.Patience = f.patience
	}
	if changed("watermark") {
		cfg.Watermark = f.watermark
	}
}

// sayBest says which checkpoint is better on held-out data than the last one, if one is.
func (j *job) sayBest() {
	if step, mark, err := j.Folder.Best(); err == nil && step != j.Step {
		j.console.say("of the steps that were measured on held-out data, %d was the best, with %s %.4g: --checkpoint best takes it", step, strings.ReplaceAll(mark.Metric, "_", " "), mark.Value)
	}
}
