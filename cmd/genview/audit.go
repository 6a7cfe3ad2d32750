package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"genview/models/audit"
	"genview/models/encrypt"
	"genview/models/safetensors"
	"genview/models/train"

	"github.com/spf13/cobra"
)

// log adds an entry to the audit log of the run in a folder, or says why it cannot.
func (a *app) log(dir string, e audit.Entry) {
	if err := audit.Append(dir, e); err != nil {
		a.notice(fmt.Sprintf("what was made is not in the audit log of %s: %v", dir, err))
	}
}

// ofTraining are the commands whose run's training writes its log itself.
var ofTraining = []string{"train", "view"}

// logExport adds what a command has made of a run to the run's audit log.
func (a *app) logExport(c *cobra.Command) {
	if slices.Contains(ofTraining, c.Name()) {
		return
	}
	e, dirs := audit.Entry{What: c.Name()}, a.shown
	if s := a.loaded; s != nil && s.Folder != nil {
		dirs, e.Step = append(dirs, s.Folder.Dir), s.Step
		if sum, err := safetensors.Checksum(s.Weights); err == nil {
			e.Checksum = sum
		}
	}
	if out := c.Flags().Lookup("output"); out != nil && out.Value.String() != "" {
		e.File = filepath.Base(out.Value.String())
	}
	e.Detail = map[string]string{"command": commandLine(os.Args[1:])}
	if a.found != "" {
		e.Detail["measured"] = a.found
	}
	for _, dir := range dirs {
		a.log(dir, e)
	}
}

// An audited run is what the audit command says of it.
type audited struct {
	Run     string        `json:"run"`
	Whole   bool          `json:"whole"`
	Problem []string      `json:"problems"`
	Note    string        `json:"note,omitempty"`
	Entries []audit.Entry `json:"entries"`
}

func (a *app) audit() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit RUN",
		Short: "Verify and print the log of what was done with a run",
		Long: `Verify the chain of a run's audit log, and that it knows the run's checkpoints as they are; print who trained it when, with which settings, data,
program and device, which checkpoints were saved, and what was made with it. Exit code 1 says that something is wrong.`,
		Example: "  genview audit runs/letters\n  genview audit runs/letters --json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error {
			v, err := auditOf(dirs[0])
			if err != nil {
				return err
			}
			if a.json {
				if err := json.NewEncoder(a.out).Encode(v); err != nil {
					return err
				}
			} else {
				a.printAudit(v)
			}
			if !v.Whole {
				return fmt.Errorf("%s: %s", v.Run, strings.Join(v.Problem, "; "))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON: one object")
	return c
}

// auditOf verifies the log of a run.
func auditOf(dir string) (*audited, error) {
	folder, err := train.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	l, err := audit.Read(dir)
	if audit.None(err) {
		return nil, fmt.Errorf("%s has no audit log: an earlier version trained it, and nothing was made with it since", dir)
	}
	if err != nil {
		return nil, err
	}
	v := &audited{Run: dir, Entries: l.Entries, Problem: []string{}}
	if l.Broken != "" {
		v.Problem = append(v.Problem, "the log was tampered with or damaged: "+l.Broken)
	}
	steps, err := folder.Steps()
	if err != nil {
		return nil, err
	}
	_ = encrypt.Unlock(dir) // without its passphrase the chain alone is verified
	sums, locked := map[string]string{}, 0
	for _, step := range steps {
		path := folder.Checkpoint(step)
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return nil, err
		}
		_, bad := safetensors.Intact(path)
		sum, _ := safetensors.Checksum(path)
		if errors.Is(bad, encrypt.ErrNoKey) {
			locked++
			continue
		}
		if bad != nil {
			sum = "damaged"
		}
		sums[filepath.ToSlash(name)] = sum
	}
	if locked > 0 {
		v.Note = fmt.Sprintf("checkpoints that are encrypted, %d of them, are not compared with the log without a key that opens them", locked)
	}
	unknown := l.Unknown(sums)
	if len(unknown) > 0 && len(l.Entries) > 0 && l.Entries[0].What == "began" {
		v.Problem = append(v.Problem, fmt.Sprintf("the log does not know %s as they are: it was cut, or they were put there or changed", strings.Join(unknown, ", ")))
	}
	v.Whole = len(v.Problem) == 0
	return v, nil
}

// printAudit prints a log.
func (a *app) printAudit(v *audited) {
	if n := len(v.Entries); n > 0 && v.Entries[0].What != "began" {
		fmt.Fprintln(a.out, "the log begins late: an earlier version trained the run before")
	}
	for _, e := range v.Entries {
		parts := []string{e.Time.Local().Format("2006-01-02 15:04:05"), e.By, e.What, fmt.Sprintf("step %d", e.Step)}
		for _, p := range []string{e.File, e.Checksum[max(0, len(e.Checksum)-12):]} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(e.Detail)) {
			parts = append(parts, key+": "+e.Detail[key])
		}
		fmt.Fprintln(a.out, visible(strings.Join(parts, "  ")))
	}
	if v.Note != "" {
		fmt.Fprintln(a.out, v.Note)
	}
	if v.Whole {
		fmt.Fprintf(a.out, "%d entries, an unbroken chain\n", len(v.Entries))
	}
}
