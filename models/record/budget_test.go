package record

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"genview/models/safetensors"
)

// TestRecordsKeepToTheirBudget: however many looks there are, the kept ones fit the budget, begin with the first, end with the newest, and
// are spaced evenly in the logarithm of the step.
func TestRecordsKeepToTheirBudget(t *testing.T) {
	const budget, each = 100, 5
	dir := t.TempDir()
	var s series
	for step := 1; step <= 3000; step++ {
		path := filepath.Join(dir, fmt.Sprint(step))
		if err := os.WriteFile(path, make([]byte, each), 0o644); err != nil {
			t.Fatal(err)
		}
		s.add(item{step, each, []string{path}})
		if err := s.thin(budget); err != nil {
			t.Fatal(err)
		}
		if s.size > budget || s.items[0].step != 1 || s.items[len(s.items)-1].step != step {
			t.Fatalf("at step %d there are %v, of %d bytes", step, s.items, s.size)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != budget/each || len(s.items) != budget/each {
		t.Errorf("%d files and %d items are left, want %d", len(entries), len(s.items), budget/each)
	}
	gaps, even := 0, math.Log(3000)/float64(len(s.items)-1)
	for i := 1; i < len(s.items); i++ {
		if gap := math.Log(float64(s.items[i].step) / float64(s.items[i-1].step)); gap > 2.5*even {
			t.Errorf("between the steps %d and %d nothing is left", s.items[i-1].step, s.items[i].step)
		} else if gap > even/3 {
			gaps++
		}
	}
	if gaps < len(s.items)/2 {
		t.Errorf("the steps crowd: %v", s.items)
	}
	one := series{}
	one.add(item{step: 1, size: 1000})
	one.add(item{step: 2, size: 1000})
	if err := one.thin(1); err != nil || len(one.items) != 2 {
		t.Errorf("the first and the newest: %v, %v", one.items, err)
	}
}

// TestRecordingTakesItsShare: looks are not recorded while recording has used more than its share of the time, nor while one is being
// written; key checkpoints are spaced, and weights that are too large are left out.
func TestRecordingTakesItsShare(t *testing.T) {
	w := newWriter(t, filepath.Join(t.TempDir(), "record"), 1<<30, 0)
	if !w.Due() {
		t.Error("the first look is not due")
	}
	if err := w.Add(1, views(1), nil); err != nil {
		t.Fatal(err)
	}
	w.collect(true)
	w.spent = time.Second + headway
	w.began = time.Now().Add(-(timeShare - 1) * time.Second)
	if w.Due() {
		t.Error("due before its share is over")
	}
	w.began = time.Now().Add(-(timeShare + 1) * time.Second)
	if !w.Due() {
		t.Error("not due, and its share is over")
	}
	asked := 0
	for step := 100; step < 200; step += 10 {
		w.began = w.began.Add(-time.Hour)
		if err := w.Add(step, views(step), func() ([]safetensors.Tensor, error) { asked++; return nil, nil }); err != nil {
			t.Fatal(err)
		}
		w.collect(true)
	}
	if asked != 4 { // at 100, 120, 140 and 170; 190 is less than 1.15 · 170
		t.Errorf("the weights were read %d times in steps 100, 110, … 190, want 4", asked)
	}
	broken := errors.New("device lost")
	if err := w.Add(1000, views(1), func() ([]safetensors.Tensor, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("it was told: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "record")
	fill(t, newWriter(t, dir, 20, 0), 1)
	if r := open(t, dir); len(r.Keys()) != 0 || len(r.Steps()) != 1 {
		t.Errorf("of weights beyond the budget %v are kept", r.Keys())
	}
}
