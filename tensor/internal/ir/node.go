package ir

import "fmt"

// A Node is an op and what it is applied to. Its inputs are changed while the graph is compiled, the op only where a pass puts another one
// in its place.
type Node struct {
	Op
	In    []*Node
	Label string // what an input or variable is called

	// Of variables. Two whose Home is one lie in one pack; the one that is Whole is all of it. Nil: it lies by itself.
	Home  any
	Whole bool
}

// Len returns the number of elements.
func (t *Node) Len() int { return Size(t.Shape) }

// Dim returns the size of an axis; negative axes count from the end.
func (t *Node) Dim(axis int) int {
	if axis < 0 {
		axis += len(t.Shape)
	}
	return t.Shape[axis]
}

// Bytes returns how many the node takes on the device.
func (t *Node) Bytes() int { return t.DType.Bytes(t.Len()) }

// InQuads returns the bytes of the node's memory, which shaders read and write four elements at a time.
func (t *Node) InQuads() int { return t.DType.Bytes(Up(t.Len(), 4) * 4) }

// IsLeaf tells whether the node is a variable, an input or a constant.
func (t *Node) IsLeaf() bool { return t.Kind == Var || t.Kind == Input || t.Kind == Const }

// IsElementwise tells whether each element is an expression of elements of the inputs.
func (t *Node) IsElementwise() bool { return t.Emit != nil || t.EmitAt != nil || t.Table }

// Inlined tells whether a node is computed wherever it is read, whatever the layout: it costs nothing and reads nothing.
func (t *Node) Inlined() bool { return t.IsElementwise() && len(t.In) == 0 }

// LooksUp tells whether input i is a table that the node looks rows up in, at places that only the indices know.
func (t *Node) LooksUp(i int) bool { return t.Table && i == 0 }

// Contraction returns the product that the node's shader makes, or nil.
func (t *Node) Contraction() *Contraction {
	if k, ok := t.Kernel.(interface{ Product() *Contraction }); ok {
		return k.Product()
	}
	return nil
}

// Title returns what an input or variable is called, or the name of the op.
func (t *Node) Title() string {
	if t.Label != "" {
		return t.Label
	}
	return t.Name
}

func (t *Node) String() string { return fmt.Sprintf("%s %s %v", t.Title(), t.DType, t.Shape) }

// SameMemory tells whether two variables share memory.
func SameMemory(a, b *Node) bool {
	return a == b || a.Home != nil && a.Home == b.Home && (a.Whole || b.Whole)
}

// InOrder lists ys and what they are made of, inputs first.
func InOrder[T comparable](ys []T, in func(T) []T) []T {
	var order []T
	seen := map[T]bool{}
	var visit func(t T)
	visit = func(t T) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, x := range in(t) {
			visit(x)
		}
		order = append(order, t)
	}
	for _, y := range ys {
		visit(y)
	}
	return order
}
