package virtual

import (
	"regexp"
	"testing"

	"genview/shaders/spirv"
)

// A mutant is a small kernel with one mistake, and the fault that must be reported.
type mutant struct {
	name, want string // want is a regular expression for the mistake, its place and the expression
	n, known   int    // floats of each buffer, and how many of the input are written; 0: 64
	body       func(b *spirv.Block, x, y spirv.Mem)
	bend       func(words []uint32)          // changes the kernel's instructions
	bind       func(d *Dispatch, o *Options) // changes what is asked for
}

// flat is how a formula names the element of an invocation.
const flat = `\(\(group\.x · 64\) \+ local\.x\)`

// copies is a kernel without a mistake.
func copies(b *spirv.Block, x, y spirv.Mem) { b.Store(y, at(b), b.Load(x, at(b))) }

// factors multiplies matrices of 8 × 8 that lie in shared memory, the left one from an element on.
func factors(b *spirv.Block, y spirv.Mem, from spirv.ID) {
	m := spirv.Matrices{M: 8, N: 8, K: 8, Dialect: spirv.KHR}
	b.Multiply(m, 8)
	words := spirv.Type{Elem: spirv.Uint, N: 2}
	s := b.Shared(64, words)
	b.StoreShared(s, b.LocalID(0), b.Zero(words))
	b.Barrier()
	sum := b.Sum(m, s, b.Index(0), 8, 8, b.LocalID(0))
	b.AddProduct(sum, b.FactorA(m, s, from, 2, false), b.FactorB(m, s, b.Index(0), 2, true))
	b.Store(y, at(b), some(b))
}

