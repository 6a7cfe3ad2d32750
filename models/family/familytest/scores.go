package familytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/models/family"
	"genview/models/train"
)

// scores checks the results of an evaluation: a text, and measures that its JSON has by the same names.
func scores(e family.Evaluated) error {
	if e.String() == "" {
		return errors.New("it says nothing")
	}
	p, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var printed map[string]any
	if err := json.Unmarshal(p, &printed); err != nil {
		return fmt.Errorf("it is no object: %w", err)
	}
	s := e.Scores()
	if len(s.Measures) == 0 || s.Split != printed["split"] || float64(s.Examples) != printed["examples"] {
		return fmt.Errorf("its scores are %+v, and it prints %s", s, p)
	}
	for _, m := range s.Measures {
		if printed[m.Name] != m.Value {
			return fmt.Errorf("%s is %v, and it prints %s", m.Name, m.Value, p)
		}
	}
	return nil
}

// measures measures a model twice: the values are the same, and one of them tells which weights are the best.
func measures(ctx context.Context, m family.Measured) error {
	first, err := m.Measure(ctx)
	if err != nil {
		return err
	}
	again, err := m.Measure(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(first, again) {
		return fmt.Errorf("twice it measures %v and %v", first, again)
	}
	best, _ := m.Best()
	if _, ok := first.Value(best); !ok {
		return fmt.Errorf("it is compared by %s, and measures %v", best, first)
	}
	for _, v := range first {
		if !strings.HasPrefix(v.Name, train.HeldOut) || math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			return fmt.Errorf("%s is %v: it must be finite, and its name begin with %s", v.Name, v.Value, train.HeldOut)
		}
	}
	return nil
}
