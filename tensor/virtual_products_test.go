package tensor

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/shaders/spirv"
	"genview/shaders/spirv/virtual"
	"genview/tensor/internal/codegen"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
	"genview/vk"
)

// A trialOf is the kernel of a unit on a device that need not exist, with the contents of its inputs.
type trialOf struct {
	on   ir.Target
	f    *fuse.Fusion
	u    *fuse.Unit
	feed map[*ir.Node][]float32
	want []float64
}

// newTrial takes the only unit of y, or the unit that is a kernel.
func newTrial(t *testing.T, on ir.Target, y *Tensor, feed map[*Tensor][]float32, want []float64) *trialOf {
	t.Helper()
	if y.err != nil {
		t.Fatal(y.err)
	}
	g := lower.New(on)
	low := newLowering(g)
	f := fuse.Units(g, []*ir.Node{g.Whole(low.lower(y))}, nil, nil)
	i := slices.IndexFunc(f.Units, func(u *fuse.Unit) bool { return len(f.Units) == 1 || u.Node != nil && u.Node.Kernel != nil })
	if i < 0 {
		t.Fatalf("%s is computed by %d kernels", y, len(f.Units))
	}
	c := &trialOf{on, f, f.Units[i], map[*ir.Node][]float32{}, want}
	for x, v := range feed {
		c.feed[low.leaf(x)] = v
	}
	return c
}

// load loads a kernel, or a changed version of its module.
func load(g codegen.Generated, m *spirv.Module) (*virtual.Kernel, error) {
	return virtual.Load(m.Alias(boundTwice(g)...), g.Constants()...)
}

// run returns the faults of a kernel and its results. It returns an error if a result depends on memory that was never written.
func (c *trialOf) run(g codegen.Generated, k *virtual.Kernel, o virtual.Options) (faults []virtual.Fault, got []float32, err error) {
	mem := map[*ir.Node]*virtual.Buffer{}
	d := &virtual.Dispatch{Kernel: k, Groups: [3]int{min(g.Groups, g.Row), ir.Up(g.Groups, g.Row), 1}}
	for _, b := range g.Binds {
		if mem[b.Of] == nil {
			mem[b.Of] = virtual.NewBuffer(b.Of.String(), b.Of.InQuads())
			if v := c.feed[b.Of]; v != nil {
				p := make([]byte, b.Of.Bytes())
				if err := put(p, b.Of.DType, v); err != nil {
					return nil, nil, err
				}
				mem[b.Of].Write(0, p)
			}
		}
		d.Views = append(d.Views, virtual.View{Buffer: mem[b.Of], Lo: b.Lo, Hi: b.Hi})
	}
	faults = virtual.Run(d, o)
	out := c.u.Outs[0]
	if slices.ContainsFunc(mem[out].Unknown[:ir.Up(out.Bytes(), 4)], func(bits uint32) bool { return bits != 0 }) {
		err = fmt.Errorf("some of %s is made of what nobody has written", out)
	}
	got = make([]float32, out.Len())
	return faults, got, cmp.Or(err, take(got, out.DType, mem[out].Bytes[:out.Bytes()]))
}

// boundTwice lists the bindings that share memory with another one, if one of the two is written.
func boundTwice(g codegen.Generated) []int {
	var all []int
	for i, a := range g.Module.Bindings {
		for j, b := range g.Module.Bindings {
			if i != j && g.Binds[i].Of == g.Binds[j].Of && (a.Writes || b.Writes) {
				all = append(all, i)
				break
			}
		}
	}
	return all
}

// off returns the largest error, as a fraction of the largest number.
func (c *trialOf) off(got []float32) float64 {
	far, largest := 0.0, 1e-30
	for i, w := range c.want {
		d := math.Abs(float64(got[i]) - w)
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		far, largest = max(far, d), max(largest, math.Abs(w))
	}
	return far / largest
}

// productOf returns x·y for z products of m × k and k × n. Each operand may be transposed.
func productOf(t *testing.T, on ir.Target, dt DType, z, m, k, n int, xT, yT bool) *trialOf {
	r := rand.New(rand.NewPCG(uint64(m), uint64(n)))
	operand := func(name string, rows, cols int, transposed bool) (lies, seen *Tensor, v []float32, at func(z, i, j int) float64) {
		a, b := rows, cols
		if transposed {
			a, b = cols, rows
		}
		lies = Input(name, dt, z, a, b)
		v = make([]float32, z*a*b)
		for i := range v {
			v[i] = float32(r.IntN(17)-8) / 8 // F16 can represent these
		}
		if transposed {
			return lies, lies.T(), v, func(z, i, j int) float64 { return float64(v[(z*a+j)*b+i]) }
		}
		return lies, lies, v, func(z, i, j int) float64 { return float64(v[(z*a+i)*b+j]) }
	}
	x, left, xs, xAt := operand("x", m, k, xT)
	y, right, ys, yAt := operand("y", k, n, yT)
	var want []float64
	for c := range z {
		for i := range m {
			for j := range n {
				sum := 0.0
				for l := range k {
					sum += xAt(c, i, l) * yAt(c, l, j)
				}
				want = append(want, sum)
			}
		}
	}
	return newTrial(t, on, left.MatMul(right), map[*Tensor][]float32{x: xs, y: ys}, want)
}

