package tensor

import (
	"fmt"
	"slices"

	"genview/vk"
)

// A scratch is memory for values that are gone when a run ends. Programs share it, since the device runs one after the other.
type scratch struct {
	*vk.Buffer
	programs int // that use it
}

// borrow returns scratch memory of at least that many bytes. What is too small for one program stays with those that it is enough for.
func (rt *Runtime) borrow(bytes int) (*scratch, error) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.scratch == nil || rt.scratch.Size() < bytes {
		b, err := rt.dev.NewBuffer("scratch", bytes)
		if err != nil {
			return nil, err
		}
		rt.scratch = &scratch{Buffer: b}
	}
	rt.scratch.programs++
	return rt.scratch, nil
}

// giveBack takes a program's scratch memory back, and frees it when no other needs it. s may be nil.
func (rt *Runtime) giveBack(s *scratch) {
	if s == nil {
		return
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if s.programs--; s.programs > 0 {
		return
	}
	s.Close()
	if rt.scratch == s {
		rt.scratch = nil
	}
}

// affords refuses a program that takes more memory than the device has left, before any is taken: its scratch memory and results, of
// so many bytes, and those of its inputs, variables and constants that are not there yet.
func (rt *Runtime) affords(o Outputs, scratch, results int) error {
	room, most := rt.dev.Room(), rt.dev.Info().Limits.MaxAllocation
	values, leaves, largest := scratch+results, 0, max(scratch, results)
	rt.mu.Lock()
	if rt.scratch != nil && rt.scratch.Size() >= scratch {
		values -= scratch
	}
	for t := range o.leaves() {
		if rt.mem[t] == nil {
			leaves += aligned(t.bytes())
			largest = max(largest, t.bytes())
		}
	}
	rt.mu.Unlock()
	name := rt.dev.Info().Name
	size := func(bytes int) string { return vk.Bytes(int64(bytes)) }
	switch {
	case int64(values+leaves) > room:
		between := ""
		if values > 0 {
			between = fmt.Sprintf(" (%s of variables, inputs and constants, and %s of values between kernels)", size(leaves), size(values))
		}
		return &SizeError{fmt.Sprintf("tensor: Compile: the program takes %s of memory%s, and %s has %s left", size(values+leaves), between, name, vk.Bytes(room))}
	case most > 0 && largest > most:
		return &SizeError{fmt.Sprintf("tensor: Compile: the program takes %s of memory in one piece, and %s has none of more than %s", size(largest), name, size(most))}
	}
	return nil
}

// leaves are the inputs, variables and constants of a graph that have memory of their own.
func (o Outputs) leaves() map[*Tensor]bool {
	leaves, seen := map[*Tensor]bool{}, map[*Tensor]bool{}
	var todo []*Tensor
	visit := func(t *Tensor) {
		if !seen[t] {
			seen[t] = true
			todo = append(todo, t)
		}
	}
	for _, t := range o.Fetch {
		visit(t)
	}
	for _, u := range o.Update {
		visit(u.Var)
		visit(u.Value)
	}
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch {
		case t.home != nil:
			leaves[t.home.flat] = true
		case t.isLeaf():
			leaves[t] = true
		default:
			for _, x := range t.in {
				visit(x)
			}
		}
	}
	return leaves
}

// keep lays results one behind the other, where no other program's values will be while they wait to be fetched. It returns the bytes
// that they need.
func (c *compilation) keep() int {
	total := 0
	for _, t := range c.fetch {
		b := c.base(t)
		if _, ok := c.kept[b]; !ok && !b.isLeaf() {
			c.kept[b] = total
			total += aligned(b.bytes())
		}
	}
	return total
}

// lifetimes plans the memory of all other values that need some, and returns the bytes that they need at most.
func (c *compilation) lifetimes() int {
	var all []*span
	for i, u := range c.fused.units {
		for _, t := range u.outs {
			if _, result := c.kept[t]; result || c.inPlace[t] != nil {
				continue
			}
			t = c.holder(t)
			if c.spans[t] == nil {
				c.spans[t] = &span{bytes: t.bytes(), first: i}
				all = append(all, c.spans[t])
			}
			c.spans[t].last = i
		}
		for _, t := range c.reads(u) {
			c.lives(t, i)
		}
	}
	for _, t := range c.values {
		c.lives(c.base(t), len(c.fused.units))
	}
	return plan(all)
}

