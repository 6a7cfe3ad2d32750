package transformer

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

func runtimeOf(t *testing.T) *tensor.Runtime {
	t.Helper()
	rt := tensor.NewRuntime(vktest.Open(t))
	t.Cleanup(rt.Close)
	return rt
}

func config() TrainConfig {
	a := optim.AdamDefaults()
	a.LR, a.Beta2 = 3e-3, 0.98
	return TrainConfig{Batch: 8, Adam: a, Clip: 1, Warmup: 10, Seed: 3}
}

func small() Config {
	return Config{Vocab: 13, Width: 32, Heads: 2, Layers: 1, Hidden: 32, Source: 8, Target: 8}
}

// reversal makes sources of digits and the same backwards.
func reversal(rng *rand.Rand, c Config, n int) (sources, targets []int32, plain [][]int32) {
	for range n {
		length := 2 + rng.IntN(4)
		var word []int32
		for range length {
			word = append(word, int32(Special+rng.IntN(10)))
		}
		plain = append(plain, word)
		s, d := make([]int32, c.Source), make([]int32, c.Target+1)
		copy(s, word)
		back := slices.Clone(word)
		slices.Reverse(back)
		copy(d, slices.Concat([]int32{Begin}, back, []int32{End}))
		sources, targets = append(sources, s...), append(targets, d...)
	}
	return sources, targets, plain
}

// TestTranslatorLearnsToReverse trains for a moment and has words that were not trained on reversed.
func TestTranslatorLearnsToReverse(t *testing.T) {
	rt, c, o := runtimeOf(t), small(), config()
	o.Batch = 32
	m, err := NewTranslator(rt, c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		s, d, _ := reversal(rng, c, o.Batch)
		if err := m.Step(context.Background(), s, d); err != nil {
			t.Fatal(err)
		}
	}
	_, _, words := reversal(rand.New(rand.NewPCG(9, 9)), c, 40) // more than one batch of translation
	out, err := m.Translate(context.Background(), words)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, w := range words {
		slices.Reverse(out[i])
		if slices.Equal(out[i], w) {
			right++
		}
	}
	if metrics, _ := m.Metrics(); right < 34 {
		t.Errorf("%d of 40 words are reversed after 500 steps; %v", right, metrics)
	}
	// The same word gives the same result whatever stands beside it.
	alone, err := m.Translate(context.Background(), words[7:8])
	if slices.Reverse(alone[0]); err != nil || !slices.Equal(alone[0], out[7]) {
		t.Errorf("alone %v becomes %v, among others %v (%v)", words[7], alone[0], out[7], err)
	}
	maps, err := m.Attention(context.Background(), words[0], out[0])
	if err != nil {
		t.Fatal(err)
	}
	n, said := len(words[0]), len(out[0])+1
	want := []struct {
		name     string
		to, from int
	}{{"encoder.layers.0.self_attn", n, n}, {"decoder.layers.0.self_attn", said, said}, {"decoder.layers.0.multihead_attn", said, n}}
	for i, w := range want {
		s := maps[i]
		if s.Name != w.name || s.To != w.to || s.From != w.from || s.Heads != c.Heads || len(s.Weights) != s.Heads*s.To*s.From {
			t.Errorf("map %d is %s of %d heads, %d × %d; want %v", i, s.Name, s.Heads, s.To, s.From, w)
		}
		for row := range s.Heads * s.To {
			sum := 0.0
			for j, v := range s.Weights[row*s.From : (row+1)*s.From] {
				sum += float64(v)
				if strings.HasPrefix(s.Name, "decoder.layers.0.self") && j > row%s.To && v != 0 {
					t.Fatalf("%s: place %d looks %v at the future %d", s.Name, row%s.To, v, j)
				}
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Fatalf("%s: the shares of a row sum to %v", s.Name, sum)
			}
		}
	}
	if _, err := m.Translate(context.Background(), [][]int32{make([]int32, c.Source+1)}); err == nil {
		t.Error("a source that is too long is translated")
	}
}

