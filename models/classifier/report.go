package classifier

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"genview/models/family"
	"genview/models/watch"
)

// report is the result of evaluating a classifier, with the names of its classes.
type report struct {
	Evaluation
	names []string
}

// MarshalJSON writes the measures, the scores of classes, and the confusion matrix in the order of the classes.
func (r report) MarshalJSON() ([]byte, error) {
	type class struct {
		Name      string  `json:"name"`
		Examples  int     `json:"examples"`
		Precision float64 `json:"precision"`
		Recall    float64 `json:"recall"`
		F1        float64 `json:"f1"`
	}
	out := struct {
		Accuracy  float64 `json:"accuracy"`
		Loss      float64 `json:"loss"`
		ECE       float64 `json:"ece"`
		Split     string  `json:"split"`
		Examples  int     `json:"examples"`
		Classes   []class `json:"classes"`
		Confusion [][]int `json:"confusion"` // [class][what it was taken for]
	}{Accuracy: r.Accuracy, Loss: r.Loss, ECE: r.ECE, Split: "test", Examples: r.Examples, Confusion: r.Confusion}
	for i, s := range r.Classes() {
		out.Classes = append(out.Classes, class{r.names[i], s.Examples, s.Precision, s.Recall, s.F1})
	}
	return json.Marshal(out)
}

// Scores returns the measures of all classes together.
func (r report) Scores() family.Scores {
	return family.Scores{
		Measures: watch.Metrics{{Name: "accuracy", Value: r.Accuracy}, {Name: "loss", Value: r.Loss}, {Name: "ece", Value: r.ECE}},
		Higher:   true, Split: "test", Examples: r.Examples,
	}
}

const mostColumns = 20 // most classes whose confusion matrix fits the width of a terminal

// String returns the measures in a line, then a table of the classes, then the confusion matrix, or the most frequent mistakes if it would
// be too wide.
func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.2f %% of %d test pictures right, loss %.4f nats, calibration error %.2f %%\n", 100*r.Accuracy, r.Examples, r.Loss, 100*r.ECE)
	wide := len("class")
	for _, n := range r.names {
		wide = max(wide, utf8.RuneCountInString(n))
	}
	fmt.Fprintf(&b, "\n%-*s  pictures  precision   recall       F1\n", wide, "class")
	for i, s := range r.Classes() {
		fmt.Fprintf(&b, "%-*s  %8d  %7.2f %%  %5.2f %%  %5.2f %%\n", wide, r.names[i], s.Examples, 100*s.Precision, 100*s.Recall, 100*s.F1)
	}
	if len(r.names) > mostColumns {
		b.WriteString("\ncommonest mistakes\n" + r.mistakes(wide))
	} else {
		b.WriteString("\ntaken for (columns in the order of the rows)\n" + r.matrix(wide))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// matrix writes the confusion matrix, with names padded to wide characters.
func (r report) matrix(wide int) string {
	var b strings.Builder
	for i, row := range r.Confusion {
		fmt.Fprintf(&b, "%-*s", wide, r.names[i])
		for _, v := range row {
			fmt.Fprintf(&b, " %5d", v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// mistakes lists the most frequent confusions of one class with another, with names padded to wide characters.
func (r report) mistakes(wide int) string {
	const told = 20
	type mistake struct{ class, taken, times int }
	var all []mistake
	for i, row := range r.Confusion {
		for k, v := range row {
			if i != k && v > 0 {
				all = append(all, mistake{i, k, v})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return b.times - a.times })
	var b strings.Builder
	for _, m := range all[:min(told, len(all))] {
		fmt.Fprintf(&b, "%-*s taken for %-*s %5d times\n", wide, r.names[m.class], wide, r.names[m.taken], m.times)
	}
	return b.String()
}

// Evaluate classifies held-out pictures.
func (m *model) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, error) {
	set, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	n := o.Usual()
	e, err := m.Trainer.Evaluate(ctx, set.Test, n, m.env.Counter("pictures"))
	return report{e, m.classes}, err
}
