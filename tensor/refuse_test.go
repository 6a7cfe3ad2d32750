package tensor_test

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
)

// malformed returns variants of a row's input shapes, each with one wrong input.
func malformed(shapes [][]int) [][][]int {
	var all [][][]int
	with := func(i int, s []int) {
		bad := slices.Clone(shapes)
		bad[i] = s
		all = append(all, bad)
	}
	for i, s := range shapes {
		for a := range s {
			longer := slices.Clone(s)
			longer[a] += 2
			with(i, longer)
		}
		if len(s) > 0 {
			with(i, s[1:])
		}
		with(i, append([]int{3}, s...))
		with(i, nil)
	}
	return all
}

// saysWhat is the form of an error: the op, or the function that uses it and the op, the operands' shapes, the fault, and the line of the
// caller.
var saysWhat = regexp.MustCompile(`^tensor: ([A-Z]\w*: )?[A-Z]\w*( \[[\d ]*\]( × \[[\d ]*\])*)?: .+ \(\S+\.go:\d+\)$`)

// bad gives the op inputs of wrong shapes and types. Each must give a result, or an error that says what is wrong.
func (c opCase) bad(t *testing.T) {
	name, _, _ := strings.Cut(c.Name, "/")
	refused, named := 0, 0
	try := func(what string, in []*T) {
		defer func() {
			if p := recover(); p != nil && !strings.Contains(origin(), "/optest/") { // a row of the table may rely on its own shapes
				t.Errorf("%s panics: %v (%s)", what, p, origin())
			}
		}()
		if err := c.Op(in).Err(); err != nil {
			refused++
			if strings.HasPrefix(err.Error(), "tensor: "+name) {
				named++
			}
			if !saysWhat.MatchString(err.Error()) || !strings.Contains(err.Error(), "[") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	for _, shapes := range malformed(c.Dims[0]) {
		var in []*T
		for _, s := range shapes {
			in = append(in, tensor.Full(1, s...))
		}
		try(fmt.Sprint(shapes), in)
	}
	for _, dt := range []tensor.DType{tensor.I32, tensor.Bool, tensor.F16} {
		for i := range c.Dims[0] {
			var in []*T
			for k, s := range c.Dims[0] {
				x := tensor.Full(1, s...)
				if k == i {
					x = x.Cast(dt)
				}
				in = append(in, x)
			}
			try(fmt.Sprintf("input %d of type %s", i, dt), in)
		}
	}
	if named == 0 && len(c.Dims[0]) > 1 {
		t.Errorf("of %d wrong inputs that are refused none names the op", refused)
	}
}

// origin returns the source position of a recovered panic.
func origin() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime.") || !more:
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
	}
}

func TestOpsRefuse(t *testing.T) {
	for _, c := range optest.Cases {
		t.Run(c.Name, opCase{c}.bad)
	}
}
