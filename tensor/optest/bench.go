package optest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"genview/tensor"
	"genview/vk"
)

// A Bench is an op at a size that models have.
type Bench struct {
	Name    string
	Op      func(in []*tensor.Tensor) *tensor.Tensor // of f32 variables
	Dims    [][]int                                  // their shapes
	FLOPs   float64                                  // of the products in it; 0: it is bound by memory
	Grad    float64                                  // FLOPs of all gradients relative to the forward pass; 0: the same again for each input
	Forward bool                                     // its gradient costs nothing
	Like    [][4]int                                 // the yardstick: products of the same sizes, each batch, m, k, n; nil: 512×512×512
}

// Benches is the table of op benchmarks.
var Benches = slices.Concat(productBenches, memoryBenches)

var productBenches = []Bench{
	product("MatMul/512x512x512", s{512, 512}, s{512, 512}, (*T).MatMul),
	product("MatMul/512x512x512/aT", s{512, 512}, s{512, 512}, func(x, y *T) *T { return x.T().MatMul(y) }),
	product("MatMul/512x512x512/bT", s{512, 512}, s{512, 512}, func(x, y *T) *T { return x.MatMul(y.T()) }),
	product("MatMul/64x784x400", s{64, 784}, s{784, 400}, (*T).MatMul),
	product("MatMul/768x384x128", s{768, 384}, s{384, 128}, (*T).MatMul),
	product("MatMul/768x128x512", s{768, 128}, s{128, 512}, (*T).MatMul),
	product("MatMul+GELUTanh/768x128x512", s{768, 128}, s{128, 512}, func(x, y *T) *T { return x.MatMul(y).GELUTanh() }),
	{Name: "MatMul+bias+LeakyReLU/512x128x128", Dims: sh(s{512, 128}, s{128, 128}, s{128}), FLOPs: 2 * 512 * 128 * 128, Grad: 2, Op: func(in []*T) *T {
		return in[0].MatMul(in[1]).Add(in[2]).LeakyReLU(0.2)
	}},
	{Name: "Conv2d/64x64x16x16-128-k4s2p1", Dims: sh(s{64, 64, 16, 16}, s{128, 64, 4, 4}), FLOPs: 2 * 64 * 128 * 8 * 8 * 64 * 16, Op: binary(conv), Like: [][4]int{{1, 128, 1024, 4096}}},
	{Name: "Conv2d/64x1x32x32-64-k4s2p1", Dims: sh(s{64, 1, 32, 32}, s{64, 1, 4, 4}), FLOPs: 2 * 64 * 64 * 16 * 16 * 16, Op: binary(conv), Like: [][4]int{{1, 64, 16, 16384}}},
	{Name: "Conv2d/depthwise/32x64x32x32-k3p1", Dims: sh(s{32, 64, 32, 32}, s{64, 1, 3, 3}), FLOPs: 2 * 32 * 64 * 32 * 32 * 9, Op: binary(func(x, w *T) *T {
		return x.Conv2d(w, tensor.ConvOptions{Padding: s{1}, Groups: 64})
	})},
	{Name: "ConvTranspose2d/64x128x8x8-64-k4s2p1", Dims: sh(s{64, 128, 8, 8}, s{128, 64, 4, 4}), FLOPs: 2 * 64 * 128 * 8 * 8 * 64 * 16, Like: [][4]int{{4, 64, 512, 4096}}, Op: binary(func(x, w *T) *T {
		return x.ConvTranspose2d(w, tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}})
	})},
	attentionBench("B12H4T64D32", 12, 4, 64, 32),
	attentionBench("B1H8T1024D64", 1, 8, 1024, 64),
}

var memoryBenches = []Bench{
	{Name: "Softmax/4096x1024", Dims: rows, Op: unary(func(x *T) *T { return x.Softmax(-1) })},
	{Name: "LogSoftmax/4096x1024", Dims: rows, Op: unary(func(x *T) *T { return x.LogSoftmax(-1) })},
	{Name: "LayerNorm/4096x1024", Dims: sh(s{4096, 1024}, s{1024}, s{1024}), Op: func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) }},
	{Name: "RMSNorm/4096x1024", Dims: sh(s{4096, 1024}, s{1024}), Op: func(in []*T) *T { return in[0].RMSNorm(in[1], 1e-5) }},
	{Name: "BatchNorm/64x128x16x16", Dims: channels, Op: func(in []*T) *T {
		mean, variance := in[0].BatchStatistics()
		return in[0].BatchNorm(mean, variance, in[1], in[2], 1e-5)
	}},
	{Name: "GroupNorm/64x128x16x16-32", Dims: channels, Op: func(in []*T) *T { return in[0].GroupNorm(32, in[1], in[2], 1e-5) }},
	{Name: "Embedding/50257x768-4096", Dims: sh(s{50257, 768}), Op: unary(func(x *T) *T { return tensor.Embedding(picks(50257, 4096), x) })},
	{Name: "Embedding/65x128-768", Dims: sh(s{65, 128}), Op: unary(func(x *T) *T { return tensor.Embedding(picks(65, 768), x) })},
	{Name: "CrossEntropy/4096x1024", Dims: rows, Op: unary(func(x *T) *T { return x.CrossEntropy(picks(1024, 4096), tensor.CrossEntropyDefaults()) })},
	{Name: "GELU/4M", Dims: sh(s{4 << 20}), Op: unary((*T).GELU)},
	{Name: "Add/4M", Dims: sh(s{4 << 20}, s{4 << 20}), Op: binary((*T).Add), Forward: true},
	{Name: "Sum/4096x1024", Dims: rows, Op: unary(func(x *T) *T { return x.Sum(-1) })},
	{Name: "MaxPool2d/64x64x32x32-k2", Dims: sh(s{64, 64, 32, 32}), Op: unary(func(x *T) *T { return x.MaxPool2d(tensor.PoolOptions{Kernel: s{2}}) })},
	{Name: "CumSum/4096x1024", Dims: rows, Op: unary(func(x *T) *T { return x.CumSum(-1) })},
}

