package virtual

import "math"

// construct is OpCompositeConstruct.
//
//go:norace
func (v *invocation) construct(i *instruction) {
	at := i.res
	for n, a := range i.a {
		c := 1
		if i.t.cells != len(i.a) {
			c = v.kernel.of[i.w[n]].cells
		}
		v.move(at, a, c)
		at += c
	}
}

//go:norace
func (v *invocation) extract(i *instruction) {
	at, t := i.a[0], i.from
	for _, n := range i.w[1:] {
		at, t = part(at, t, int(n))
	}
	v.move(i.res, at, i.n)
}

//go:norace
func (v *invocation) insert(i *instruction) {
	t := v.kernel.of[i.w[1]]
	v.move(i.res, i.a[1], i.n)
	at := i.res
	for _, n := range i.w[2:] {
		at, t = part(at, t, int(n))
	}
	v.move(at, i.a[0], t.cells)
}

//go:norace
func part(at int, t *typ, n int) (int, *typ) {
	if t.kind == kStruct {
		for _, m := range t.members[:n] {
			at += m.cells
		}
		return at, t.members[n]
	}
	return at + n*t.elem.cells, t.elem
}

// shuffle is OpVectorShuffle.
//
//go:norace
func (v *invocation) shuffle(i *instruction) {
	var out, unknown [16]uint64
	for n, w := range i.w[2:] {
		switch {
		case w == 0xffffffff:
			unknown[n] = all
		case int(w) < i.from.n:
			out[n], unknown[n] = v.regs[i.a[0]+int(w)], v.unknown[i.a[0]+int(w)]
		default:
			out[n], unknown[n] = v.regs[i.a[1]+int(w)-i.from.n], v.unknown[i.a[1]+int(w)-i.from.n]
		}
	}
	copy(v.regs[i.res:i.res+i.n], out[:])
	copy(v.unknown[i.res:i.res+i.n], unknown[:])
}

// extractAt is OpVectorExtractDynamic.
//
//go:norace
func (v *invocation) extractAt(i *instruction) {
	at := int(uint32(v.regs[i.a[1]]))
	switch {
	case v.unknown[i.a[1]] != 0:
		v.fault("takes a component from what nobody has written,", "")
	case at >= i.from.n:
		v.fault("indexes outside of a vector,", inBrackets(at, i.from.n))
	}
	v.move(i.res, i.a[0]+min(at, i.from.n-1), 1)
}

//go:norace
func (v *invocation) duplicate(i *instruction) { v.move(i.res, i.a[0], i.n) }

// choice is OpSelect.
//
//go:norace
func (v *invocation) choice(i *instruction) {
	wide := i.from.cells > 1
	for c := range i.n {
		cond := i.a[0]
		if wide {
			cond += c
		}
		from := i.a[2]
		if v.regs[cond] != 0 {
			from = i.a[1]
		}
		unknown := v.unknown[cond]
		v.regs[i.res+c], v.unknown[i.res+c] = v.regs[from+c], v.unknown[from+c]
		if unknown != 0 {
			v.unknown[i.res+c] = all
		}
	}
}

// wideProduct is OpUMulExtended: low half, high half.
//
//go:norace
func (v *invocation) wideProduct(i *instruction) {
	half := i.n / 2
	for c := range half {
		p := v.regs[i.a[0]+c] * v.regs[i.a[1]+c]
		v.regs[i.res+c], v.regs[i.res+half+c] = uint64(uint32(p)), p>>32
		unknown := v.unknownIn(i.a[0]+c, 1) | v.unknownIn(i.a[1]+c, 1)
		v.unknown[i.res+c], v.unknown[i.res+half+c] = unknown, unknown
	}
}

//go:norace
func (v *invocation) dot(i *instruction) {
	s := float32(0)
	for c := range i.from.n {
		s += f32(v.regs[i.a[0]+c]) * f32(v.regs[i.a[1]+c])
	}
	v.regs[i.res] = bitsOf(s)
	v.unknown[i.res] = v.unknownIn(i.a[0], i.from.n) | v.unknownIn(i.a[1], i.from.n)
}

