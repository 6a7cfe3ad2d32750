package tensor

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/shaders/spirv"
	"genview/shaders/spirv/virtual"
	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A mutation removes something from a kernel that keeps it within its memory, or its invocations in step.
type mutation struct {
	name string
	// of changes an instruction in place and tells whether it did; before is the previous instruction.
	of func(before, words []uint32) bool
	// differs tells from the instruction's result and operands whether the mutation changes anything; nil: it always does.
	differs func(result uint64, a [3]uint64) bool
}

// replaced overwrites an instruction with a shorter one, and fills the rest with no-ops.
func replaced(words []uint32, op uint32, args ...uint32) bool {
	words[0] = uint32(len(args)+1)<<16 | op
	for i := copy(words[1:], args) + 1; i < len(words); i++ {
		words[i] = 1 << 16 // OpNop
	}
	return true
}

var mutations = []mutation{
	{"barrier", func(_, w []uint32) bool { return w[0]&0xffff == 224 && replaced(w, 0) }, nil},
	{"guard", func(before, w []uint32) bool { // a branch that is not part of a loop is always taken
		return w[0]&0xffff == 250 && before[0]&0xffff == 247 && replaced(w, 249, w[2])
	}, func(result uint64, _ [3]uint64) bool { return result == 0 }},
	{"clamp", func(_, w []uint32) bool { // the smaller or larger of two numbers becomes the first
		return w[0]&0xffff == 12 && len(w) == 7 && slices.Contains([]uint32{38, 39, 41, 42}, w[4]) && replaced(w, 83, w[1], w[2], w[5])
	}, func(result uint64, a [3]uint64) bool { return result != a[0] }},
	{"choice", func(_, w []uint32) bool { // a selection always takes the first
		return w[0]&0xffff == 169 && replaced(w, 83, w[1], w[2], w[4])
	}, func(result uint64, a [3]uint64) bool { return result != a[1] }},
	{"bound", func(_, w []uint32) bool { // < becomes ≤
		op := w[0] & 0xffff
		return (op == 176 || op == 177) && replaced(w, op+2, w[1], w[2], w[3], w[4])
	}, func(_ uint64, a [3]uint64) bool { return a[0] == a[1] }},
}

// A mutant is a module with one mutation.
type mutant struct {
	*spirv.Module
	id     uint32 // the result of the instruction, or the condition of the branch
	branch bool
}

func (m mutation) mutants(of *spirv.Module) []mutant {
	var all []mutant
	before := 5
	for at := 5; at < len(of.Words); {
		n := int(of.Words[at] >> 16)
		words := slices.Clone(of.Words)
		if m.of(words[before:at:at], words[at:at+n]) {
			changed := *of
			changed.Words = words
			x := mutant{Module: &changed, branch: m.name == "guard"}
			if x.id = of.Words[at+min(2, n-1)]; x.branch {
				x.id = of.Words[at+1]
			}
			all = append(all, x)
		}
		before, at = at, at+n
	}
	return all
}

// fate classifies a mutant: it is reported, its numbers are wrong, it changes nothing in this dispatch, or none of these.
func (c *trialOf) fate(t *testing.T, g codegen.Generated, m mutation, x mutant, o virtual.Options) (fate string, faults []virtual.Fault) {
	k, err := load(g, x.Module)
	if err != nil {
		t.Fatal(err)
	}
	faults, got, err := c.run(g, k, o)
	switch {
	case len(faults) > 0:
		return "reported", faults
	case err != nil || !(c.off(got) < 1e-5):
		return "wrong", nil
	case m.differs == nil:
		return "missed", nil
	}
	if k, err = load(g, g.Module); err != nil {
		t.Fatal(err)
	}
	fate = "same"
	k.Watch(x.id, x.branch, func(result uint64, a [3]uint64) {
		if m.differs(result, a) {
			fate = "missed"
		}
	})
	_, _, _ = c.run(g, k, o) // unchanged
	return fate, nil
}

