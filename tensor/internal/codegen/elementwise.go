package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// mostUnrolled is how many instructions an invocation has at most on lavapipe where it computes several quads. Longer code takes longer to
// compile, and no less time to run.
const mostUnrolled = 600

// elementwise writes the shader of a unit of elementwise nodes.
func elementwise(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	n := u.Outs[0].Len()
	quads := (n + 3) / 4
	local, each, stride := on.Invocations(256), 1, on.Lanes
	if on.CPU { // each lane walks along contiguous elements (the driver finishes one group of lanes before the next)
		local = 32
		for long := u.Instructions(); local*each < 128 && quads >= local*each*2*16; {
			if 2*each*long <= mostUnrolled {
				each *= 2
			} else {
				local *= 2
			}
		}
	}
	per := local * each
	groups := (quads + per - 1) / per
	together := 1
	if each > 1 {
		together = quadsPerStore(on, u, quads)
	}
	e := newEmitter(f, u, on, n, local)
	b := e.b
	outs := e.outs(u, 4*together)
	lane := b.LocalID(0)
	start := b.Mul(group(b, on, groups), b.Index(per/together))
	if each > 1 {
		start = b.Add(start, b.Add(b.Mul(b.Shr(lane, log2(stride)), b.Index(stride*each/together)), b.And(lane, b.Index(stride-1))))
	} else {
		start = b.Add(start, lane)
	}
	write := func(at, valid spirv.ID) {
		values := make([][]spirv.ID, len(u.Outs))
		for h := range together {
			quad := at
			if together > 1 {
				quad = b.Add(b.Shl(at, 1), b.Index(h))
			}
			e.at(b.Bitcast(b.Shl(quad, 2), spirv.Uint), true)
			for i, t := range u.Outs {
				values[i] = append(values[i], e.value(t))
			}
		}
		for i, t := range u.Outs {
			e.storeLater(outs[i], t, at, valid, values[i]...)
		}
	}
	some := quads < launched(on, groups)*per // some invocations have no work
	switch {
	case on.CPU: // lanes compute what is not stored: that costs less than to leave it out
		e.loadScalars(u)
		for k := range each / together {
			at, valid := b.Add(start, b.Index(stride*k)), spirv.ID(0)
			if some {
				valid, at = b.Less(at, b.Index(quads/together)), b.Min(at, b.Index(quads/together-1))
			}
			write(at, valid)
		}
		e.flush()
	case some: // and must not read: others may be writing there, in place of what they have read
		b.If(b.Less(start, b.Index(quads)), func() {
			e.loadScalars(u)
			write(start, 0)
			e.flush()
		})
	default:
		e.loadScalars(u)
		write(start, 0)
		e.flush()
	}
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}