var (
	rows     = sh(s{4096, 1024})
	channels = sh(s{64, 128, 16, 16}, s{128}, s{128})
)

func product(name string, x, y []int, op func(x, y *T) *T) Bench {
	return Bench{Name: name, Dims: sh(x, y), FLOPs: 2 * float64(x[0]) * float64(x[1]) * float64(y[1]), Op: binary(op)}
}

func conv(x, w *T) *T { return x.Conv2d(w, tensor.ConvOptions{Stride: s{2}, Padding: s{1}}) }

// attentionBench is causal attention: two products, and for the gradient one of them again and two for each.
func attentionBench(name string, b, h, t, d int) Bench {
	x := s{b, h, t, d}
	return Bench{
		Name: "Attention/" + name, Dims: sh(x, x, x), FLOPs: 4 * float64(b*h*t*t*d), Grad: 2.5,
		Like: [][4]int{{b * h, t, d, t}, {b * h, t, t, d}}, Op: attention(tensor.AttentionOptions{Causal: true}),
	}
}

// picks returns n whole numbers below limit, in no order.
func picks(limit, n int) *T {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(uint32(i) * 2654435761 % uint32(limit))
	}
	return tensor.Var("indices", tensor.Const(v, n))
}

// A Work is a program to be timed.
type Work struct {
	Name    string
	Outputs tensor.Outputs
	FLOPs   float64 // of the products in it; 0: it is bound by memory
	like    [][4]int
}

// Works returns two programs: the op, and the gradients of all its inputs from that of its result.
func (b Bench) Works() []Work {
	rng := tensor.NewRNG("rng", 1)
	var in []*T
	for _, d := range b.Dims {
		in = append(in, tensor.Var("x", rng.Normal(d...)))
	}
	y := b.Op(in)
	works := []Work{{b.Name, tensor.Outputs{Fetch: []*T{y}}, b.FLOPs, b.Like}}
	if b.Forward {
		return works
	}
	dy := tensor.Var("dy", rng.Normal(y.Shape()...))
	more := b.Grad
	if more == 0 {
		more = float64(len(in))
	}
	return append(works, Work{b.Name + "/grad", tensor.Outputs{Fetch: tensor.VJP(y, dy, in...)}, more * b.FLOPs, b.Like})
}

// A Reading says how long a program takes, and how long yardsticks take that are measured at the same time: matrix products of the same
// sizes, or products 512×512×512 with as many FLOPs, and a pass y = x + 1 over as many bytes.
type Reading struct {
	Name             string
	Min, Median, Max time.Duration
	FLOPs            float64
	Bytes            int    // each element that it reads or writes counts once
	Bound            string // the yardstick used, product or pass; "both" if each of many kernels has its own
	Yardstick        time.Duration
	Peak             time.Duration // the time at the rate of the product 512×512×512, or of the pass
	Kernels          []tensor.Kernel
}

// Slowdown is the program's time relative to its yardstick.
func (r Reading) Slowdown() float64 { return float64(r.Median) / float64(r.Yardstick) }

// GFLOPs is how many billion FLOPs a second the program does.
func (r Reading) GFLOPs() float64 { return r.FLOPs / float64(r.Median) }

// GBs is how many billion bytes a second the program reads and writes.
func (r Reading) GBs() float64 { return float64(r.Bytes) / float64(r.Median) }

// Forms summarizes which kernels ran.
func Forms(kernels []tensor.Kernel) string {
	var forms []string
	count := map[string]int{}
	for _, k := range kernels {
		if count[k.Form]++; count[k.Form] == 1 {
			forms = append(forms, k.Form)
		}
	}
	for i, f := range forms {
		if count[f] > 1 {
			forms[i] = fmt.Sprintf("%s (%d)", f, count[f])
		}
	}
	return strings.Join(forms, ", ")
}