var mutants = []mutant{
	{name: "no guard on a store", n: 100, want: `writes outside of binding 1, byte 4\d\d in binding 1\[` + flat + `\] ← …`, body: func(b *spirv.Block, _, y spirv.Mem) {
		b.Store(y, at(b), some(b))
	}},
	{name: "no guard on a load", n: 100, want: `reads outside of binding 0, byte 4\d\d in binding 0\[` + flat + `\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		v := b.Load(x, at(b))
		b.If(b.Less(at(b), b.Index(100)), func() { b.Store(y, at(b), v) })
	}},
	{name: "a guard that is off by one", n: 100, want: `writes outside of binding 1, byte 400 in`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.If(b.LessEqual(at(b), b.Index(100)), func() { b.Store(y, at(b), some(b)) })
	}},
	{name: "before the first", want: `indexes outside of a buffer, \[-1\] of 0 in binding 0\[\(` + flat + ` − 1\)\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, at(b), b.Load(x, b.Sub(at(b), b.Index(1))))
	}},
	{name: "never written", known: 63, want: `takes an address from what nobody has written, in binding 1\[int \(binding 0\[` + flat + `\]\)\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, b.Cast(b.Load(x, at(b)), spirv.Int), some(b))
	}},
	{name: "a branch on what was never written", known: 63, want: `branches on what nobody has written, in \(0 < binding 0\[` + flat + `\]\)`, body: func(b *spirv.Block, x, y spirv.Mem) {
		v := b.Load(x, at(b))
		b.If(b.Less(b.Zero(one), v), func() { b.Store(y, at(b), v) })
	}},
	{name: "all write one", want: `writes and races with a write, binding 1, byte 0 in binding 1\[0\] ← …`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, b.Index(0), b.Load(x, at(b)))
	}},
	{name: "groups read what others write", n: 128, want: `races with a (read|write), binding 1, byte \d+ in binding 1\[`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, at(b), some(b))
		b.Barrier()
		b.Store(y, at(b), b.Load(y, b.Sub(b.Index(127), at(b))))
	}},
	{name: "a barrier of shared memory for a buffer", want: `races with a (read|write), binding 1, byte \d+ in binding 1\[`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, at(b), some(b))
		b.Barrier()
		b.Store(y, at(b), b.Load(y, b.Sub(b.Index(63), at(b))))
	}},
	{name: "shared memory without a barrier", want: `races with a (read|write), shared cell \d+ of 64 in shared\[`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(64, one)
		b.StoreShared(s, b.LocalID(0), some(b))
		b.Store(y, at(b), b.LoadShared(s, b.Sub(b.Index(63), b.LocalID(0))))
	}},
	{name: "all of a subgroup store its sum", want: `writes and races with a write, shared cell \d of 8 in shared\[subgroup\] ← …`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(8, one)
		b.StoreShared(s, b.Subgroup(), b.SubgroupAdd(b.Load(x, at(b))))
		b.Barrier()
		b.Store(y, at(b), b.LoadShared(s, b.Subgroup()))
	}},
	{name: "shared memory unwritten", want: `takes an address from what nobody has written, in binding 1\[int \(shared\[local\.x\]\)\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(64, one)
		b.If(b.Less(b.LocalID(0), b.Index(63)), func() { b.StoreShared(s, b.LocalID(0), b.Cast(b.LocalID(0), spirv.Float)) })
		b.Barrier()
		b.Store(y, b.Cast(b.LoadShared(s, b.LocalID(0)), spirv.Int), some(b))
	}},
	{name: "outside of shared memory", want: `indexes outside of an array, \[64\] of 64 in shared\[\(local\.x \+ 1\)\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(64, one)
		b.StoreShared(s, b.Add(b.LocalID(0), b.Index(1)), some(b))
		b.Store(y, at(b), some(b))
	}},
	{name: "a barrier for some", want: `waits for others of its workgroup that do not come here, or in another round of the loop in a barrier`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.If(b.Less(b.LocalID(0), b.Index(32)), b.Barrier)
		b.Store(y, at(b), some(b))
	}},
	{name: "a barrier in other rounds", want: `waits for others of its workgroup that do not come here, or in another round of the loop in a barrier`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.For(b.Index(0), b.Index(2), 1, func(i spirv.ID) { b.If(b.Equal(i, b.And(b.LocalID(0), b.Index(1))), b.Barrier) })
		b.Store(y, at(b), some(b))
	}},
	{name: "a subgroup's sum for some", want: `waits for others of its subgroup .* in subgroup sum\(binding 0\[` + flat + `\]\)`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.If(b.Less(b.LocalID(0), b.Index(3)), func() { b.Store(y, at(b), b.SubgroupAdd(b.Load(x, at(b)))) })
	}},
	{name: "a subgroup of 16 is expected", want: `reads from an invocation that its subgroup has not, number 1?\d of 8 in shuffle by xor\(binding 0\[` + flat + `\], 8\)`, body: func(b *spirv.Block, x, y spirv.Mem) {
		b.Store(y, at(b), b.ShuffleXor(b.Load(x, at(b)), 8))
	}},
	{name: "two subgroups are expected", want: `indexes outside of an array, \[\d\] of 2 in shared\[subgroup\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(2, one)
		sum := b.SubgroupAdd(b.Load(x, at(b)))
		b.If(b.Elect(), func() { b.StoreShared(s, b.Subgroup(), sum) })
		b.Barrier()
		b.Store(y, at(b), b.Add(b.LoadShared(s, b.Index(0)), b.LoadShared(s, b.Index(1))))
	}},
	{name: "a broadcast from one that differs", want: `broadcasts from an invocation that is not the same for all of its subgroup, number \d in broadcast\(`, body: func(b *spirv.Block, x, y spirv.Mem) {
		lane := b.And(b.LocalID(0), b.Index(7))
		b.Store(y, at(b), b.Add(b.ShuffleXor(b.Load(x, at(b)), 0), b.Cast(lane, spirv.Float)))
	}, bend: func(words []uint32) {
		lane := uint32(0)
		for at := 5; at < len(words); at += int(words[at] >> 16) {
			switch words[at] & 0xffff {
			case 199: // And: the lane
				lane = words[at+2]
			case 346: // ShuffleXor becomes Broadcast
				words[at] -= 346 - 337
				words[at+5] = lane
			}
		}
	}},
	{name: "shared memory as if it were its own", want: `(reads|writes) shared memory as if it were its own, in shared\[local\.x\]`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(64, one)
		b.StoreShared(s, b.LocalID(0), b.Load(x, at(b)))
		b.Barrier()
		b.Store(y, at(b), b.LoadShared(s, b.LocalID(0)))
	}, bend: func(words []uint32) {
		each(words, func(op uint32, w []uint32) {
			if op == 14 { // OpMemoryModel
				w[1] = 3 // Vulkan's
			}
		})
	}},
	{name: "a matrix that differs within a subgroup", want: `does not take the same matrix as others of its subgroup, in `, body: func(b *spirv.Block, _, y spirv.Mem) {
		factors(b, y, b.And(b.LocalID(0), b.Index(1)))
	}},
	{name: "a matrix beyond shared memory", want: `reads outside of shared memory, cell \d+ of \d+ in `, body: func(b *spirv.Block, _, y spirv.Mem) {
		factors(b, y, b.Index(56))
	}},
	{name: "a loop without an end", want: `runs on and on, in `, body: func(b *spirv.Block, _, y spirv.Mem) {
		b.For(b.Index(0), b.Index(1), 0, func(spirv.ID) {})
		b.Store(y, at(b), some(b))
	}},
	{name: "more shared memory than there is", want: `takes more shared memory than there is, 20000 of 16384 bytes$`, body: func(b *spirv.Block, x, y spirv.Mem) {
		s := b.Shared(5000, one)
		b.StoreShared(s, b.LocalID(0), some(b))
		b.Store(y, at(b), some(b))
	}},
	{name: "a workgroup that is too large", want: `has a larger workgroup than the device takes, 64 of 32$`, body: copies, bind: func(_ *Dispatch, o *Options) { o.MaxInvocations = 32 }},
	{name: "a range that is misaligned", want: `binds a misaligned range, binding 0, byte 32, no multiple of 64$`, body: copies, bind: func(d *Dispatch, o *Options) {
		o.Alignment = 64
		d.Views[0] = View{NewBuffer("larger", 512), 32, 512}
	}},
	{name: "a range that is too large", want: `binds more at once than the device takes, binding \d, 256 of 128 bytes$`, body: copies, bind: func(_ *Dispatch, o *Options) { o.MaxRange = 128 }},
	{name: "a range beyond its buffer", want: `binds what is no part of a buffer, binding 1, bytes 0 to 512$`, body: copies, bind: func(d *Dispatch, _ *Options) { d.Views[1].Hi = 512 }},
	{name: "one memory twice", want: `binds one memory twice and writes it without Aliased, bindings 0 and 1$`, body: copies, bind: func(d *Dispatch, _ *Options) {
		d.Views[0] = d.Views[1]
	}},
	{name: "parts of one memory", want: `binds one memory twice and writes it without Aliased, bindings 0 and 1$`, body: copies, bind: func(d *Dispatch, _ *Options) {
		b := NewBuffer("both", 400)
		d.Views[0], d.Views[1] = View{b, 0, 256}, View{b, 128, 384}
	}},
}

// each calls f with the opcode and the operands of each instruction.
func each(words []uint32, f func(op uint32, w []uint32)) {
	for at := 5; at < len(words); at += int(words[at] >> 16) {
		f(words[at]&0xffff, words[at+1:at+int(words[at]>>16)])
	}
}

// TestFaults: each mistake is found, and told with the kernel, the expression, the invocation and the address.
func TestFaults(t *testing.T) {
	who := regexp.MustCompile(` by invocation \[\d+ 0 0\] of group \[\d 0 0\], instruction \d+$`)
	for _, m := range mutants {
		b := spirv.NewBlock("test", 64, 1, 1)
		x, y := b.Buffer(0, one, true, false), b.Buffer(1, one, true, true)
		m.body(b, x, y)
		module := b.Module()
		if m.bend != nil {
			m.bend(module.Words)
		}
		n := max(m.n, 64)
		known := n
		if m.known > 0 {
			known = m.known
		}
		o := Options{Subgroup: 8, Seed: 1, SharedMemory: 16 << 10, MaxInvocations: 128}
		d := dispatch(loaded(t, module), n, known)
		if m.bind != nil {
			m.bind(d, &o)
		}
		var said []string
		want := regexp.MustCompile("^test: .*" + m.want)
		found := false
		for _, f := range Run(d, o) {
			said = append(said, f.Error())
			found = found || want.MatchString(f.Error()) && (f.Code < 0 || who.MatchString(f.Error()))
		}
		if !found {
			t.Errorf("%s: got %q, want %s", m.name, said, m.want)
		}
	}
}

// TestNoFaults: a buffer that is bound twice and only read, or declared Aliased, is no mistake.
func TestNoFaults(t *testing.T) {
	k := kernel(t, copies)
	d := dispatch(loaded(t, k.module.Alias(0, 1)), 64, 64)
	d.Views[1] = d.Views[0]
	if f := Run(d, Options{Subgroup: 8}); len(f) > 0 {
		t.Errorf("found %v", f)
	}
	b := spirv.NewBlock("test", 64, 1, 1)
	x, y, same := b.Buffer(0, one, true, false), b.Buffer(1, one, true, true), b.Buffer(2, one, true, false)
	b.Store(y, at(b), b.Add(b.Load(x, at(b)), b.Load(same, at(b))))
	d = dispatch(loaded(t, b.Module()), 64, 64)
	d.Views = append(d.Views, d.Views[0])
	if f := Run(d, Options{Subgroup: 8}); len(f) > 0 {
		t.Errorf("found %v", f)
	}
}

// TestTexels: what lies outside of what is bound is a fault, or 0 where the device forgives; what others write is a fault, or anything.
func TestTexels(t *testing.T) {
	for _, c := range []struct {
		name, want string // what is wrong where the device does not forgive
		at         func(b *spirv.Block) spirv.ID
		unknown    bool // what is read where it does
	}{
		{"inside", "", at, false},
		{"outside", `reads outside of binding 0, byte 256 in binding 0\[64\]`, func(b *spirv.Block) spirv.ID { return b.Index(64) }, false},
		{"written", `races with a (read|write), binding [01], byte \d+ in binding`, func(b *spirv.Block) spirv.ID { return b.Sub(b.Index(63), at(b)) }, true},
	} {
		b := spirv.NewBlock("test", 64, 1, 1)
		x, y := b.Texels(0, one), b.Buffer(1, one, false, true)
		v := b.Load(x, c.at(b))
		b.Store(y, at(b), some(b))
		if c.name == "written" {
			v = b.Load(x, c.at(b))
		}
		b.If(b.Less(v, b.Zero(one)), func() {})
		m := b.Module()
		if c.name == "written" {
			m = m.Alias(0, 1)
		}
		d := dispatch(loaded(t, m), 64, 64)
		if c.name == "written" {
			d.Views[1] = d.Views[0]
		}
		strict, forgiving := Run(d, Options{Subgroup: 8}), Run(d, Options{Subgroup: 8, Forgiving: true})
		if (len(strict) > 0) != (c.want != "") || len(strict) > 0 && !regexp.MustCompile(c.want).MatchString(strict[0].Error()) {
			t.Errorf("%s: found %v, want %q", c.name, strict, c.want)
		}
		if (len(forgiving) > 0) != c.unknown {
			t.Errorf("%s: a device that forgives: found %v, want a branch on what is unknown: %t", c.name, forgiving, c.unknown)
		}
	}
}
