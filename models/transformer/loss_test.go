package transformer

import (
	"context"
	"math"
	"testing"
)

// TestLossCountsEachTokenOnce holds the loss of texts of all lengths around the sizes of windows and of batches of windows against one
// that is computed token by token, and wants it to be the same whatever the batch of training is.
func TestLossCountsEachTokenOnce(t *testing.T) {
	rt := runtimeOf(t)
	var models []*Generator
	for _, batch := range []int{1, 7, 13} {
		c := config()
		c.Batch = batch
		m, err := NewGenerator(rt, GPTConfig{Vocab: 11, Context: 8, Width: 16, Heads: 2, Layers: 1, Dropout: 0.5}, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		models = append(models, m)
	}
	for _, size := range []int{2, 5, 8, 9, 10, 17, evalTokens, evalTokens + 1, evalTokens + 2, 2*evalTokens + 20} {
		text := counting(5, size)
		for i := range text {
			text[i] = (text[i] + int32(i*i)) % 11
		}
		var first float64
		for i, m := range models {
			loss, n, err := m.Loss(context.Background(), text, nil)
			if err != nil || n != size-1 {
				t.Fatalf("%d tokens: %d count, %v", size, n, err)
			}
			if i == 0 {
				first = loss
				if want := slowLoss(t, m, text); math.Abs(loss-want) > 1e-5 {
					t.Errorf("%d tokens: the loss is %v, want %v", size, loss, want)
				}
			} else if loss != first {
				t.Errorf("%d tokens: the loss depends on the batch of training: %v and %v", size, first, loss)
			}
		}
	}
}

// slowLoss reads one window at a time.
func slowLoss(t *testing.T, m *Generator, text []int32) float64 {
	t.Helper()
	size, vocab := m.config.Context, m.config.Vocab
	var logits []float32
	sum := 0.0
	for at := 1; at < len(text); at++ {
		begin := (at - 1) / size * size
		if at-1 == begin {
			var err error
			if logits, err = m.logits(t.Context(), text[begin:min(begin+size, len(text))]); err != nil {
				t.Fatal(err)
			}
		}
		row, total := logits[(at-1-begin)*vocab:(at-begin)*vocab], 0.0
		for _, v := range row {
			total += math.Exp(float64(v))
		}
		sum += math.Log(total) - float64(row[text[at]])
	}
	return sum / float64(len(text)-1)
}
