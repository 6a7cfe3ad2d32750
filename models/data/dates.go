package data

import (
	"math/rand/v2"
	"strings"
	"time"
	"unicode"
)

// A Pair is a text and its translation.
type Pair struct{ Source, Target string }

// Dates is a data set of dates in the styles of people and in ISO 8601: "Friday the 3rd of May, 1998" is 1998-05-03. They are from 1950 to
// 2049. A tenth of the days is held out: no training example has them in any style. It is for one goroutine.
type Dates struct {
	seed   uint64
	random *stream
	test   []Pair
}

const (
	firstYear = 1950
	lastYear  = 2049
	datesTest = 2000
)

// NewDates returns dates drawn with a seed. The held-out days do not depend on the seed.
func NewDates(seed uint64) *Dates {
	d := &Dates{seed: seed, random: newStream()}
	rng := d.random.from(seed, 0x7465737464617465)
	for len(d.test) < datesTest {
		if day := anyDay(rng); heldOut(day) {
			source, target := written(rng, day, nil, nil)
			d.test = append(d.test, Pair{string(source), string(target)})
		}
	}
	return d
}

// Train appends the training pair of an index to source and target. There are infinitely many.
func (d *Dates) Train(i int, source, target []byte) (s, t []byte) {
	rng := d.random.from(d.seed, uint64(i))
	for {
		if day := anyDay(rng); !heldOut(day) {
			return written(rng, day, source, target)
		}
	}
}

// Test returns the pairs of days that are held out.
func (d *Dates) Test() []Pair { return d.test }

// Characters returns all characters of sources and targets.
func (d *Dates) Characters() string {
	words := strings.Join(append(months(), weekdays()...), "") + "ofthndstrd"
	return strings.ToUpper(words) + strings.ToLower(words) + " -./,'0123456789"
}

// Longest returns the greatest lengths of sources and targets, in characters.
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

// dateStyles are layouts of package time; @ is the ending of an ordinal. If a number comes first, a dot or a dash means that it is the day,
// a slash that it is the month.
var dateStyles = []string{
	"2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "Monday, 2 January 2006", "Mon, Jan 2 2006", "Mon 02 Jan 2006",
	"2@ of January 2006", "January 2@, 2006", "Monday the 2@ of January, 2006", "2.1.2006", "02.01.2006", "1/2/2006", "01/02/06",
	"2-Jan-2006", "2006 January 2", "2006/01/02", "2 Jan '06",
}

// written appends a day in a random style, and in ISO 8601.
func written(rng *rand.Rand, day time.Time, source, target []byte) (s, t []byte) {
	number, rest, ordinal := strings.Cut(dateStyles[rng.IntN(len(dateStyles))], "@")
	s = day.AppendFormat(source, number)
	if ordinal {
		s = day.AppendFormat(append(s, ending(day.Day())...), rest)
	}
	letters := func(r rune) rune { return r }
	switch rng.IntN(4) {
	case 0:
		letters = unicode.ToLower
	case 1:
		letters = unicode.ToUpper
	}
	for i := len(source); i < len(s); i++ {
		s[i] = byte(letters(rune(s[i])))
	}
	return s, day.AppendFormat(target, "2006-01-02")
}

// ending returns the ending of the ordinal of n.
func ending(n int) string {
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			return "st"
		case 2:
			return "nd"
		case 3:
			return "rd"
		}
	}
	return "th"
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