// alive returns for each unit the bytes of all inputs, results and values between them that have to be in memory while it runs: no plan
// takes less than the most of them.
func (c *compilation) alive() []int {
	end := len(c.fused.units)
	first, last := map[*Tensor]int{}, map[*Tensor]int{}
	until := func(t *Tensor, i int) {
		for _, x := range c.parts(t) {
			if x.op.Name == "Input" || !x.isLeaf() && c.inPlace[x] == nil {
				last[x] = i
			}
		}
	}
	for i, u := range c.fused.units {
		for _, t := range u.outs {
			if c.inPack[t] != t {
				first[t] = i
				until(t, i)
			}
		}
		for _, t := range c.reads(u) {
			until(t, i)
		}
	}
	for _, t := range slices.Concat(c.fetch, c.values) {
		until(c.base(t), end)
	}
	live := make([]int, end+1)
	for t, i := range last {
		for at := first[t]; at <= i; at++ {
			live[at] += aligned(t.bytes())
		}
	}
	return live
}

// parts returns what a pack is made of, and of any other tensor itself.
func (c *compilation) parts(t *Tensor) []*Tensor {
	if c.inPack[t] != t {
		return []*Tensor{t}
	}
	var parts []*Tensor
	for _, x := range t.in {
		parts = append(parts, c.base(x))
	}
	return parts
}

// holder returns what memory is planned for: a stored tensor, or the pack that it lies in.
func (c *compilation) holder(t *Tensor) *Tensor {
	if p := c.inPack[t]; p != nil {
		return p
	}
	return t
}

// lives keeps a value until a unit has read it.
func (c *compilation) lives(t *Tensor, until int) {
	if s := c.spans[c.holder(t)]; s != nil {
		s.last = until
	}
}

// allocate makes the memory that the program runs in.
func (c *compilation) allocate(scratch, results int) error {
	var err error
	if scratch > 0 {
		if c.p.scratch, err = c.rt.borrow(scratch); err != nil {
			return err
		}
		c.p.peak += scratch
	}
	dev := c.rt.dev
	if results > 0 {
		if c.results, err = c.buffer(dev.NewBuffer("results", results)); err != nil {
			return err
		}
	}
	for _, t := range c.low.order {
		if t.op.Name != "Input" {
			continue
		}
		s := feedSlot{input: t}
		if s.dev, err = c.buffer(dev.NewBuffer(t.label, aligned(t.bytes()))); err != nil {
			return err
		}
		if s.dev.Bytes() == nil {
			if s.host, err = c.buffer(dev.NewHostBuffer(t.label, s.dev.Size())); err != nil {
				return err
			}
		}
		c.p.feeds = append(c.p.feeds, s)
		c.inputs[t] = s.dev
	}
	return nil
}

// buffer makes a new buffer the program's.
func (c *compilation) buffer(b *vk.Buffer, err error) (*vk.Buffer, error) {
	if err == nil {
		c.p.own = append(c.p.own, b)
		c.p.peak += b.Size()
	}
	return b, err
}

// memory returns where a stored tensor lies.
func (c *compilation) memory(t *Tensor) (vk.View, error) {
	if v := c.inPlace[t]; v != nil {
		t = v
	}
	if at, ok := c.kept[t]; ok {
		return c.results.Slice(at, at+inQuads(t)), nil
	}
	if s := c.spans[c.holder(t)]; s != nil {
		at := s.offset
		if p := c.inPack[t]; p != nil && p != t {
			at += F32.Bytes(p.op.Pack.at[slices.IndexFunc(p.in, func(x *Tensor) bool { return c.base(x) == t })])
		}
		return c.p.scratch.Slice(at, at+inQuads(t)), nil
	}
	b := c.inputs[t]
	if b == nil {
		if !t.isLeaf() {
			return vk.View{}, fmt.Errorf("tensor: Compile: %s is read and never computed", t)
		}
		return c.rt.memory(t)
	}
	return b.Slice(0, inQuads(t)), nil
}

// zeroGaps clears what lies between the parts of a pack, which is read as they are. Its memory was another value's before.
func (c *compilation) zeroGaps(p *Tensor) error {
	all, err := c.memory(p)
	if err != nil {
		return err
	}
	for i, x := range p.in {
		end := all.Len()
		if i+1 < len(p.in) {
			end = F32.Bytes(p.op.Pack.at[i+1])
		}
		if at := F32.Bytes(p.op.Pack.at[i]) + inQuads(c.base(x)); at < end {
			c.rec.Fill(all.Slice(at, end), 0)
		}
	}
	return nil
}