func gptOf(t *testing.T, rt *tensor.Runtime, dropout float64) *Generator {
	t.Helper()
	m, err := NewGenerator(rt, GPTConfig{Vocab: 11, Context: 8, Width: 32, Heads: 2, Layers: 2, Dropout: dropout}, config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// counting is tokens that count up by 3.
func counting(from, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32((from + 3*i) % 11)
	}
	return out
}

func TestGeneratorLearnsToCount(t *testing.T) {
	m := gptOf(t, runtimeOf(t), 0.1)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		var batch []int32
		for range 8 {
			batch = append(batch, counting(rng.IntN(11), 9)...)
		}
		if err := m.Step(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	loss, n, err := m.Loss(context.Background(), counting(5, 2*8*8+30), nil)
	if err != nil || n != 2*8*8+29 || !(loss < 0.3) {
		t.Errorf("loss %v over %d tokens, %v; want less than 0.3 over all but the first", loss, n, err)
	}
	if _, _, err := m.Loss(context.Background(), counting(0, 1), nil); err == nil {
		t.Error("one token has none before it, and has a loss")
	}
	var out []int32
	emit := func(token int32) error { out = append(out, token); return nil }
	if err := m.Generate(context.Background(), counting(4, 12), 15, Sampling{}, rng, emit); err != nil { // past the context on both sides
		t.Fatal(err)
	}
	if want := counting(4, 27)[12:]; !slices.Equal(out, want) {
		t.Errorf("counted %v, want %v", out, want)
	}
	stop := errors.New("enough")
	if err := m.Generate(context.Background(), counting(4, 2), 15, Sampling{}, rng, func(int32) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("emit's error ends as %v", err)
	}
	if err := m.Generate(context.Background(), nil, 1, Sampling{}, rng, emit); err == nil {
		t.Error("nothing is gone on with")
	}
	maps, err := m.Attention(context.Background(), counting(0, 5))
	if err != nil || len(maps) != 2 || maps[1].Name != "h.1.attn" || len(maps[1].Weights) != 2*5*5 {
		t.Fatalf("maps %v, %v", maps, err)
	}
	if _, err := m.Attention(context.Background(), counting(0, 9)); err == nil {
		t.Error("more tokens than the context are attended to")
	}
}

// TestFutureIsNotSeen: logits depend on no later token.
func TestFutureIsNotSeen(t *testing.T) {
	rt := runtimeOf(t)
	m := gptOf(t, rt, 0)
	logits := func(tokens []int32) []float32 {
		out, err := m.logits(t.Context(), tokens)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	a, b := logits([]int32{1, 2, 3, 4, 5, 6, 7, 8}), logits([]int32{1, 2, 3, 4, 0, 0, 9, 1})
	if n := 4 * 11; !slices.Equal(a[:n], b[:n]) || slices.Equal(a[n:], b[n:]) {
		t.Error("logits of the first four places must not depend on the others, which must differ")
	}
}

func TestSampling(t *testing.T) {
	logits := []float32{0, 1, 2, 3}
	count := func(o Sampling) [4]float64 {
		rng := rand.New(rand.NewPCG(5, 6))
		var n [4]float64
		for range 20000 {
			n[o.draw(logits, rng)] += 1.0 / 20000
		}
		return n
	}
	for _, c := range []struct {
		o       Sampling
		weights [4]float64
	}{
		{Sampling{}, [4]float64{0, 0, 0, 1}},
		{Sampling{Temperature: 1}, [4]float64{1, math.E, math.Exp(2), math.Exp(3)}},
		{Sampling{Temperature: 2}, [4]float64{1, math.Exp(0.5), math.E, math.Exp(1.5)}},
		{Sampling{Temperature: 1, TopK: 2}, [4]float64{0, 0, math.Exp(2), math.Exp(3)}},
		{Sampling{Temperature: 1, TopK: 1}, [4]float64{0, 0, 0, 1}},
		{Sampling{Temperature: 1, TopP: 0.6}, [4]float64{0, 0, 0, 1}},                     // the likeliest has 0.644
		{Sampling{Temperature: 1, TopP: 0.7}, [4]float64{0, 0, math.Exp(2), math.Exp(3)}}, // with the next, 0.881
		{Sampling{Temperature: 2, TopP: 0.6}, [4]float64{0, 0, math.E, math.Exp(1.5)}},    // of the probabilities at that temperature
		{Sampling{Temperature: 1, TopK: 2, TopP: 0.7}, [4]float64{0, 0, 0, 1}},            // of the two, the likeliest has 0.731
		{Sampling{Temperature: 1, TopP: 1}, [4]float64{1, math.E, math.Exp(2), math.Exp(3)}},
	} {
		total := 0.0
		for _, w := range c.weights {
			total += w
		}
		for i, got := range count(c.o) {
			if want := c.weights[i] / total; math.Abs(got-want) > 0.012 {
				t.Errorf("%+v: token %d is drawn %.3f of the time, want %.3f", c.o, i, got, want)
			}
		}
	}
}

func TestConfigsAreChecked(t *testing.T) {
	for want, c := range map[string]Config{
		"Vocab": {Vocab: 3, Width: 8, Heads: 2, Layers: 1, Hidden: 8, Source: 4, Target: 4},
		"Heads": {Vocab: 9, Width: 8, Heads: 3, Layers: 1, Hidden: 8, Source: 4, Target: 4},
		"Layer": {Vocab: 9, Width: 8, Heads: 2, Hidden: 8, Source: 4, Target: 4},
		"Dropo": {Vocab: 9, Width: 8, Heads: 2, Layers: 1, Hidden: 8, Source: 4, Target: 4, Dropout: 1},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error about %s", c, err, want)
		}
	}
	p := PaperDefaults()
	p.Vocab, p.Source, p.Target = 100, 10, 10
	if err := p.Validate(); err != nil || p.Width != 512 || p.Heads != 8 {
		t.Errorf("%+v: %v", p, err)
	}
	if err := (GPTConfig{Vocab: 4, Width: 8, Heads: 2, Layers: 1}).Validate(); err == nil {
		t.Error("a context of 0 is taken")
	}
}

// TestPooledAttention: a long text is read by another program than a short one, with the same weights where the two agree. Pooled, each
// weight is the greatest of a square, which at the ends may be smaller.
func TestPooledAttention(t *testing.T) {
	const context = shortText + 3
	m, err := NewGenerator(runtimeOf(t), GPTConfig{Vocab: 11, Context: context, Width: 8, Heads: 2, Layers: 1}, config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	long := counting(1, context)
	attention := func(n, side int) Shares {
		all, err := m.Pooled(t.Context(), long[:n], side)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d layers, %v", len(all), err)
		}
		return all[0]
	}
	whole, short := attention(context, 1), attention(10, 1)
	if len(m.readings) != 2 || short.To != 10 || whole.To != context {
		t.Fatalf("%d programs read %d and %d tokens", len(m.readings), short.To, whole.To)
	}
	at := func(s Shares, head, i, j int) float32 { return s.Weights[(head*s.To+i)*s.From+j] }
	for head := range 2 {
		for i := range 10 {
			for j := range 10 {
				if a, b := at(short, head, i, j), at(whole, head, i, j); math.Abs(float64(a-b)) > 1e-5 {
					t.Fatalf("head %d, (%d, %d): %v in a short text, %v in a long one", head, i, j, a, b)
				}
			}
		}
	}
	const side = 5
	pooled := attention(context, side)
	if n := (context + side - 1) / side; pooled.To != n || pooled.From != n {
		t.Fatalf("pooled, there are %d × %d weights", pooled.To, pooled.From)
	}
	want := make([]float32, len(pooled.Weights))
	for head := range 2 {
		for i := range context {
			for j := range context {
				to := &want[(head*pooled.To+i/side)*pooled.From+j/side]
				*to = max(*to, at(whole, head, i, j))
			}
		}
	}
	if !slices.Equal(pooled.Weights, want) {
		t.Error("a pooled weight is not the greatest of its square")
	}
}
