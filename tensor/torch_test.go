package tensor_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"genview/models/safetensors"
	"genview/tensor"
	"genview/vk/vktest"
)

// A torchLine is a line of the table of results.
type torchLine struct {
	cases, skipped int
	worst          [3]float64 // of values, first and second gradients
	have           [3]int
	why            map[string]bool
}

// TestTorch compares with PyTorch; scripts/torchcheck runs it.
func TestTorch(t *testing.T) {
	path := os.Getenv("GENVIEW_TORCHCHECK")
	if path == "" {
		t.Skip("SKIPPED: scripts/torchcheck runs it, with PyTorch's numbers")
	}
	f, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*torchCase
	if err := json.Unmarshal([]byte(f.Meta["cases"]), &cases); err != nil {
		t.Fatal(err)
	}
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	lines := map[string]*torchLine{}
	for _, c := range cases {
		l := lines[c.Op]
		if l == nil {
			l = &torchLine{why: map[string]bool{}}
			lines[c.Op] = l
		}
		c.file = f
		why := c.Skip
		if why == "" {
			why = c.compare(t, rt, l)
		}
		if why != "" {
			l.skipped++
			l.why[why] = true
			continue
		}
		l.cases++
	}
	writeTorchTable(t, lines, f.Meta["torch"], rt.Device().Info().Name)
}

func writeTorchTable(t *testing.T, lines map[string]*torchLine, version, device string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Every op against PyTorch %s, computed there in float64, on the samples of PyTorch's own operator database.\n", version)
	fmt.Fprintf(&b, "Largest errors, relative to the largest number of the result; of one above 1e-4 (second gradients: 1e-3) what exceeds 8 times\nthat of PyTorch's own float32. %s.\n\n", device)
	fmt.Fprintf(&b, "%-34s %6s %8s %9s %9s %9s\n", "op", "cases", "skipped", "value", "gradient", "second")
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	sort.Strings(names)
	var notes []string
	for _, name := range names {
		l := lines[name]
		fmt.Fprintf(&b, "%-34s %6d %8d", name, l.cases, l.skipped)
		for k, limit := range []float64{1e-4, 1e-4, 1e-3} {
			if l.have[k] == 0 {
				fmt.Fprintf(&b, " %9s", "–")
				continue
			}
			fmt.Fprintf(&b, " %9.1e", l.worst[k])
			if !(l.worst[k] <= limit) {
				t.Errorf("%s: %s differs by %.2g", name, []string{"the value", "the gradient", "the second gradient"}[k], l.worst[k])
			}
		}
		b.WriteString("\n")
		if l.cases == 0 {
			t.Errorf("%s: no sample could be compared", name)
		}
		for why := range l.why {
			notes = append(notes, fmt.Sprintf("%s: %s", name, why))
		}
	}
	sort.Strings(notes)
	fmt.Fprintf(&b, "\nSkipped, since the op does not offer it:\n%s\n", strings.Join(notes, "\n"))
	if out := os.Getenv("GENVIEW_TORCHCHECK_TABLE"); out != "" {
		if err := os.WriteFile(out, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compare runs one sample and returns the reason if it was skipped.
func (c *torchCase) compare(t *testing.T, rt *tensor.Runtime, l *torchLine) (why string) {
	defer func() {
		if v := recover(); v != nil {
			u, ok := v.(unlike)
			if !ok {
				panic(v)
			}
			why = string(u)
		}
	}()
	var xs []*T
	for i, kind := range c.Kinds {
		v, shape, _ := c.array(fmt.Sprintf("in%d", i))
		x := tensor.Const(v, shape...)
		switch kind {
		case "x":
			xs = append(xs, x)
		case "i":
			x = x.Cast(tensor.I32)
		case "b":
			x = x.Cast(tensor.Bool)
		}
		c.in = append(c.in, x)
	}
	f, ok := torchOps[c.Op]
	if !ok {
		t.Errorf("there is no adapter for %s", c.Op)
		return "no adapter"
	}
	y := f(c)
	if err := y.Err(); err != nil {
		if slices.ContainsFunc(c.in, func(x *T) bool { return x.Rank() == 0 }) {
			return "an axis of a scalar"
		}
		t.Errorf("%s %v %v: %v", c.Op, c.Args, c.Kwargs, err)
		return ""
	}
	c.hold(t, rt, l, 0, "y", y)
	if c.Orders < 1 {
		return ""
	}
	w, shape, _ := c.array("w")
	grads := tensor.VJP(y, tensor.Const(w, shape...), xs...)
	s := tensor.Full(0)
	for i, g := range grads {
		c.hold(t, rt, l, 1, fmt.Sprintf("g%d", i), g)
		if v, shape, ok := c.array(fmt.Sprintf("v%d", i)); ok {
			s = s.Add(g.Mul(tensor.Const(v, shape...)).Sum())
		}
	}
	if c.Orders < 2 {
		return ""
	}
	for i, h := range tensor.Grad(s, xs...) {
		c.hold(t, rt, l, 2, fmt.Sprintf("h%d", i), h)
	}
	return ""
}

// hold compares a result with PyTorch's.
func (c *torchCase) hold(t *testing.T, rt *tensor.Runtime, l *torchLine, order int, what string, got *T) {
	want, shape, ok := c.array(what)
	if !ok {
		t.Fatalf("there is no %s", what)
	}
	if got.Err() != nil || fmt.Sprint(got.Shape()) != fmt.Sprint(shape) && len(shape)+got.Rank() > 0 {
		t.Errorf("%s %v %v: %s has the shape %v, want %v (%v)", c.Op, c.Args, c.Kwargs, what, got.Shape(), shape, got.Err())
		return
	}
	v := floats(t, rt, got)
	scale, worst, limit := 1e-6, 0.0, []float64{1e-4, 1e-4, 1e-3}[order]
	for _, x := range want {
		if f := math.Abs(float64(x)); !math.IsInf(f, 0) && !math.IsNaN(f) {
			scale = max(scale, f)
		}
	}
	for i, x := range want {
		d := math.Abs(float64(v[i]) - float64(x))
		if d > limit*scale { // the difference may come from cancellation of large numbers
			d = max(d-8*c.Noise[what], 0)
		}
		if math.IsNaN(float64(v[i])) || math.IsInf(float64(v[i])-float64(x), 0) {
			d = math.Inf(1)
		}
		if v[i] == x || v[i] != v[i] && x != x {
			d = 0
		}
		if !(d/scale <= worst) {
			worst = d / scale
		}
	}
	if !(worst <= limit) {
		t.Logf("%s %v %v: %s: got %v, want %v", c.Op, c.Args, c.Kwargs, what, v[:min(8, len(v))], want[:min(8, len(want))])
	}
	l.have[order]++
	if !(worst <= l.worst[order]) {
		l.worst[order] = worst
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
