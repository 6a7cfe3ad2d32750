package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"genview/vk"
)

// A loser is genview in this process on a device that gets lost.
type loser struct {
	lost func(training, submission int) bool // at a submission of the first training or a later one, all counted from 1

	mu          sync.Mutex
	said        bytes.Buffer
	training    int
	submissions int // since that began
	gone        bool
}

func (l *loser) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(p, []byte("training in ")) {
		l.training, l.submissions = l.training+1, 0
	}
	return l.said.Write(p)
}

func (l *loser) Close() error { return nil }

func (l *loser) fail(call string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	const deviceLost = -4
	switch {
	case call == "vkCreateDevice":
		l.gone = false
	case call == "vkQueueSubmit" && l.training > 0:
		l.submissions++
		l.gone = l.gone || l.lost(l.training, l.submissions)
	}
	if l.gone { // all of a lost device's calls fail
		return &vk.Error{Call: call, Result: deviceLost}
	}
	return nil
}

// losing runs genview on a device that is lost at some submissions.
func losing(t *testing.T, lost func(training, submission int) bool, args ...string) (said string, err error) {
	t.Helper()
	l := &loser{lost: lost}
	a := &app{out: &results{to: l}, console: &console{status: l, plain: l}, fail: l.fail}
	root := a.root()
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return l.said.String(), err
}

// TestDeviceLost loses the device while a run is trained that has a checkpoint, and one that has none: what comes out has the bits of a
// run whose device was not lost.
func TestDeviceLost(t *testing.T) {
	dir := t.TempDir()
	whole, run, early := filepath.Join(dir, "whole"), filepath.Join(dir, "run"), filepath.Join(dir, "early")
	must(t, tiny("--out", whole, "--steps", "60")...)
	must(t, tiny("--out", run, "--steps", "25")...)
	twice := func(training, n int) bool { return training <= 2 && n == 10*training }
	said, err := losing(t, twice, "train", "--resume", run, "--steps", "60")
	if err != nil || strings.Count(said, "opened anew, and training goes on from step 25") != 2 {
		t.Errorf("got %v, and it says %s", err, said)
	}
	if !bytes.Equal(newest(t, whole), newest(t, run)) {
		t.Error("a run whose device was lost twice gives other bits than one whose was not")
	}
	said, err = losing(t, func(training, n int) bool { return training == 1 && n == 30 }, tiny("--out", early, "--steps", "60")...)
	if err != nil || !strings.Contains(said, "training goes on from step 0") || !bytes.Equal(newest(t, whole), newest(t, early)) {
		t.Errorf("lost before the first checkpoint: %v, %s", err, said)
	}
}

// TestDeviceLostForGood: a device that is lost again and again ends the run with one line, and what was saved stays.
func TestDeviceLostForGood(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "25")...)
	was := newest(t, run)
	_, err := losing(t, func(_, n int) bool { return n == 5 }, "train", "--resume", run, "--steps", "100000")
	if want := "the device was lost 4 times, the newest checkpoint is of step 25: go on with train --resume " + run; !errors.Is(err, vk.ErrDeviceLost) || !strings.Contains(oneLine(err), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if !bytes.Equal(was, newest(t, run)) {
		t.Error("the checkpoint has changed")
	}
}
