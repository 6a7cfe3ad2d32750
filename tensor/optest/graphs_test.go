package optest

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"genview/tensor"
	"genview/vk"
	"genview/vk/vktest"
)

var (
	graphCount = flag.Int("fuzzgraphs", 0, "random graphs that TestGraphs computes; 0: 500, and 40 in -short")
	graphSeed  = flag.Uint64("fuzzseed", 1, "seed of the first of them; each has a seed of its own, the next number")
)

// TestGraphs computes random graphs on both families of kernels and holds them against the references of the table of ops, which are
// evaluated over the graph in float64: values, what variables become in several runs, and first and second gradients, those against
// differences of the reference. A graph that fails is made smaller as long as it fails, and printed with its seed.
//
//	go test ./tensor/optest -run TestGraphs -fuzzgraphs 20000 -fuzzseed 1000
//	go test ./tensor/optest -run TestGraphs -fuzzgraphs 1 -fuzzseed 1234    one graph again
func TestGraphs(t *testing.T) {
	count := *graphCount
	switch {
	case count == 0 && testing.Short():
		count = 40
	case count == 0:
		count = 500
	}
	first := *graphSeed
	var next, failed uint64
	var mu sync.Mutex
	take := func() (seed uint64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return first + next - 1, next <= uint64(count) && failed < 5
	}
	var total tally
	for range min(runtime.GOMAXPROCS(0), 4) { // a software driver compiles shaders on one thread per device
		t.Run("graphs", func(t *testing.T) {
			t.Parallel()
			ms := machines(t)
			defer func() {
				for _, m := range ms {
					m.close()
				}
			}()
			for {
				seed, ok := take()
				if !ok {
					return
				}
				g := makeGraph(seed)
				for _, m := range ms {
					m.turn(g)
					if err := m.check(g); err != nil {
						mu.Lock()
						failed++
						mu.Unlock()
						small, why := shrink(g, err, m.check)
						t.Errorf("%s, -fuzzgraphs 1 -fuzzseed %d: %v\n%s", m.name, seed, why, small)
					}
				}
				mu.Lock()
				total.add(g)
				mu.Unlock()
			}
		})
	}
	t.Cleanup(func() {
		t.Log(total)
		if count >= 40 && failed == 0 && (total.gradients < count/4 || total.seconds < count/12 || total.updates < count/4) {
			t.Errorf("of %d graphs too few have gradients or updates: %v", count, total)
		}
	})
}

// A tally counts the features of the graphs.
type tally struct{ graphs, nodes, runs, updates, gradients, seconds, kinks int }

func (s *tally) add(g *graph) {
	s.graphs++
	s.nodes += len(g.nodes)
	s.runs += len(g.feeds)
	s.updates += len(g.updates)
	if g.loss != nil {
		s.gradients++
		if g.loss.second != nil {
			s.seconds++
		}
		s.kinks += g.loss.kinks
	}
}

func (s tally) String() string {
	return fmt.Sprintf("%d graphs: %d nodes, %d runs, %d updates, %d with gradients, %d with second ones, %d directions not smooth", s.graphs, s.nodes, s.runs, s.updates, s.gradients, s.seconds, s.kinks)
}

// A machine runs graphs with one family of kernels.
type machine struct {
	name string
	rts  []*tensor.Runtime // one for each of turns; nil until a graph needs it
	rt   *tensor.Runtime   // the runtime of the current graph
	used int
	open func(o tensor.Options) *tensor.Runtime
}

// turns are the options for graphs. The first applies to most graphs, each of the others to one graph in eight.
var turns = []tensor.Options{
	{},
	{Without: []tensor.Pass{tensor.Fuse}},
	{Without: []tensor.Pass{tensor.Rows, tensor.Recompute, tensor.Order}},
	{MaxBind: 4096},
}

// machines opens a device for each family: with mapped memory for lavapipe's kernels, and with copies, as GPUs do, for the others.
func machines(t *testing.T) []*machine {
	var ms []*machine
	for _, c := range []struct {
		name    string
		family  tensor.Family
		staging bool
	}{{"kernels for lavapipe", tensor.ForLavapipe, false}, {"kernels for GPUs", tensor.ForGPU, true}} {
		dev := vktest.OpenWith(t, vk.Options{ForceStaging: c.staging})
		if c.family == tensor.ForLavapipe && !dev.Info().Lavapipe {
			continue
		}
		ms = append(ms, &machine{name: c.name, rts: make([]*tensor.Runtime, len(turns)), open: func(o tensor.Options) *tensor.Runtime {
			o.Family = c.family
			rt, err := tensor.NewRuntimeWith(dev, o)
			if err != nil {
				t.Fatal(err)
			}
			return rt
		}})
	}
	return ms
}

// turn chooses the runtime of a graph. Sometimes it makes new runtimes, to free the memory that earlier graphs left behind.
func (m *machine) turn(g *graph) {
	const many, most = 200, 2500 // graphs before a new runtime; elements up to which these small bindings suffice for any op
	if m.used++; m.used%many == 0 {
		m.close()
	}
	i := int(g.seed % 8)
	if i >= len(turns) || turns[i].MaxBind > 0 && slices.ContainsFunc(g.nodes, func(n node) bool { return count(n.shape) > most }) {
		i = 0
	}
	if m.rts[i] == nil {
		m.rts[i] = m.open(turns[i])
	}
	m.rt = m.rts[i]
}

