package data

import (
	"strings"
	"testing"
	"time"
)

// drawn is a pair as texts.
func (d *Dates) drawn(i int) Pair {
	source, target := d.Train(i, nil, nil)
	return Pair{string(source), string(target)}
}

func TestDates(t *testing.T) {
	d := NewDates(1)
	v := NewVocabulary(d.Characters(), 3)
	longest, width := d.Longest()
	check := func(p Pair) {
		t.Helper()
		if n := len([]rune(p.Source)); n > longest || len(p.Target) != width {
			t.Errorf("%q and %q are longer than was said, %d and %d", p.Source, p.Target, longest, width)
		}
		for _, text := range []string{p.Source, p.Target} {
			tokens, err := v.Encode(text)
			if err != nil || v.Decode(tokens) != text {
				t.Errorf("%q becomes %q: %v", text, v.Decode(tokens), err)
			}
		}
		if _, err := time.Parse("2006-01-02", p.Target); err != nil {
			t.Error(err)
		}
	}
	held, styles := map[string]bool{}, map[string]bool{}
	for _, p := range d.Test() {
		check(p)
		held[p.Target] = true
	}
	for i := range 20000 {
		p := d.drawn(i)
		check(p)
		if held[p.Target] {
			t.Fatalf("%s is trained on and held out", p.Target)
		}
		styles[strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '0'
			}
			return r
		}, strings.ToLower(p.Source))] = true
	}
	if len(d.Test()) != datesTest || len(held) < 1500 || len(styles) < 200 {
		t.Errorf("%d pairs of %d days are held out; %d patterns are trained on", len(d.Test()), len(held), len(styles))
	}
	if d.drawn(5) != NewDates(1).drawn(5) || d.drawn(5) == NewDates(2).drawn(5) {
		t.Error("a pair must depend on index and seed alone")
	}
	for n, want := range map[int]string{1: "st", 2: "nd", 3: "rd", 4: "th", 11: "th", 12: "th", 13: "th", 21: "st", 22: "nd", 23: "rd", 30: "th", 31: "st"} {
		if got := ending(n); got != want {
			t.Errorf("%d ends in %s, want %s", n, got, want)
		}
	}
}

func TestVocabulary(t *testing.T) {
	v := NewVocabulary("hällo\nworld", 2)
	if v.Len() != 2+8 || v.String() != "\ndhlorwä" {
		t.Errorf("%d: %q", v.Len(), v.String())
	}
	tokens, err := v.Encode("wöd")
	if err == nil || !strings.Contains(err.Error(), `'ö'`) || !strings.Contains(err.Error(), `\ndhlorwä`) {
		t.Errorf("got %v, %v; want an error that names ö and what is known", tokens, err)
	}
	if got := v.Decode([]int32{0, 2, 1, 9, 99, -1}); got != "\nä" {
		t.Errorf("got %q", got)
	}
}
