package ir

import "fmt"

// A Node is an op with its inputs. The compiler changes the inputs while it works on the graph; it changes the op only if a pass replaces
// it.
type Node struct {
	Op
	In    []*Node
	Label string // the name of an input or variable

	// Of variables: the identity of the pack that contains it, or nil. Whole marks the variable that is the whole pack.
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

// Bytes returns the size of the node on the device.
func (t *Node) Bytes() int { return t.DType.Bytes(t.Len()) }

// InQuads returns the size of the node's memory rounded up to four elements, since shaders read and write four elements at a time.
func (t *Node) InQuads() int { return t.DType.Bytes(Up(t.Len(), 4) * 4) }

// IsLeaf tells whether the node is a variable, an input or a constant.
func (t *Node) IsLeaf() bool { return t.Kind == Var || t.Kind == Input || t.Kind == Const }

// IsElementwise tells whether each element is an expression of elements of the inputs.
func (t *Node) IsElementwise() bool { return t.Emit != nil || t.EmitAt != nil || t.Table }

// Inlined tells whether a node is computed wherever it is read, for any layout: that costs nothing and reads nothing.
func (t *Node) Inlined() bool { return t.IsElementwise() && len(t.In) == 0 }

// LooksUp tells whether input i is a table: the node reads rows of it at positions that only the indices determine.
func (t *Node) LooksUp(i int) bool { return t.Table && i == 0 }

// Contraction returns the contraction that the node computes, or nil.
func (t *Node) Contraction() *Contraction {
	if k, ok := t.Kernel.(interface{ Product() *Contraction }); ok {
		return k.Product()
	}
	return nil
}

// Title returns the name of an input or variable, or else the name of the op.
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

// InOrder lists ys and all their ancestors, inputs first.
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