func (m *machine) close() {
	for i, rt := range m.rts {
		if rt != nil {
			rt.Close()
			m.rts[i] = nil
		}
	}
}

// check runs a graph and returns its error.
func (m *machine) check(g *graph) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v (%s)", p, origin())
		}
	}()
	b := g.build()
	p, err := m.rt.Compile(b.outputs)
	if err != nil {
		return err
	}
	defer p.Close()
	beside, err := m.beside(g, b)
	if err != nil {
		return err
	}
	if beside != nil {
		defer beside.Close()
	}
	worlds := g.worlds()
	for r := range g.feeds {
		if err := m.run(g, b, p, beside, worlds, r); err != nil {
			return fmt.Errorf("run %d: %w", r, err)
		}
	}
	return nil
}

// beside is a second program over the same variables, for one graph in six. It updates nothing.
func (m *machine) beside(g *graph, b *built) (*tensor.Program, error) {
	if g.seed%6 > 0 || len(g.fetch) == 0 {
		return nil, nil
	}
	return m.rt.Compile(tensor.Outputs{Fetch: b.outputs.Fetch[:len(g.fetch)]})
}

// run runs the program once, after the one beside it. It compares the fetched values and the new values of variables.
func (m *machine) run(g *graph, b *built, p, beside *tensor.Program, worlds []*world, r int) error {
	before := worlds[0].state
	for _, w := range worlds {
		w.run(r)
	}
	feed := tensor.Feed{}
	for i, a := range g.feeds[r] {
		feed[b.t[i]] = host(a, g.nodes[i].dt)
	}
	ctx, stop := timeout(time.Minute)
	defer stop()
	programs := []*tensor.Program{p}
	if beside != nil {
		programs = []*tensor.Program{beside, p}
	}
	for _, p := range programs {
		if err := p.Run(ctx, feed); err != nil {
			return err
		}
	}
	for k, p := range programs {
		for _, i := range g.fetch {
			got, err := fetched(b.t[i], func(dst any) error { return p.Fetch(b.t[i], dst) })
			if err == nil {
				err = g.compare(got, worlds, i, values)
			}
			if err != nil {
				return fmt.Errorf("program %d of %d: fetching %s: %w", k+1, len(programs), g.name(i), err)
			}
		}
	}
	if g.loss != nil {
		if err := g.loss.check(g, b, p, before, r); err != nil {
			return err
		}
	}
	for i := range worlds[0].state {
		if g.nodes[i].leaf != "Var" || worlds[0].state[i].V == nil || !b.used[i] {
			continue
		}
		got, err := fetched(b.t[i], func(dst any) error { return m.rt.Read(b.t[i], dst) })
		if err == nil {
			err = g.compare(got, worlds, i, states)
		}
		if err != nil {
			return fmt.Errorf("afterwards the variable %s: %w", g.name(i), err)
		}
	}
	return nil
}

// fetched reads a tensor of any type as numbers.
func fetched(x *T, read func(dst any) error) ([]float32, error) {
	out := make([]float32, x.Len())
	switch x.DType() {
	case tensor.I32:
		v := make([]int32, x.Len())
		err := read(v)
		for i := range v {
			out[i] = float32(v[i])
		}
		return out, err
	case tensor.Bool:
		v := make([]bool, x.Len())
		err := read(v)
		for i := range v {
			out[i] = float32(bit(v[i]))
		}
		return out, err
	}
	return out, read(out)
}

// host converts an array to the type that a program is fed with.
func host(a Array, dt tensor.DType) any {
	switch dt {
	case tensor.I32:
		v := make([]int32, len(a.V))
		for i, x := range a.V {
			v[i] = int32(x)
		}
		return v
	case tensor.Bool:
		v := make([]bool, len(a.V))
		for i, x := range a.V {
			v[i] = x != 0
		}
		return v
	}
	v := make([]float32, len(a.V))
	for i, x := range a.V {
		v[i] = float32(x)
	}
	return v
}

func values(w *world) []Array { return w.values }

func states(w *world) []Array { return w.state }

// compare compares node i with the first world. The differences between the worlds give the tolerance.
func (g *graph) compare(got []float32, worlds []*world, i int, of func(*world) []Array) error {
	want := of(worlds[0])[i]
	size, noise := spread(worlds, i, of)
	tol := 2e-5*size + 4*noise
	switch g.nodes[i].dt { // 16-bit values are roundings of inexact numbers
	case tensor.F16:
		tol += size / 1024
	case tensor.BF16:
		tol += size / 128
	case tensor.I32, tensor.Bool:
		tol = 0
	}
	if i == g.descended() {
		tol += 1e-3 * size
	}
	for k, w := range want.V {
		if d := math.Abs(float64(got[k]) - w); !(d <= tol) {
			return fmt.Errorf("element %d is %v, want %v (± %.1g)", k, got[k], w, tol)
		}
	}
	return nil
}

// spread returns the largest absolute value of a node's elements, and the largest difference between the worlds.
func spread(worlds []*world, i int, of func(*world) []Array) (size, noise float64) {
	size = 1e-2
	a := of(worlds[0])[i]
	for k, x := range a.V {
		size = max(size, math.Abs(x))
		for _, w := range worlds[1:] {
			noise = max(noise, math.Abs(of(w)[i].V[k]-x))
		}
	}
	return size, noise
}

// origin returns the source position of a recovered panic.
func origin() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	at, panicked := "", false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && len(f.Function) > 8 && f.Function[:8] != "runtime.":
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return at
		}
	}
}
