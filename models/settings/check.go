package settings

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An Error says what is wrong with the value of a setting.
type Error struct {
	Key     string // such as model.z
	Problem string // continues after the key, such as "is 0 and must be at least 1"
}

func (e *Error) Error() string { return e.Key + " " + e.Problem }

// Errorf returns an error about a setting; the text continues after the key.
func Errorf(key, format string, a ...any) *Error { return &Error{key, fmt.Sprintf(format, a...)} }

// Check returns an [*Error] for the first setting of a struct, or pointer to one, whose value its tags do not allow.
func Check(of any) error {
	var bad error
	walk(reflect.Indirect(reflect.ValueOf(of)), "", func(key string, f reflect.StructField, v reflect.Value) {
		if bad != nil {
			return
		}
		if tag, ok := f.Tag.Lookup("range"); ok {
			n := asNumber(v)
			if r := parseRange(tag); !r.holds(n) {
				bad = Errorf(key, "is %v and must be %s", v, r)
			}
		}
		if words := oneOf(f); words != nil && !slices.Contains(words, v.String()) {
			meant := ""
			if near := Nearest(v.String(), words); near != "" {
				meant = "; did you mean " + near + "?"
			}
			bad = Errorf(key, "is %q and must be %s%s", brief(v.String()), either(words), meant)
		}
	})
	return bad
}

// A Setting describes one setting of a struct.
type Setting struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
	Allowed string `json:"allowed,omitempty"` // as "from 0 to below 1"
	Large   int    `json:"-"`                 // what it is where a larger one makes a larger model; 0 where not
	Found   bool   `json:"-"`                 // by the run itself, and not for anybody to change
}

// List returns the settings of a struct, or pointer to one, in order.
func List(of any) []Setting {
	var all []Setting
	walk(reflect.Indirect(reflect.ValueOf(of)), "", func(key string, f reflect.StructField, v reflect.Value) {
		s := Setting{Key: key, Value: fmt.Sprint(v), Meaning: f.Tag.Get("doc"), Found: f.Tag.Get("found") != ""}
		if tag, ok := f.Tag.Lookup("range"); ok {
			s.Allowed = parseRange(tag).String()
		} else if words := oneOf(f); words != nil {
			s.Allowed = either(words)
		} else if v.Kind() == reflect.Bool {
			s.Allowed = "true or false"
		}
		if f.Tag.Get("large") != "" {
			s.Large = int(v.Int())
		}
		all = append(all, s)
	})
	return all
}

// oneOf returns the words that a field's tag allows, or nil if it allows any text.
func oneOf(f reflect.StructField) []string {
	tag, ok := f.Tag.Lookup("oneof")
	if !ok {
		return nil
	}
	words := strings.Split(tag, ",")
	if !slices.ContainsFunc(words, func(w string) bool { return w != "" }) {
		panic("settings: no words: " + string(f.Tag))
	}
	return words
}

// either formats words as a choice: a, b or c. It omits the empty word.
func either(words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return words[0]
}

// An interval is the value of a range tag: [0,1) is from 0 to below 1, (0,) is above 0.
type interval struct {
	low, high         float64
	lowText, highText string
	openLow, openHigh bool
}

// parseRange parses a range tag. A malformed tag is a bug in the struct.
func parseRange(tag string) interval {
	low, high, ok := strings.Cut(strings.Trim(tag, "[]()"), ",")
	r := interval{math.Inf(-1), math.Inf(1), low, high, tag[0] == '(', tag[len(tag)-1] == ')'}
	var err error
	if ok && low != "" {
		r.low, err = strconv.ParseFloat(low, 64)
	}
	if ok && err == nil && high != "" {
		r.high, err = strconv.ParseFloat(high, 64)
	}
	if !ok || err != nil {
		panic("settings: no range: " + tag)
	}
	return r
}

func (r interval) holds(n float64) bool { // false for NaN
	return (n > r.low || n == r.low && !r.openLow) && (n < r.high || n == r.high && !r.openHigh)
}

// String says in words what values lie in the interval.
func (r interval) String() string {
	switch {
	case r.highText == "" && r.openLow:
		return "above " + r.lowText
	case r.highText == "":
		return "at least " + r.lowText
	case r.lowText == "" && r.openHigh:
		return "below " + r.highText
	case r.lowText == "":
		return "at most " + r.highText
	}
	from, to := "from ", " to "
	if r.openLow {
		from = "above "
		to = " and at most "
	}
	if r.openHigh {
		to += "below "
	}
	return from + r.lowText + to + r.highText
}

func asNumber(v reflect.Value) float64 {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	}
	return v.Float()
}
