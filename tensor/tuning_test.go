package tensor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"genview/vk"
)

var aDevice = vk.Info{Name: "a device", Driver: "a driver 1.0", API: "1.3.0", SubgroupSize: 32}

// found returns a tuning whose winner for a class is the given form.
func found(class, form string) *Tuning {
	t := NewTuning(aDevice)
	t.learn(Trial{Class: class, Winner: form, Gain: 0.25, Candidates: []Candidate{{Form: "rule"}, {Form: form}}}, time.Second)
	return t
}

func TestTuningIsKept(t *testing.T) {
	forms := []string{"rule", "tall", "wide"}
	a := found("x", "wide")
	if !a.Fresh() || a.Fresh() {
		t.Error("what was found out is fresh once")
	}
	b := NewTuning(aDevice)
	if err := b.Load(a.Bytes()); err != nil {
		t.Fatal(err)
	}
	if b.Fresh() {
		t.Error("what was loaded is not fresh")
	}
	if i := b.pick("x", forms); i != 2 {
		t.Errorf("picked %s, want wide", forms[i])
	}
	if i := b.pick("y", forms); i != 0 {
		t.Errorf("of a class that is not known picked %s, want the rule's", forms[i])
	}
	if string(b.Bytes()) != string(a.Bytes()) {
		t.Errorf("loaded and written again:\n%s, want\n%s", b.Bytes(), a.Bytes())
	}
	c := found("z", "tall") // Load merges the winners of two processes, and each keeps its own
	if err := errors.Join(c.Load(a.Bytes()), c.Load(found("z", "wide").Bytes())); err != nil {
		t.Fatal(err)
	}
	if x, z := c.pick("x", forms), c.pick("z", forms); x != 2 || z != 1 {
		t.Errorf("picked %s and %s, want wide and tall", forms[x], forms[z])
	}
	if i := found("x", "gone").pick("x", forms); i != 0 {
		t.Errorf("of a form that is no more picked %s, want the rule's", forms[i])
	}
	var none *Tuning
	if i := none.pick("x", forms); i != 0 {
		t.Errorf("without a tuning picked %s, want the rule's", forms[i])
	}
}

// TestForeignTuningIsNotRead checks that tunings of another device, driver, build or version, and damaged ones, are rejected.
func TestForeignTuningIsNotRead(t *testing.T) {
	good := string(found("x", "wide").Bytes())
	kernels := NewTuning(aDevice).kernels
	for name, c := range map[string]struct {
		text    string
		foreign bool
	}{
		"device":  {strings.Replace(good, "a device", "another", 1), true},
		"driver":  {strings.Replace(good, "a driver 1.0", "a driver 1.1", 1), true},
		"api":     {strings.Replace(good, "1.3.0", "1.3.1", 1), true},
		"kernels": {strings.Replace(good, kernels, strings.Repeat("0", len(kernels)), 1), true},
		"version": {strings.Replace(good, `"version": 1`, `"version": 2`, 1), true},
		"short":   {good[:len(good)/2], false},
		"empty":   {"", false},
		"binary":  {"\x00\xff\x00", false},
		"no form": {strings.Replace(good, `"wide"`, `""`, 1), false},
		"a list":  {"[]", false},
		"numbers": {strings.Replace(good, `"wide"`, `7`, 1), false},
	} {
		if c.text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		tu := NewTuning(aDevice)
		err := tu.Load([]byte(c.text))
		if err == nil || errors.Is(err, ErrForeignTuning) != c.foreign {
			t.Errorf("%s: got the error %v, foreign: %t", name, err, c.foreign)
		}
		if i := tu.pick("x", []string{"rule", "wide"}); i != 0 {
			t.Errorf("%s: it was read", name)
		}
	}
}

// TestChoiceStays checks that a class keeps its kernel as long as the process lives, whatever is learned later.
func TestChoiceStays(t *testing.T) {
	forms := []string{"rule", "wide"}
	tu := NewTuning(aDevice)
	tu.Allow(Effort{Time: time.Hour, Least: 100})
	for _, c := range []struct {
		class string
		flops float64
		want  bool
	}{{"small", 99, false}, {"large", 100, true}} {
		if _, open := tu.open(c.class, c.flops); open != c.want {
			t.Errorf("%s: open %t, want %t", c.class, open, c.want)
		}
	}
	tu.pick("large", forms)
	if _, open := tu.open("large", 1000); open {
		t.Error("a class that programs use by rule is tried")
	}
	if err := tu.Load(found("large", "wide").Bytes()); err != nil {
		t.Fatal(err)
	}
	if i := tu.pick("large", forms); i != 0 {
		t.Errorf("picked %s after the rule's", forms[i])
	}
	tu.learn(Trial{Class: "other", Candidates: []Candidate{{Form: "rule"}}}, time.Hour)
	if _, open := tu.open("another", 1000); open {
		t.Error("there is no time left, and a class is tried")
	}
	if strings.Contains(string(tu.Bytes()), "other") {
		t.Error("a class without a winner is kept")
	}
}

