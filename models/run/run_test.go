package run

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"genview/models/family"
	"genview/models/zoo"
	"genview/vk"
	"genview/vk/vktest"
)

// TestNoTimes: profiling on a device without timestamps is refused before training.
func TestNoTimes(t *testing.T) {
	if err := timed(vk.Info{Name: "Mali", TimestampBits: 36}); err != nil {
		t.Error(err)
	}
	if err := timed(vk.Info{Name: "Mali"}); !errors.Is(err, ErrTimeless) || err.Error() != "Mali keeps no times of what it computes" {
		t.Errorf("got %v", err)
	}
}

// TestPresets: every preset's configuration is valid once it has an argument, and unchanged after it was written and read.
func TestPresets(t *testing.T) {
	for _, name := range zoo.Names(func(family.Preset) bool { return true }) {
		c, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := c.Settings.(family.Rehearser); ok {
			r.Rehearse()
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p, err := c.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(p)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%s: written and read it is %+v, %v; want %+v", name, again, err, c)
		}
		for _, s := range c.List() {
			if s.Meaning == "" {
				t.Errorf("%s: nothing says what %s means", name, s.Key)
			}
		}
	}
}

// host is a host whose device is validated.
func host(t *testing.T) Host {
	t.Helper()
	vktest.Open(t) // skips the test without a device
	return Host{NoTuning: true, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }}
}

// TestOldRuns: runs of earlier versions open, whose configurations had the settings of all kinds in one.
func TestOldRuns(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) < 4 {
		t.Fatalf("%d runs, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			s, err := host(t).Open(t.Context(), dir, Newest, Place{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if views, err := s.Model.Look(t.Context()); err != nil || len(views) == 0 || s.Step != 2 {
				t.Errorf("%d views of step %d, %v", len(views), s.Step, err)
			}
			old, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			now, err := s.Config.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(strings.TrimSpace(string(old)), "\n") {
				if !strings.Contains(string(now), strings.TrimSpace(line)) && line != "  smoothing: 0.1" { // which a GPT has never had
					t.Errorf("%q is lost", line)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for want, text := range map[string]string{
		`kind is "vea"; did you mean vae?; there are vae, gan, `:       "kind: vea\n",
		`kind is ""; there are vae, gan, `:                             "seed: 1\n",
		"it is of version 99, and this genview reads versions up to 2": "version: 99\nkind: vae\n",
		"line 4: there is no setting model.dropout":                    "version: 2\nkind: vae\nmodel:\n  dropout: 0.1\n",
		"(kind is vae)": "version: 2\nkind: vae\nmodel:\n  dropout: 0.1\n",
		"line 2: there is no setting stpes; did you mean steps? (kind is": "kind: gan\nstpes: 3\n",
		"line 2: steps takes a whole number, not 2.7":                     "kind: gan\nsteps: 2.7\n",
	} {
		if c, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %+v, %v; want %q", text, c, err, want)
		}
	}
	c, err := New("vae")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"kind", "version", "data.identity"} {
		if err := c.Set(key, "gan"); err == nil || !strings.Contains(err.Error(), "finds out by itself") {
			t.Errorf("%s was set: %v", key, err)
		}
	}
	if _, err := New("dcgna"); err == nil || !strings.Contains(err.Error(), "did you mean dcgan?") {
		t.Errorf("got %v", err)
	}
}
