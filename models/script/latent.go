package script

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// A Latent is a latent vector in a script: it cannot be changed. It is added to and subtracted from others, multiplied and divided by numbers.
type Latent []float32

// String, Type, Freeze, Truth, Hash, Len, Index and Binary make a Latent a value of Starlark.
func (l Latent) String() string {
	if len(l) > 6 {
		return fmt.Sprintf("latent(%.4g, %.4g, …, %.4g; %d)", l[0], l[1], l[len(l)-1], len(l))
	}
	var numbers []string
	for _, v := range l {
		numbers = append(numbers, fmt.Sprintf("%.4g", v))
	}
	return "latent(" + strings.Join(numbers, ", ") + ")"
}

// Type returns "latent".
func (l Latent) Type() string { return "latent" }

// Freeze does nothing: a Latent never changes.
func (l Latent) Freeze() {}

// Truth returns true.
func (l Latent) Truth() starlark.Bool { return true }

// Hash returns a hash of the numbers.
func (l Latent) Hash() (uint32, error) {
	h := fnv.New32a()
	for _, v := range l {
		b := math.Float32bits(v)
		_, _ = h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)}) // never fails
	}
	return h.Sum32(), nil
}

// Len returns the number of dimensions.
func (l Latent) Len() int { return len(l) }

// Index returns a number of the vector.
func (l Latent) Index(i int) starlark.Value { return starlark.Float(l[i]) }

// CompareSameType compares for equality only.
func (l Latent) CompareSameType(op syntax.Token, other starlark.Value, _ int) (bool, error) {
	m := other.(Latent)
	same := len(l) == len(m)
	for i := 0; same && i < len(l); i++ {
		same = l[i] == m[i]
	}
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("latent vectors have no order")
}

// Attr returns the norm: z.norm.
func (l Latent) Attr(name string) (starlark.Value, error) {
	if name != "norm" {
		return nil, nil
	}
	sum := 0.0
	for _, v := range l {
		sum += float64(v) * float64(v)
	}
	return starlark.Float(math.Sqrt(sum)), nil
}

// AttrNames returns the names of the attributes.
func (l Latent) AttrNames() []string { return []string{"norm"} }

// Binary computes l op y, or y op l.
func (l Latent) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if m, ok := y.(Latent); ok && (op == syntax.PLUS || op == syntax.MINUS) {
		if len(l) != len(m) {
			return nil, fmt.Errorf("latent vectors of %d and %d numbers", len(l), len(m))
		}
		by := float32(1)
		if op == syntax.MINUS {
			by = -1
		}
		out := make(Latent, len(l))
		for i := range out {
			out[i] = l[i] + by*m[i]
		}
		return out, nil
	}
	x, ok := starlark.AsFloat(y)
	switch {
	case !ok:
		return nil, nil
	case op == syntax.STAR:
	case op == syntax.SLASH && side == starlark.Left:
		if x == 0 {
			return nil, fmt.Errorf("a latent vector is divided by 0")
		}
		x = 1 / x
	default:
		return nil, nil
	}
	out := make(Latent, len(l))
	for i := range out {
		out[i] = float32(x * float64(l[i]))
	}
	return out, nil
}

// Unary computes −l and +l.
func (l Latent) Unary(op syntax.Token) (starlark.Value, error) {
	switch op {
	case syntax.MINUS:
		return l.Binary(syntax.STAR, starlark.MakeInt(-1), starlark.Left)
	case syntax.PLUS:
		return l, nil
	}
	return nil, nil
}
