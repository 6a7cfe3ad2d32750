package tensor

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// An entry is a class of products in the program. The tuner times its kernels against each other.
type entry struct {
	Trial
	flops float64 // of all products of the class
	outs  []*ir.Node
	ways  func() []codegen.Variant // the ways to write the kernel of one of the products, with the same bits; each call makes new ones
}

// tune times the kernels of all classes that the tuning does not know, those with most FLOPs first.
func (c *compilation) tune() {
	t := c.tuning
	if t == nil {
		return
	}
	t.trying.Lock()
	defer t.trying.Unlock()
	for _, e := range c.entries() {
		effort, open := t.open(e.Class, e.flops)
		if !open {
			continue
		}
		began := time.Now()
		c.try(e, effort)
		t.learn(e.Trial, time.Since(began))
	}
}

// entries lists the classes of products that have several kernels.
func (c *compilation) entries() []*entry {
	var all []*entry
	met := map[string]*entry{}
	for _, u := range c.Fused.Units {
		if u.Node == nil || u.Node.Contraction() == nil {
			continue
		}
		begin := func() *codegen.Product { return codegen.NewProduct(c.Fused, u, c.rt.target) }
		p := begin()
		class, ways := p.Class(), p.Rivals()
		if len(ways) < 2 {
			continue
		}
		e := met[class]
		if e == nil {
			e = &entry{
				Trial: Trial{Class: class, Batch: p.Z, M: p.M, K: p.K, N: p.N}, outs: u.Outs,
				ways: func() []codegen.Variant { return begin().Rivals() },
			}
			for _, w := range ways {
				e.Candidates = append(e.Candidates, Candidate{Form: w.Form})
			}
			met[class], all = e, append(all, e)
		}
		e.Occurrences++
		e.flops += 2 * float64(p.Z) * float64(p.M) * float64(p.N) * float64(p.K)
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return cmp.Compare(b.flops, a.flops) })
	return all
}

// try times the entry's kernels that give the same bits as the first kernel, and records the winner. If this takes longer than the time
// left, or fails, there is no winner. An error of the rule's kernel is not reported here: it shows when the program uses the kernel.
func (c *compilation) try(e *entry, effort Effort) {
	s := &stage{rt: c.rt, mem: map[*ir.Node]*vk.Buffer{}}
	defer s.close()
	var runs []func() (time.Duration, error)
	var ready []int
	var want []byte
	repeat := 0
	for i := range e.Candidates {
		g := e.ways()[i].Generate()
		got, once, err := s.result(g, e.outs)
		switch {
		case i == 0 && err != nil, i == 0 && once > effort.Time/time.Duration(effort.Turns*len(e.Candidates)):
			return
		case i == 0:
			const enough, most = 2 * time.Millisecond, 32 // long enough that the cost of a submission does not matter
			want, repeat = got, min(max(int(enough/max(once, 1)), 1), most)
		case vk.Passing(err): // which shows nothing about the kernel: without it nobody has won
			return
		case err != nil:
			e.Candidates[i].Excluded = err.Error()
			continue
		case !bytes.Equal(got, want):
			e.Candidates[i].Excluded = "other bits"
			continue
		}
		run, err := s.repeated(g, repeat)
		if err != nil {
			return
		}
		runs, ready = append(runs, run), append(ready, i)
	}
	best, least, gain, err := contest(effort.Turns, runs)
	if err != nil {
		return
	}
	for j, i := range ready {
		e.Candidates[i].MS = float64(least[j].Microseconds()) / 1000 / float64(repeat)
	}
	e.Winner, e.Gain = e.Candidates[ready[best]].Form, gain
}

// A stage is where the tuner tries kernels: it holds the memory that they bind, and the programs.
type stage struct {
	rt       *Runtime
	mem      map[*ir.Node]*vk.Buffer
	programs []*vk.Program
}

func (s *stage) close() {
	for _, p := range s.programs {
		p.Close()
	}
	for _, b := range s.mem {
		b.Close()
	}
}

// memory returns the memory of a tensor on the stage. Floats are pseudo-random numbers from −1 to 1; other types may be indices, and are
// zero.
func (s *stage) memory(t *ir.Node) (*vk.Buffer, error) {
	if b := s.mem[t]; b != nil {
		return b, nil
	}
	b, err := s.rt.filled("trial", t.InQuads(), func(p []byte) error {
		clear(p)
		if t.DType.IsFloat() {
			noise(p, t.DType)
		}
		return nil
	})
	if err == nil {
		s.mem[t] = b
	}
	return b, err
}

// record records a program of the given first commands and a number of dispatches of one kernel.
func (s *stage) record(g codegen.Generated, repeat int, first func(*vk.Recorder) error) (*vk.Program, error) {
	views := make([]vk.View, len(g.Binds))
	for i, b := range g.Binds {
		m, err := s.memory(b.Of)
		if err != nil {
			return nil, err
		}
		views[i] = m.Slice(b.Lo, b.Hi)
	}
	k, err := s.rt.dev.NewKernel(g.Bound(views), g.Consts...)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	rec := s.rt.dev.NewRecorder()
	if err := first(rec); err != nil {
		return nil, err
	}
	for range repeat {
		rec.Dispatch(k, g.Grid(), views...)
	}
	p, err := rec.Finish()
	if err == nil {
		s.programs = append(s.programs, p)
	}
	return p, err
}

// result returns the bits that a kernel writes, and how long the kernel takes once the driver has compiled it.
func (s *stage) result(g codegen.Generated, outs []*ir.Node) (bits []byte, once time.Duration, err error) {
	p, err := s.record(g, 1, func(rec *vk.Recorder) error {
		for _, t := range outs {
			m, err := s.memory(t)
			if err != nil {
				return err
			}
			rec.Fill(m.View(), 0x7fc0dead)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	for range 2 {
		began := time.Now()
		if err := p.Run(context.Background()); err != nil {
			return nil, 0, err
		}
		once = time.Since(began)
	}
	for _, t := range outs {
		part := make([]byte, t.Bytes())
		if _, err := s.mem[t].ReadAt(part, 0); err != nil {
			return nil, 0, err
		}
		bits = append(bits, part...)
	}
	return bits, once, nil
}

// repeated returns a function that runs a kernel several times in one submission.
func (s *stage) repeated(g codegen.Generated, times int) (func() (time.Duration, error), error) {
	p, err := s.record(g, times, func(*vk.Recorder) error { return nil })
	if err != nil {
		return nil, err
	}
	return func() (time.Duration, error) {
		began := time.Now()
		err := p.Run(context.Background())
		return time.Since(began), err
	}, nil
}

// noise writes floats from −1 to 1.
func noise(p []byte, dt DType) {
	x := uint32(1)
	for v := [1]float32{}; len(p) > 0; p = p[dt.Bytes(1):] {
		x = x*1664525 + 1013904223 // the linear congruential generator of Numerical Recipes
		v[0] = float32(int32(x)) / (1 << 31)
		putFloats(p, dt, v[:])
	}
}