// scale is OpVectorTimesScalar.
//
//go:norace
func (v *invocation) scale(i *instruction) {
	s, unknown := f32(v.regs[i.a[1]]), v.unknownIn(i.a[1], 1)
	for c := range i.n {
		v.regs[i.res+c] = bitsOf(f32(v.regs[i.a[0]+c]) * s)
		v.unknown[i.res+c] = v.unknownIn(i.a[0]+c, 1) | unknown
	}
}

//go:norace
func (v *invocation) anyOrAll(i *instruction) {
	some, every := false, true
	for c := range i.from.cells {
		some, every = some || v.regs[i.a[0]+c] != 0, every && v.regs[i.a[0]+c] != 0
	}
	v.regs[i.res] = boolean(i.op == 154 && some || i.op == 155 && every)
	v.unknown[i.res] = v.unknownIn(i.a[0], i.from.cells)
}

//go:norace
func (v *invocation) packHalves(i *instruction) {
	v.regs[i.res] = uint64(toHalf(f32(v.regs[i.a[0]]))) | uint64(toHalf(f32(v.regs[i.a[0]+1])))<<16
	v.unknown[i.res] = v.unknownIn(i.a[0], 1)&0xffff | v.unknownIn(i.a[0]+1, 1)&0xffff0000
}

//go:norace
func (v *invocation) unpackHalves(i *instruction) {
	x, unknown := v.regs[i.a[0]], v.unknown[i.a[0]]
	v.regs[i.res], v.regs[i.res+1] = bitsOf(ofHalf(uint16(x))), bitsOf(ofHalf(uint16(x>>16)))
	for c := range 2 {
		v.unknown[i.res+c] = 0
		if unknown>>(16*c)&0xffff != 0 {
			v.unknown[i.res+c] = all
		}
	}
}

// bitcast joins or splits numbers of 32 and 64 bits.
//
//go:norace
func (v *invocation) bitcast(i *instruction) {
	from, to := i.from, i.t
	switch {
	case from.bits == to.bits || from.kind == kPointer:
		v.move(i.res, i.a[0], i.n)
	case from.bits == 32:
		for c := range i.n {
			v.regs[i.res+c] = v.regs[i.a[0]+2*c] | v.regs[i.a[0]+2*c+1]<<32
			v.unknown[i.res+c] = v.unknown[i.a[0]+2*c]&0xffffffff | v.unknown[i.a[0]+2*c+1]<<32
		}
	default:
		for c := range i.n {
			v.regs[i.res+c] = v.regs[i.a[0]+c/2] >> (32 * (c % 2)) & 0xffffffff
			v.unknown[i.res+c] = v.unknown[i.a[0]+c/2] >> (32 * (c % 2)) & 0xffffffff
		}
	}
}

// compute carries out what scalar computes of each component.
//
//go:norace
func (v *invocation) compute(i *instruction) {
	a := i.a
	for c := range i.n {
		x, unknown := v.regs[a[0]+c], v.unknown[a[0]+c]
		var y, z, yu uint64
		if len(a) > 1 && a[1] >= 0 {
			y, yu = v.regs[a[1]+c], v.unknown[a[1]+c]
		}
		if len(a) > 2 && a[2] >= 0 {
			z = v.regs[a[2]+c]
			yu |= v.unknown[a[2]+c]
		}
		v.regs[i.res+c], _ = scalar(i, x, y, z)
		if unknown|yu != 0 {
			unknown = blurred(i.op, x, y, unknown, yu)
		}
		v.unknown[i.res+c] = unknown
	}
}

// contracted computes x·y ± z, on devices that contract rounded once.
//
//go:norace
func (v *invocation) contracted(i *instruction) {
	v.compute(i)
	if !v.group.run.o.Contract {
		return
	}
	for c := range i.n {
		x, y := f32(v.regs[i.product.a[0]+c]), f32(v.regs[i.product.a[1]+c])
		z := f32(v.regs[i.a[1]+c])
		if i.second {
			z = f32(v.regs[i.a[0]+c])
		}
		switch {
		case i.op == 131 && i.second:
			x = -x
		case i.op == 131:
			z = -z
		}
		v.regs[i.res+c] = bitsOf(float32(math.FMA(float64(x), float64(y), float64(z))))
	}
}