func TestTuningIsSafeForConcurrentUse(t *testing.T) {
	tu := NewTuning(aDevice)
	p := found("x", "wide").Bytes()
	var all sync.WaitGroup
	picked := make([]int, 8)
	for i := range picked {
		all.Go(func() {
			class := fmt.Sprint("c", i%4)
			tu.Allow(Effort{Time: time.Second})
			tu.open(class, 1)
			tu.learn(Trial{Class: fmt.Sprint("own", i), Winner: "wide", Candidates: []Candidate{{Form: "wide"}}}, 1)
			if err := tu.Load(p); err != nil {
				t.Error(err)
			}
			picked[i] = tu.pick("x", []string{"rule", "wide"}) + tu.pick(class, []string{"rule"})
			tu.Bytes()
			tu.Fresh()
		})
	}
	all.Wait()
	if want := slices.Repeat([]int{1}, len(picked)); !slices.Equal(picked, want) {
		t.Errorf("picked %v, want %v", picked, want)
	}
	if n := strings.Count(string(tu.Bytes()), `"own`); n != len(picked) {
		t.Errorf("%d of %d classes are kept", n, len(picked))
	}
}

// clock returns runs whose durations are functions of the turn.
func clock(times ...func(turn int) float64) []func() (time.Duration, error) {
	var runs []func() (time.Duration, error)
	for _, at := range times {
		turn := -1
		runs = append(runs, func() (time.Duration, error) {
			turn++
			return time.Duration(at(turn) * float64(time.Millisecond)), nil
		})
	}
	return runs
}

func TestContest(t *testing.T) {
	always := func(ms float64) func(int) float64 { return func(int) float64 { return ms } }
	rng := rand.New(rand.NewPCG(1, 2))
	noisy := func(ms float64) func(int) float64 {
		return func(int) float64 { return ms * (1 + 0.1*rng.ExpFloat64()) }
	}
	for _, c := range []struct {
		name string
		runs []func() (time.Duration, error)
		best int
		gain float64
	}{
		{"alone", clock(always(1)), 0, 0},
		{"clearly", clock(always(1), always(0.9), always(0.8), always(1.2)), 2, 0.2},
		{"hardly", clock(always(1), always(0.96)), 0, 0},
		{"slower", clock(always(1), always(2)), 0, 0},
		{"by luck", clock(always(1), func(turn int) float64 { // in the first five turns only
			if turn < 5 {
				return 0.5
			}
			return 1
		}), 0, 0},
		{"less the second time", clock(always(1), func(turn int) float64 {
			if turn < 5 {
				return 0.5
			}
			return 0.9
		}), 1, 0.1},
		{"once in a while", clock(always(1), func(turn int) float64 {
			if turn%3 == 0 {
				return 0.1
			}
			return 1
		}), 0, 0},
		{"slower at the least", clock(func(turn int) float64 {
			if turn%5 == 0 {
				return 0.5
			}
			return 1
		}, always(0.9)), 0, 0},
		{"noise", clock(noisy(1), noisy(0.5), noisy(1)), 1, 0.5},
	} {
		best, least, gain, err := contest(5, c.runs)
		tolerance := 1e-6
		if c.name == "noise" {
			tolerance = 0.1
		}
		if err != nil || best != c.best || gain < c.gain-tolerance || gain > c.gain+tolerance || len(least) != len(c.runs) {
			t.Errorf("%s: got %d, %g, %v (%v), want %d, %g", c.name, best, gain, least, err, c.best, c.gain)
		}
	}
	lost := errors.New("lost")
	runs := append(clock(always(1)), func() (time.Duration, error) { return 0, lost })
	if _, _, _, err := contest(5, runs); !errors.Is(err, lost) {
		t.Errorf("got the error %v, want %v", err, lost)
	}
}