// mutated are kernels of all kinds for a GPU, with sizes at which guards matter.
func mutated(t *testing.T) map[string]*trialOf {
	on := ir.Target{Row: 3, Info: vk.Info{SubgroupSize: 32, Arithmetic: true, Limits: roomy}}
	r := rand.New(rand.NewPCG(6, 7))
	of := func(y func(x *Tensor) *Tensor, shape ...int) *trialOf {
		x := Input("x", F32, shape...)
		v := make([]float32, x.Len())
		for i := range v {
			v[i] = r.Float32() + 0.5
		}
		return newTrial(t, on, y(x), map[*Tensor][]float32{x: v}, nil)
	}
	return map[string]*trialOf{
		"elementwise": of((*Tensor).Exp, 16*1024), // a whole number of workgroups
		"padded":      of(func(x *Tensor) *Tensor { return x.PadConstant(1, 1, 2, 0).Exp() }, 17, 19),
		"columns":     of(func(x *Tensor) *Tensor { return x.Sum(1) }, 3, 37, 70),
		"rows":        of(func(x *Tensor) *Tensor { return x.Sum(1) }, 18, 301),
		"softmax":     of(func(x *Tensor) *Tensor { return x.Softmax(-1) }, 18, 300),
		"attention": of(func(x *Tensor) *Tensor {
			return ScaledDotProductAttention(x, x, x, AttentionOptions{Causal: true})
		}, 1, 37, 20),
		"product":            productOf(t, on, F32, 2, 35, 37, 33, false, false),
		"product of columns": productOf(t, on, F32, 1, 36, 36, 36, true, false),
	}
}

// TestVirtualMutants removes barriers, guards, clamps and selections from kernels, and moves bounds by one. Most mutants that change
// anything are reported, or give wrong numbers. The mutations include faults that really occurred: a missing guard for elements that fill
// all workgroups when the last row of workgroups is not full, and products that read beyond the last k, row and column.
func TestVirtualMutants(t *testing.T) {
	o := virtual.Options{Subgroup: 32, SharedMemory: roomy.SharedMemory, MaxInvocations: roomy.MaxInvocations, Seed: 8}
	count := map[string]map[string]int{}
	var missed []string
	said := map[string]string{}
	for name, c := range mutated(t) {
		g := codegen.Generate(c.f, c.u, c.on, nil)
		k, err := load(g, g.Module)
		if err != nil {
			t.Fatal(err)
		}
		faults, got, err := c.run(g, k, o)
		if len(faults) > 0 || err != nil {
			t.Fatal(name, faults, err)
		}
		if c.want == nil {
			for _, v := range got {
				c.want = append(c.want, float64(v))
			}
		}
		for _, m := range mutations {
			all := m.mutants(g.Module)
			rand.New(rand.NewPCG(9, 10)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			const most = 3 // mutants of one kernel
			for _, x := range all[:min(most, len(all))] {
				fate, faults := c.fate(t, g, m, x, o)
				if count[m.name] == nil {
					count[m.name] = map[string]int{}
				}
				count[m.name][fate]++
				if fate == "missed" {
					missed = append(missed, name+"/"+m.name)
				}
				for _, f := range faults {
					said[name+"/"+m.name] += f.Error() + "\n"
				}
			}
		}
	}
	found, all := 0, len(missed)
	for _, fates := range count {
		found += fates["reported"] + fates["wrong"]
	}
	all += found
	t.Logf("%d of %d mutants that change something are found: %v; not: %v", found, all, count, missed)
	// In most of the other mutants, invocations load or compute values that are not used.
	if found*4 < all*3 || all < 50 {
		t.Errorf("of %d mutants that change something %d are found: %v; not: %v", all, found, count, missed)
	}
	if count["barrier"]["missed"] > 0 {
		t.Error("a barrier is not missed by anybody")
	}
	for what, want := range map[string]string{
		"elementwise/guard": "writes outside of binding 0, byte 6", "product/clamp": "reads outside of binding",
		"product of columns/clamp": "reads outside of binding", "product/barrier": "races with a", "softmax/barrier": "races with a",
	} {
		if !strings.Contains(said[what], want) {
			t.Errorf("%s: %q, want %q", what, said[what], want)
		}
	}
}
