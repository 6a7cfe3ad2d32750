package spirv

// SharedMemory returns the bytes of a workgroup's shared memory that the shader takes where it is specialised by these constants.
func (m *Module) SharedMemory(c ...Const) int {
	s := sizes{values: map[uint32]int{}, given: map[uint32]uint32{}, bytes: map[uint32]int{}, pointee: map[uint32]uint32{}}
	ids := map[uint32]uint32{}
	for _, v := range c {
		ids[uint32(v.ID)] = v.Value
	}
	total := 0
	m.instructions(func(op uint32, a, _ []uint32) {
		const specID, specTrue, spec, specOp = 1, 48, 50, 52
		switch op {
		case opDecorate:
			if a[1] == specID {
				if v, ok := ids[a[2]]; ok {
					s.given[a[0]] = v
				}
			}
		case opConstant, spec:
			s.constant(a[1], a[2])
		case opConstantTrue, specTrue:
			s.constant(a[1], 1)
		case specOp:
			if f := operations[a[2]]; f != nil {
				var x []int
				for _, v := range a[3:] {
					x = append(x, s.values[v])
				}
				s.values[a[1]] = f(x...)
			}
		case opVariable:
			if a[2] == classWorkgroup {
				total += s.bytes[s.pointee[a[0]]]
			}
		default:
			s.typ(op, a)
		}
	})
	return total
}

// sizes are what is known of a module's types and constants.
type sizes struct {
	values  map[uint32]int    // of constants
	given   map[uint32]uint32 // to specialization constants
	bytes   map[uint32]int    // of types
	pointee map[uint32]uint32
}

func (s *sizes) constant(id, v uint32) {
	if given, ok := s.given[id]; ok {
		v = given
	}
	s.values[id] = int(int32(v))
}

// typ computes the size of a declared type in bytes.
func (s *sizes) typ(op uint32, a []uint32) {
	switch op {
	case opTypeBool:
		s.bytes[a[0]] = 4
	case opTypeInt, opTypeFloat:
		s.bytes[a[0]] = int(a[1]) / 8
	case opTypeVector:
		s.bytes[a[0]] = s.bytes[a[1]] * int(a[2])
	case opTypeArray:
		s.bytes[a[0]] = s.bytes[a[1]] * s.values[a[2]]
	case opTypeStruct:
		for _, t := range a[1:] {
			s.bytes[a[0]] += s.bytes[t]
		}
	case opTypePointer:
		s.pointee[a[0]] = a[2]
	}
}

// operations are those of OpSpecConstantOp that the sizes of arrays are made of (SPIR-V specification, section 3.42.7).
var operations = map[uint32]func(x ...int) int{
	128: func(x ...int) int { return x[0] + x[1] },
	130: func(x ...int) int { return x[0] - x[1] },
	132: func(x ...int) int { return x[0] * x[1] },
	135: func(x ...int) int { return x[0] / max(x[1], 1) },
	139: func(x ...int) int { return x[0] % max(x[1], 1) },
	167: func(x ...int) int { return x[0] & x[1] }, // of truth values, as those that follow
	168: func(x ...int) int { return 1 - x[0] },
	170: func(x ...int) int { return truth(x[0] == x[1]) },
	171: func(x ...int) int { return truth(x[0] != x[1]) },
	173: func(x ...int) int { return truth(x[0] > x[1]) },
	175: func(x ...int) int { return truth(x[0] >= x[1]) },
	177: func(x ...int) int { return truth(x[0] < x[1]) },
	179: func(x ...int) int { return truth(x[0] <= x[1]) },
	169: func(x ...int) int { // OpSelect
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	},
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