var roomy = vk.Limits{
	MaxStorageRange: 1 << 30, MaxTexels: 1 << 27, MaxInvocations: 1024, MaxGroupSize: [3]int{1024, 1024, 64}, SharedMemory: 48 << 10, MaxBuffers: 16, MaxTexelBuffers: 16,
}

// TestVirtualCandidates runs every kernel that the tuner tries for a product on virtual devices. The products are slightly larger and
// slightly smaller than the kernel's tile along each axis, with operands in all layouts. There are no faults, and the numbers are right.
func TestVirtualCandidates(t *testing.T) {
	type sizes struct{ m, k, n int }
	both := []bool{false, true}
	ran := map[string]bool{}
	try := func(on ir.Target, dt DType, s sizes, xT, yT bool, o virtual.Options, which func(form string) bool) {
		c := productOf(t, on, dt, 1, s.m, s.k, s.n, xT, yT)
		for i, v := range codegen.NewProduct(c.f, c.u, on).Variants() {
			form := v.Form
			if !which(form) {
				continue
			}
			g := codegen.NewProduct(c.f, c.u, on).Variants()[i].Generate()
			k, err := load(g, g.Module)
			if err != nil {
				t.Fatal(err)
			}
			faults, got, err := c.run(g, k, o)
			if len(faults) > 0 || err != nil || !(c.off(got) < 1e-5) {
				t.Errorf("%s, subgroups of %d, %v: %v, %v, off by %g", form, o.Subgroup, s, faults, err, c.off(got))
			}
			ran[strings.Join(strings.Fields(form)[:2], " ")] = true
		}
	}
	for i, tile := range codegen.Tiles() {
		on := ir.Target{Info: vk.Info{SubgroupSize: 32, Limits: roomy}}
		if i > 0 && codegen.Tiles()[i-1].String() == tile.String() { // this tile is used if the previous one does not fit
			on.Info.SubgroupSize = 64
		}
		own := func(form string) bool {
			return strings.HasPrefix(form+" ", tile.String()+" ")
		}
		for j, s := range []sizes{{tile.M + 1, 2*tile.K + 1, tile.N - 1}, {tile.M - 4, 4*tile.K - 4, tile.N + 4}} {
			for k, xT := range both {
				for l, yT := range both {
					if tile.M*tile.N > 64*64 && (i+j+k+2*l)%4 != 0 { // large tiles run a quarter of the layouts each
						continue
					}
					o := virtual.Options{Subgroup: []int{32, 64, 16, 128}[(i+j+k)%4], SharedMemory: roomy.SharedMemory, MaxInvocations: roomy.MaxInvocations, Seed: 5}
					try(on, F32, s, xT, yT, o, own)
				}
			}
		}
	}
	for _, lanes := range []int{8, 16} {
		on := ir.Target{CPU: true, Lanes: lanes, Info: vk.Info{SubgroupSize: lanes, Limits: roomy, Int64: true}}
		o := virtual.Options{Subgroup: lanes, Forgiving: true, Seed: 5}
		all := func(string) bool { return true }
		for i, s := range []sizes{{33, 8, 4*lanes + 1}, {31, 9, 4*lanes - 1}, {17, 7, 9}, {3, 12, 5}, {36, 16, 4*lanes + 4}, {9, 13, 4 * lanes}} {
			for j, xT := range both {
				try(on, F32, s, xT, (i+j)%2 == 0, o, all)
			}
		}
	}
	for _, m := range []spirv.Matrices{
		{M: 16, N: 16, K: 16, Dialect: spirv.Spelled}, {M: 8, N: 16, K: 16, Dialect: spirv.KHR}, {M: 16, N: 8, K: 8, Dialect: spirv.NV}, {M: 16, N: 16, K: 16, Dialect: spirv.KHR},
	} {
		for i, size := range []int{8, 16, 32, 64} {
			on := ir.Target{Info: vk.Info{SubgroupSize: size, Limits: roomy}, Matrices: m}
			o := virtual.Options{Subgroup: size, SharedMemory: roomy.SharedMemory, MaxInvocations: roomy.MaxInvocations, Seed: 5}
			s := []sizes{{33, 17, 65}, {65, 33, 36}, {36, 36, 64}, {63, 31, 67}}[i]
			try(on, F16, s, i%2 == 0, i < 2, o, func(form string) bool { return strings.HasPrefix(form, "matrices") })
		}
	}
	for _, tile := range codegen.Tiles() {
		if !ran[tile.String()] {
			t.Errorf("%s did not run", tile)
		}
	}
	for _, form := range []string{"lanes 32×32", "lanes 16×32", "lanes 8×32", "lanes 4×32", "lanes 32×64", "matrices 16×16×16", "matrices 8×16×16", "matrices 16×8×8"} {
		if !ran[form] {
			t.Errorf("%s did not run", form)
		}
	}
}
