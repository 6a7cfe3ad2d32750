package data

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A Pair is a text and what it is to be translated to.
type Pair struct{ Source, Target string }

// Dates are dates as people write them and as ISO 8601 has them: "Friday the 3rd of May, 1998" is 1998-05-03. They reach from 1950 to
// 2049. A tenth of the days is held out: none of them is ever trained on in any style.
type Dates struct {
	seed uint64
	test []Pair
}

const (
	firstYear = 1950
	lastYear  = 2049
	datesTest = 2000
)

// NewDates returns dates drawn from that seed; which days are held out does not depend on it.
func NewDates(seed uint64) *Dates {
	d := &Dates{seed: seed}
	rng := rand.New(rand.NewPCG(seed, 0x7465737464617465))
	for len(d.test) < datesTest {
		if day := anyDay(rng); heldOut(day) {
			d.test = append(d.test, written(rng, day))
		}
	}
	return d
}

// Train returns the pair that an index and the seed give; there is no end of them.
func (d *Dates) Train(i int) Pair {
	rng := rand.New(rand.NewPCG(d.seed, uint64(i)))
	for {
		if day := anyDay(rng); !heldOut(day) {
			return written(rng, day)
		}
	}
}

// Test returns the pairs of days that are held out.
func (d *Dates) Test() []Pair { return d.test }

// Characters are all that sources and targets are made of.
func (d *Dates) Characters() string {
	words := strings.Join(append(months(), weekdays()...), "") + "ofthndstrd"
	return strings.ToUpper(words) + strings.ToLower(words) + " -./,'0123456789"
}

// Longest returns the lengths in characters that no source and no target exceeds.
func (d *Dates) Longest() (source, target int) { return 40, 10 }

func anyDay(rng *rand.Rand) time.Time {
	first := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	days := int(time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC).Sub(first).Hours()) / 24
	return first.AddDate(0, 0, rng.IntN(days))
}

func heldOut(day time.Time) bool {
	h := uint64(day.Unix()/86400) * 0x9e3779b97f4a7c15 // Knuth's multiplicative hash
	return h>>32%10 == 0
}

// dateStyles write a day. Where a number comes first, a dot or a dash means that it is the day, a slash the month.
var dateStyles = []func(rng *rand.Rand, t time.Time) string{
	func(_ *rand.Rand, t time.Time) string { return t.Format("2 January 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("2 Jan 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("January 2, 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("Jan 2, 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("Monday, 2 January 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("Mon, Jan 2 2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("Mon 02 Jan 2006") },
	func(_ *rand.Rand, t time.Time) string { return ordinal(t.Day()) + t.Format(" of January 2006") },
	func(_ *rand.Rand, t time.Time) string {
		return t.Format("January ") + ordinal(t.Day()) + t.Format(", 2006")
	},
	func(_ *rand.Rand, t time.Time) string {
		return t.Format("Monday the ") + ordinal(t.Day()) + t.Format(" of January, 2006")
	},
	func(_ *rand.Rand, t time.Time) string { return t.Format("2.1.2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("02.01.2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("1/2/2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("01/02/06") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("2-Jan-2006") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("2006 January 2") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("2006/01/02") },
	func(_ *rand.Rand, t time.Time) string { return t.Format("2 Jan '06") },
}

func written(rng *rand.Rand, day time.Time) Pair {
	s := dateStyles[rng.IntN(len(dateStyles))](rng, day)
	switch rng.IntN(4) {
	case 0:
		s = strings.ToLower(s)
	case 1:
		s = strings.ToUpper(s)
	}
	return Pair{s, day.Format("2006-01-02")}
}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}

func months() (names []string) {
	for m := time.January; m <= time.December; m++ {
		names = append(names, m.String())
	}
	return names
}

func weekdays() (names []string) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		names = append(names, d.String())
	}
	return names
}
