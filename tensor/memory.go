package tensor

import (
	"fmt"

	"genview/tensor/internal/ir"
	"genview/vk"
)

// A scratch is memory for intermediate values, which nothing needs after a run. Programs share it, because the device runs one program
// after the other.
type scratch struct {
	*vk.Buffer
	programs int // how many programs use it
}

// borrow returns scratch memory of at least that many bytes. If the newest scratch is too small, borrow allocates another one, and the
// programs that use the smaller one keep it.
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

// giveBack returns a program's scratch memory and frees it if no other program uses it. s may be nil.
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

// affords returns an error if a program needs more memory than the device has left, before anything is allocated. The program needs the
// given bytes of scratch memory and of results, and memory for those inputs, variables and constants that have none yet.
func (rt *Runtime) affords(o Outputs, scratch, results int) error {
	room, most := rt.dev.Room(), rt.dev.Info().Limits.MaxAllocation
	values, leaves, largest := scratch+results, 0, max(scratch, results)
	rt.mu.Lock()
	if rt.scratch != nil && rt.scratch.Size() >= scratch {
		values -= scratch
	}
	for t := range o.leaves() {
		if rt.mem[t] == nil {
			leaves += ir.Aligned(t.bytes())
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

// leaves returns the inputs, variables and constants of a graph that have memory of their own.
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
