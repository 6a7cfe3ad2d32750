package tensor

// WithoutSubgroups lets the runtime's kernels combine through shared memory alone.
func (rt *Runtime) WithoutSubgroups() { rt.target.Info.Arithmetic = false }

// Ways returns in how many ways the runtime can write the kernels of products: all tiles of a GPU, whether they suit or not.
func (rt *Runtime) Ways() int {
	rt.settle()
	if rt.target.CPU {
		return 6
	}
	return len(tiles)
}

// Written returns the graph of y with the kernels of all products written in one of the ways, and none of them in parts. A way that a
// product does not have is its last one.
func Written(y *Tensor, way int) *Tensor {
	done := map[*Tensor]*Tensor{}
	var copied func(t *Tensor) *Tensor
	copied = func(t *Tensor) *Tensor {
		if c := done[t]; c != nil || t.isLeaf() {
			if c == nil {
				c = t
			}
			return c
		}
		c := *t
		c.in = nil
		for _, x := range t.in {
			c.in = append(c.in, copied(x))
		}
		if p := t.op.product; p != nil {
			c.op.Kernel = func(f *fusion, u *unit, on Target) generated {
				w := p.producer(f, u, on)
				if !on.CPU {
					return w.tiledOf(tiles[way]).generate()
				}
				all := w.variants()
				return all[min(way, len(all)-1)].generate()
			}
		}
		done[t] = &c
		return &c
	}
	return copied(y)
}
