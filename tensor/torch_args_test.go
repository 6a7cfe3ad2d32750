package tensor_test

import (
	"fmt"
	"math"
	"slices"

	"genview/models/safetensors"
	"genview/tensor"
)

// A torchCase is one of PyTorch's samples of an op, with PyTorch's results.
type torchCase struct {
	Op     string
	Index  int
	Args   []any
	Kwargs map[string]any
	Kinds  []string // of its tensors: x (differentiable), f, i or b
	Orders int      // of derivatives
	Skip   string
	Noise  map[string]float64 // difference between PyTorch's float32 and float64 results

	file *safetensors.File
	in   []*T
}

// unlike returns the reason why a sample is skipped: it uses a feature that the op does not have.
type unlike string

func (c *torchCase) array(what string) ([]float32, []int, bool) {
	x, ok := c.file.Find(fmt.Sprintf("%d.%s", c.Index, what))
	if !ok {
		return nil, nil, false
	}
	if v, ok := x.Values.([]int32); ok {
		f := make([]float32, len(v))
		for i := range v {
			f[i] = float32(v[i])
		}
		return f, x.Shape, true
	}
	return x.Values.([]float32), x.Shape, true
}

// arg returns argument i, or the keyword argument of that name, or nil.
func (c *torchCase) arg(i int, name string) any {
	if v, ok := c.Kwargs[name]; ok {
		return v
	}
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// without skips samples with a keyword argument that is not the default.
func (c *torchCase) without(name string, defaults ...any) {
	if v, ok := c.Kwargs[name]; ok && v != nil && !slices.Contains(defaults, v) {
		panic(unlike(fmt.Sprintf("%s=%v", name, v)))
	}
}

func (c *torchCase) maybe(i int, name string) *T {
	m, ok := c.arg(i, name).(map[string]any)
	if !ok {
		return nil
	}
	at, ok := m["tensor"].(float64)
	if !ok {
		return nil
	}
	return c.in[int(at)]
}

func (c *torchCase) t(i int) *T {
	x := c.maybe(i, "")
	if x == nil {
		panic(unlike(fmt.Sprintf("argument %d is no tensor", i)))
	}
	return x
}

// list returns tensors given as a list or one by one.
func (c *torchCase) list(i int) []*T {
	all, ok := c.Args[i].([]any)
	if !ok {
		all = c.Args[i:]
	}
	var out []*T
	for _, v := range all {
		sub := torchCase{Args: []any{v}, in: c.in}
		out = append(out, sub.t(0))
	}
	return out
}

func (c *torchCase) number(i int, name string, none float64) float64 {
	switch v := c.arg(i, name).(type) {
	case nil:
		return none
	case float64:
		return v
	case bool:
		return bit(v)
	case map[string]any:
		if inf, ok := v["infinite"].(float64); ok {
			return math.Inf(int(inf))
		}
	}
	panic(unlike(fmt.Sprintf("%s=%v", name, c.arg(i, name))))
}

func (c *torchCase) whole(i int, name string, none int) int {
	return int(c.number(i, name, float64(none)))
}

func (c *torchCase) flag(i int, name string) bool {
	v, ok := c.arg(i, name).(bool)
	return ok && v
}

// ints returns whole numbers given as a list, as one, or one by one.
func (c *torchCase) ints(i int, name string) []int {
	v := c.arg(i, name)
	if n, ok := v.(float64); ok && name == "" {
		v = []any{n}
		for k := i + 1; k < len(c.Args); k++ {
			v = append(v.([]any), c.Args[k])
		}
	}
	switch v := v.(type) {
	case nil:
		return nil
	case float64:
		return []int{int(v)}
	case []any:
		out := make([]int, 0, len(v))
		for _, n := range v {
			f, ok := n.(float64)
			if !ok {
				panic(unlike(fmt.Sprintf("%s=%v", name, v)))
			}
			out = append(out, int(f))
		}
		return out
	}
	panic(unlike(fmt.Sprintf("%s=%v", name, v)))
}

// other returns the second operand: a tensor or a number.
func (c *torchCase) other() *T {
	if x := c.maybe(1, "other"); x != nil {
		return x
	}
	if x := c.t(0); x.DType() == tensor.F32 {
		return tensor.Full(c.number(1, "other", 0))
	}
	panic(unlike("an int tensor with a number"))
}
