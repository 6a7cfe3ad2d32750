package classifier

import (
	"context"
	"fmt"
	"math"

	"genview/models/data"
)

// An Evaluation is the result on held-out pictures.
type Evaluation struct {
	Examples  int
	Accuracy  float64 // fraction of right answers
	Loss      float64 // mean cross-entropy in nats, without smoothing
	ECE       float64 // expected calibration error: mean difference between confidence and accuracy, in 15 bins (Guo et al. 2017, eq. 3)
	Confusion [][]int // [class][predicted class], in pictures
}

// A ClassScore measures how well one class is recognised. A quotient with divisor 0 is 0.
type ClassScore struct {
	Examples  int     // pictures of the class
	Precision float64 // fraction of the predictions of this class that are right
	Recall    float64 // fraction of the class's pictures that are recognised
	F1        float64 // harmonic mean of the two
}

// Classes returns the score of each class.
func (e Evaluation) Classes() []ClassScore {
	out := make([]ClassScore, len(e.Confusion))
	for c := range out {
		taken := 0
		for of, row := range e.Confusion {
			taken += row[c]
			out[c].Examples += e.Confusion[c][of]
		}
		right := float64(e.Confusion[c][c])
		out[c].Precision, out[c].Recall = right/float64(max(1, taken)), right/float64(max(1, out[c].Examples))
		out[c].F1 = 2 * right / float64(max(1, taken+out[c].Examples))
	}
	return out
}

const (
	bins      = 15 // of the calibration error
	evalBatch = 1000
)

// likeliest returns the class with the largest logit, the first one of equals.
func likeliest(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}

// tally counts what an evaluation is computed from.
type tally struct {
	Evaluation
	right      int
	count      [bins]int
	hits, sure [bins]float64 // right answers, and the sum of the probabilities of all answers
}

func newTally(classes int) *tally {
	t := &tally{}
	for range classes {
		t.Confusion = append(t.Confusion, make([]int, classes))
	}
	return t
}

// add counts a picture of a class with these logits.
func (t *tally) add(logits []float32, class int32) {
	p := make([]float64, len(logits))
	total := softmax(p, logits)
	taken := likeliest(logits)
	t.Examples++
	t.Loss += total - float64(logits[class]) // not −log p[class], which is infinite once p underflows
	t.Confusion[class][taken]++
	bin := 0
	if p[taken] > 0 { // false for the NaN of a training that diverged
		bin = min(bins-1, int(p[taken]*bins))
	}
	t.count[bin]++
	t.sure[bin] += p[taken]
	if taken == int(class) {
		t.right++
		t.hits[bin]++
	}
}

func (t *tally) result() Evaluation {
	n := float64(max(1, t.Examples))
	t.Accuracy, t.Loss = float64(t.right)/n, t.Loss/n
	for i := range bins {
		t.ECE += math.Abs(t.hits[i]-t.sure[i]) / n
	}
	return t.Evaluation
}

// Evaluate measures the first n pictures of a set. heard, if not nil, receives how many are done.
func (t *Trainer) Evaluate(ctx context.Context, set data.Set, n int, heard func(done, all int)) (Evaluation, error) {
	c := t.model.config
	px := c.Channels * c.Size * c.Size
	n = min(n, set.Len())
	sum := newTally(c.Classes)
	x, classes := make([]float32, min(n, evalBatch)*px), make([]int32, min(n, evalBatch))
	for first := 0; first < n; first += evalBatch {
		count := min(evalBatch, n-first)
		for k := range count {
			var err error
			if classes[k], err = set.Read(first+k, nil, x[k*px:(k+1)*px]); err != nil {
				return Evaluation{}, err
			}
			if int(classes[k]) >= c.Classes {
				return Evaluation{}, fmt.Errorf("classifier: picture %d is of class %d, and the model knows %d", first+k, classes[k], c.Classes)
			}
		}
		logits, err := t.logits.Run(ctx, x[:count*px])
		if err != nil {
			return Evaluation{}, err
		}
		for k := range count {
			sum.add(logits[k*c.Classes:(k+1)*c.Classes], classes[k])
		}
		if heard != nil {
			heard(first+count, n)
		}
	}
	return sum.result(), nil
}
