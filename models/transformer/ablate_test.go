package transformer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"genview/models/nn"
	"genview/tensor"
)

// weightsOf returns the values of a model's variables by name.
func weightsOf(t *testing.T, rt *tensor.Runtime, all map[string]*tensor.Tensor) map[string][]float64 {
	t.Helper()
	out := map[string][]float64{}
	for name, v := range all {
		values := make([]float32, v.Len())
		if err := rt.Read(v, values); err != nil {
			t.Fatal(err)
		}
		for _, x := range values {
			out[name] = append(out[name], float64(x))
		}
	}
	return out
}

// affine returns x [in] times weight [out, in], and bias.
func affine(x, weight, bias []float64) []float64 {
	y := slices.Clone(bias)
	for o := range y {
		for i, v := range x {
			y[o] += weight[o*len(x)+i] * v
		}
	}
	return y
}

func normed(x, weight, bias []float64) []float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v-mean)/math.Sqrt(square+1e-5)*weight[i] + bias[i]
	}
	return y
}

func softmaxed(x []float64) []float64 {
	top, sum, y := slices.Max(x), 0.0, make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(v - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}

// plainGPT is a GPT in plain loops.
type plainGPT struct {
	GPTConfig
	w map[string][]float64
}

// forward returns the probabilities of each next token of a window, and passes the outputs of all heads of a layer for a position to change.
func (m plainGPT) forward(tokens []int32, change func(layer string, y []float64)) [][]float64 {
	var x [][]float64
	for i, token := range tokens {
		v := make([]float64, m.Width)
		for k := range v {
			v[k] = m.w["wte.weight"][int(token)*m.Width+k] + m.w["wpe.weight"][i*m.Width+k]
		}
		x = append(x, v)
	}
	for l := range m.Layers {
		at := fmt.Sprintf("h.%d.", l)
		of := func(part string, v []float64) []float64 {
			return affine(v, m.w[at+part+".weight"], m.w[at+part+".bias"])
		}
		norm := func(part string, v []float64) []float64 {
			return normed(v, m.w[at+part+".weight"], m.w[at+part+".bias"])
		}
		var qkv [][]float64
		for _, v := range x {
			qkv = append(qkv, of("attn.c_attn", norm("ln_1", v)))
		}
		size := m.Width / m.Heads
		for i := range x {
			y := make([]float64, m.Width)
			for h := range m.Heads {
				var scores []float64
				for j := range i + 1 {
					s := 0.0
					for k := h * size; k < (h+1)*size; k++ {
						s += qkv[i][k] * qkv[j][m.Width+k] / math.Sqrt(float64(size))
					}
					scores = append(scores, s)
				}
				for j, p := range softmaxed(scores) {
					for k := h * size; k < (h+1)*size; k++ {
						y[k] += p * qkv[j][2*m.Width+k]
					}
				}
			}
			change(at+"attn", y)
			for k, v := range of("attn.c_proj", y) {
				x[i][k] += v
			}
		}
		for i := range x {
			hidden := of("mlp.c_fc", norm("ln_2", x[i]))
			for k, v := range hidden {
				hidden[k] = v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
			}
			for k, v := range of("mlp.c_proj", hidden) {
				x[i][k] += v
			}
		}
	}
	var out [][]float64
	for _, v := range x {
		out = append(out, softmaxed(affine(normed(v, m.w["ln_f.weight"], m.w["ln_f.bias"]), m.w["wte.weight"], make([]float64, m.Vocab))))
	}
	return out
}

// without returns what [Generator.Without] does for one cut.
func (m plainGPT) without(text, prompt []int32, c nn.Cut) (loss float64, next []float64) {
	size := m.Width / m.Heads
	read := func(change func(layer string, y []float64)) (loss float64) {
		for at := 0; at < len(text)-1; at += m.Context {
			n := min(m.Context, len(text)-1-at)
			for i, p := range m.forward(text[at:at+n], change) {
				loss -= math.Log(p[text[at+i+1]]) / float64(len(text)-1)
			}
		}
		return loss
	}
	mean := make([]float64, size)
	if c.Mean {
		read(func(layer string, y []float64) {
			for k := range mean {
				if layer == c.Layer {
					mean[k] += y[c.Head*size+k] / float64(len(text)-1)
				}
			}
		})
	}
	cut := func(layer string, y []float64) {
		if layer == c.Layer {
			copy(y[c.Head*size:], mean)
		}
	}
	all := m.forward(prompt, cut)
	return read(cut), all[len(all)-1]
}

// TestGPTWithoutHeads holds the loss and the next tokens of a GPT without single heads against plain loops in float64.
func TestGPTWithoutHeads(t *testing.T) {
	rt, c := runtimeOf(t), GPTConfig{Vocab: 7, Context: 6, Width: 12, Heads: 3, Layers: 2, Bias: true}
	m, err := NewGenerator(rt, c, config())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	fill(t, rt, m.Scope, func(string, int) float64 { return 0.7 })
	vars := map[string]*tensor.Tensor{}
	for _, n := range m.Scope.Named() {
		vars[n.Name] = n.Tensor
	}
	plain := plainGPT{c, weightsOf(t, rt, vars)}
	var text []int32
	for _, h := range hashed(5, evalTokens+20) { // a batch of windows, and a part of one
		text = append(text, int32(h%7))
	}
	prompt := text[3:7]
	cuts := []nn.Cut{{Layer: "h.0.attn", Head: 1}, {Layer: "h.1.attn", Head: 2}, {Layer: "h.0.attn", Head: 0, Mean: true}, {Layer: "h.1.attn", Head: 1, Mean: true}}
	heard := 0
	got, err := m.Without(context.Background(), text, prompt, cuts, func(done, all int) { heard = 100*done + all })
	if err != nil || len(got) != len(cuts)+1 || heard != 505 {
		t.Fatalf("%d measurements, heard %d, %v", len(got), heard, err)
	}
	whole, _, err := m.Loss(context.Background(), text, nil)
	if err != nil || math.Abs(whole-got[0].Loss) > 1e-5 {
		t.Errorf("with all heads the loss is %v, want %v, %v", got[0].Loss, whole, err)
	}
	for i, cut := range append([]nn.Cut{{}}, cuts...) {
		loss, next := plain.without(text, prompt, cut)
		if math.Abs(got[i].Loss-loss) > 1e-4 || i > 0 && math.Abs(loss-whole) < 1e-3 {
			t.Errorf("without %v the loss is %v, want %v; it is %v with all heads", cut, got[i].Loss, loss, whole)
		}
		for k, p := range next {
			if math.Abs(float64(got[i].Next[k])-p) > 1e-4 {
				t.Errorf("without %v token %d has probability %v, want %v", cut, k, got[i].Next[k], p)
			}
		}
	}
	for _, wrong := range []nn.Cut{{Layer: "h.2.attn", Head: 0}, {Layer: "h.0.attn", Head: 3, Mean: true}} {
		if _, err := m.Without(context.Background(), text, nil, []nn.Cut{wrong}, nil); err == nil {
			t.Errorf("%v is taken away", wrong)
		}
	}
	if _, err := m.Without(context.Background(), text[:1], nil, nil, nil); err == nil {
		t.Error("one token has a loss")
	}
}

// TestTranslatorWithoutHeads: a head that puts out zeros is one whose columns of the projection after it are zero, in each kind of layer; a
// head that puts out its mean is one whose mean has moved to the bias. Means are those of the pairs one by one, each weighted by its tokens.
func TestTranslatorWithoutHeads(t *testing.T) {
	rt, c := runtimeOf(t), Config{Vocab: 9, Width: 8, Heads: 2, Layers: 1, Hidden: 8, Source: 6, Target: 5}
	m, err := NewTranslator(rt, c, config())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	fill(t, rt, m.Scope, func(string, int) float64 { return 0.6 })
	vars := map[string]*tensor.Tensor{}
	for _, n := range m.Scope.Named() {
		vars[n.Name] = n.Tensor
	}
	var sources, targets [][]int32
	for i := range greedyBatch + 3 {
		h := hashed(uint32(i), 11)
		word := func(from, n int) (w []int32) {
			for _, v := range h[from : from+n] {
				w = append(w, int32(Special+v%6))
			}
			return w
		}
		sources, targets = append(sources, word(0, 1+i%6)), append(targets, word(6, 1+i%4))
	}
	ctx, prompt := context.Background(), sources[4]
	layers := []string{"encoder.layers.0.self_attn", "decoder.layers.0.self_attn", "decoder.layers.0.multihead_attn"}
	var cuts []nn.Cut
	for _, l := range layers {
		cuts = append(cuts, nn.Cut{Layer: l, Head: 1}, nn.Cut{Layer: l, Head: 1, Mean: true})
	}
	got, err := m.Without(ctx, sources, targets, prompt, cuts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if loss, err := m.Loss(ctx, sources, targets); err != nil || math.Abs(loss-got[0].Loss) > 1e-5 {
		t.Errorf("by what translates the loss is %v (%v), want %v", loss, err, got[0].Loss)
	}
	means := m.means(t, sources, targets)
	for i, cut := range cuts {
		weight, bias := vars[cut.Layer+".out_proj.weight"], vars[cut.Layer+".out_proj.bias"]
		w, b := make([]float32, weight.Len()), make([]float32, bias.Len())
		for v, to := range map[*tensor.Tensor][]float32{weight: w, bias: b} {
			if err := rt.Read(v, to); err != nil {
				t.Fatal(err)
			}
		}
		changed, moved := slices.Clone(w), slices.Clone(b)
		for o := range c.Width {
			for k := c.Width / 2; k < c.Width; k++ { // of head 1
				if cut.Mean {
					moved[o] += w[o*c.Width+k] * float32(means[cut.Layer][k])
				}
				changed[o*c.Width+k] = 0
			}
		}
		set := func(w, b []float32) {
			for v, from := range map[*tensor.Tensor][]float32{weight: w, bias: b} {
				if err := rt.Write(v, from); err != nil {
					t.Fatal(err)
				}
			}
		}
		set(changed, moved)
		want, err := m.Without(ctx, sources, targets, prompt, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		set(w, b)
		if math.Abs(got[i+1].Loss-want[0].Loss) > 1e-5 || math.Abs(got[0].Loss-want[0].Loss) < 1e-4 {
			t.Errorf("without %v the loss is %v, want %v; it is %v with all heads", cut, got[i+1].Loss, want[0].Loss, got[0].Loss)
		}
		if !slices.Equal(got[i+1].Said, want[0].Said) {
			t.Errorf("without %v the translation is %v, want %v", cut, got[i+1].Said, want[0].Said)
		}
	}
}

// means returns the mean outputs of heads, by the pairs one at a time: a pair alone, in a batch of padding.
func (t *Translator) means(tb testing.TB, sources, targets [][]int32) map[string][]float64 {
	tb.Helper()
	m, err := t.ablated()
	if err != nil {
		tb.Fatal(err)
	}
	sums, counts := map[string][]float64{}, map[string]float64{}
	for i := range sources {
		feed := tensor.Feed{}
		if err := m.Feed(feed); err != nil {
			tb.Fatal(err)
		}
		if _, err := m.fill(feed, sources[i:i+1], targets[i:i+1]); err != nil {
			tb.Fatal(err)
		}
		if err := m.program.Run(context.Background(), feed); err != nil {
			tb.Fatal(err)
		}
		if err := m.Gather(m.program); err != nil {
			tb.Fatal(err)
		}
		for layer, mean := range m.Means() {
			n := float64(len(targets[i]) + 1)
			if layer == "encoder.layers.0.self_attn" {
				n = float64(len(sources[i]))
			}
			counts[layer] += n
			sums[layer] = append(sums[layer], make([]float64, len(mean)-len(sums[layer]))...)
			for k, v := range mean {
				sums[layer][k] += float64(v) * n
			}
		}
	}
	for layer, sum := range sums {
		for k := range sum {
			sum[k] /= counts[layer]
		}
	}
	return sums
}

// TestLossOfTheSure: a translator that is sure of wrong tokens has the loss that training computes, however far apart its logits are.
func TestLossOfTheSure(t *testing.T) {
	rt, c := runtimeOf(t), Config{Vocab: 9, Width: 8, Heads: 2, Layers: 1, Hidden: 8, Source: 6, Target: 5}
	m, err := NewTranslator(rt, c, config())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	fill(t, rt, m.Scope, func(name string, _ int) float64 {
		if strings.HasPrefix(name, "embedding.") { // which makes the logits, too
			return 60
		}
		return 0.6
	})
	sources, targets := [][]int32{{3, 4, 5}, {6, 7}}, [][]int32{{5, 4}, {8, 3, 6}}
	want, err := m.Without(t.Context(), sources, targets, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Loss(t.Context(), sources, targets)
	if err != nil || want[0].Loss < 104 || math.Abs(got/want[0].Loss-1) > 1e-4 {
		t.Errorf("the loss is %v (%v), want %v", got, err, want[0].Loss)
	}
}