// products is the yardstick for products of the given sizes, or of 512×512×512 if there are none.
func products(like [][4]int) Work {
	if like == nil {
		return productBenches[0].Works()[0]
	}
	w := Work{Name: "MatMul"}
	rng := tensor.NewRNG("rng", 2)
	for _, p := range like {
		x, y := tensor.Var("x", rng.Normal(p[0], p[1], p[2])), tensor.Var("y", rng.Normal(p[0], p[2], p[3]))
		w.Outputs.Fetch = append(w.Outputs.Fetch, x.MatMul(y))
		w.FLOPs += 2 * float64(p[0]*p[1]*p[2]*p[3])
	}
	return w
}

// pass reads half of the bytes and writes the other half.
func pass(bytes int) tensor.Outputs {
	x := tensor.Var("x", tensor.Full(1, max(bytes/8, 1)))
	return tensor.Outputs{Fetch: []*T{x.Shift(1)}}
}

// Measure times a work. The yardstick is the slower of two: as many FLOPs in products, or a pass over as many bytes as any program for
// the work must read and write.
func Measure(ctx context.Context, dev *vk.Device, o tensor.Options, w Work) (Reading, error) {
	rt, err := tensor.NewRuntimeWith(dev, o)
	if err != nil {
		return Reading{}, err
	}
	defer rt.Close()
	p, err := rt.Compile(w.Outputs)
	if err != nil {
		return Reading{}, fmt.Errorf("%s: %w", w.Name, err)
	}
	defer p.Close()
	like, peak := products(w.like), products(nil)
	sticks := []tensor.Outputs{pass(p.LeastBytes())}
	if w.FLOPs > 0 {
		sticks = append(sticks, like.Outputs, peak.Outputs)
	}
	times, err := alternate(ctx, rt, p, sticks...)
	if err != nil {
		return Reading{}, fmt.Errorf("%s: %w", w.Name, err)
	}
	r := reading(w.Name, times[0], p.Kernels())
	r.Bytes, r.Bound, r.Yardstick = p.LeastBytes(), "pass", median(times[1])
	r.Peak = r.Yardstick
	if w.FLOPs > 0 {
		r.FLOPs = w.FLOPs
		if d := multiplied(median(times[2]), w.FLOPs/like.FLOPs); d > r.Yardstick {
			r.Bound, r.Yardstick = "product", d
		}
		r.Peak = max(r.Peak, multiplied(median(times[3]), w.FLOPs/peak.FLOPs))
	}
	return r, nil
}

// Read makes a reading of a program that was timed elsewhere, from the times of its runs and the kernels of one run. Each kernel is
// compared with the slower of its two yardsticks.
func Read(ctx context.Context, dev *vk.Device, name string, times []time.Duration, kernels []tensor.Kernel) (Reading, error) {
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	like := products(nil)
	product, err := rt.Compile(like.Outputs)
	if err != nil {
		return Reading{}, err
	}
	defer product.Close()
	const usual = 32 << 20
	sticks, err := alternate(ctx, rt, product, pass(usual))
	if err != nil {
		return Reading{}, err
	}
	r := reading(name, times, kernels)
	r.Bound = "both"
	for _, k := range kernels {
		r.Yardstick += max(multiplied(median(sticks[0]), k.FLOPs/like.FLOPs), multiplied(median(sticks[1]), float64(k.Bytes)/usual))
	}
	r.Peak = r.Yardstick
	return r, nil
}

func reading(name string, times []time.Duration, kernels []tensor.Kernel) Reading {
	r := Reading{Name: name, Min: slices.Min(times), Median: median(times), Max: slices.Max(times), Kernels: kernels}
	for _, k := range kernels {
		r.FLOPs += k.FLOPs
		r.Bytes += k.Bytes
	}
	return r
}

func median(times []time.Duration) time.Duration {
	times = slices.Sorted(slices.Values(times))
	return times[len(times)/2]
}

func multiplied(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// alternate times a program and others in turns, so that other load on the machine affects all of them equally.
func alternate(ctx context.Context, rt *tensor.Runtime, p *tensor.Program, others ...tensor.Outputs) ([][]time.Duration, error) {
	programs := []*tensor.Program{p}
	for _, o := range others {
		p, err := rt.Compile(o)
		if err != nil {
			return nil, err
		}
		defer p.Close()
		programs = append(programs, p)
	}
	const turns, most, enough = 6, 32, 50 * time.Millisecond // number of turns; the most runs and the least time of one turn
	times := make([][]time.Duration, len(programs))
	for turn := range turns {
		for i, p := range programs {
			sum := time.Duration(0)
			for n := 0; n < most && sum < enough; n++ {
				began := time.Now()
				if err := p.Run(ctx, nil); err != nil {
					return nil, err
				}
				if err := p.Wait(ctx); err != nil {
					return nil, err
				}
				took := time.Since(began)
				sum += took
				if turn > 0 { // the first turn compiles the kernels
					times[i] = append(times[i], took)
				}
			}
		}
	}
	return times, nil
}
