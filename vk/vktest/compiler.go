package vktest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"genview/shaders/spirv"
	"genview/shaders/spirv/virtual"
	"genview/vk"
)

// Families are the generations of AMD's GPUs that [Compiler] compiles for: GCN 4 and 5, RDNA 1, 2 and 3.
var Families = []string{"polaris10", "vega10", "navi10", "navi21", "gfx1100"}

// DriversVariable is the environment variable by which scripts/drivers makes tests cover everything instead of a part. It names a folder in
// which they write their results.
const DriversVariable = "GENVIEW_DRIVERS"

// StepVariable is the environment variable by which scripts/drivers makes tests compile the kernels of one preset's step only.
const StepVariable = "GENVIEW_DRIVERS_STEP"

// Compiler opens a device without hardware until the test ends: RADV's compiler for a family of AMD's GPUs. It compiles kernels and reports
// statistics, but has no memory and no working queue. If RADV is not installed, the test is skipped; if CI is set, it fails.
func Compiler(t *testing.T, family string) *vk.Device {
	t.Helper()
	t.Setenv("RADV_FORCE_FAMILY", family)
	t.Setenv("GENVIEW_DEVICE", "Null hardware")
	return OpenWith(t, vk.Options{Profile: true})
}

// A Shader is a kernel to compile, with its work in one dispatch.
type Shader struct {
	Of     string // where it comes from: a preset's step, an op
	Ops    string
	Form   string
	FLOPs  float64
	Bytes  int
	Local  int // invocations in a workgroup
	Groups [3]int
	Module *spirv.Module `json:"-"`
	Consts []spirv.Const `json:"-"`
	Sizes  []int         `json:"-"` // bytes that each binding holds

	Calls    int             // number of such dispatches
	Executed float64         // instructions in relation to those that compilers estimate with, if they were counted
	Made     map[string]Made // statistics, by family
}

// ShaderOf returns the shader of a dispatch.
func ShaderOf(of, ops, form string, flops float64, bytes int, d vk.Step) Shader {
	s := Shader{Of: of, Ops: ops, Form: form, FLOPs: flops, Bytes: bytes, Groups: d.Groups, Module: d.Module, Consts: d.Consts, Local: 1}
	for i, n := range d.Module.Local {
		for _, c := range d.Consts {
			if c.ID == d.Module.LocalID[i] {
				n = int(c.Value)
			}
		}
		s.Local *= n
	}
	for _, v := range d.Views {
		s.Sizes = append(s.Sizes, v.Len())
	}
	return s
}

// reckoned returns how many rounds RADV's compiler reckons in its estimates for a loop within so many others.
func reckoned(within int) float64 { return []float64{8, 4, 2}[min(within, 2)] }

// CountExecuted counts what the first workgroup of each shader executes. It provides only as much of the bindings' contents as a workgroup
// can be expected to use.
func CountExecuted(t *testing.T, all []Shader) {
	t.Helper()
	const most = 4 << 20
	memories := sync.Pool{New: func() any { return virtual.NewBuffer("memory", most) }}
	each := equal(all, func(s Shader) string { return s.words() + fmt.Sprint(s.Consts, s.Groups, s.Sizes) })
	onAllCores(len(each), func(i int) {
		s := all[each[i][0]]
		k, err := virtual.Load(s.Module, s.Consts...)
		if err != nil {
			t.Errorf("%s: %s, %s: %v", s.Of, s.Ops, s.Form, err)
			return
		}
		d := &virtual.Dispatch{Kernel: k, Groups: s.Groups}
		memory := memories.Get().(*virtual.Buffer)
		defer memories.Put(memory)
		clear(memory.Bytes) // loops may depend on what is read
		for _, n := range s.Sizes {
			d.Views = append(d.Views, virtual.View{Buffer: memory, Hi: min(n, most)})
		}
		executed := virtual.Executed(d, virtual.Options{Subgroup: 64}, reckoned)
		if executed == 0 {
			t.Errorf("%s: %s, %s: a workgroup does not end", s.Of, s.Ops, s.Form)
		}
		for _, j := range each[i] {
			all[j].Executed = executed
		}
	})
}

// Made holds a compiler's statistics under its own names.
type Made map[string]float64

// Waves returns the largest number of subgroups that a SIMD can hold.
func (m Made) Waves() float64 { return m["Subgroups per SIMD"] }

// Spills returns the number of registers that do not fit, or the bytes of memory that replace registers.
func (m Made) Spills() float64 {
	return m["Spilled VGPRs"] + m["Spilled SGPRs"] + m["Scratch size"]
}

// Distinct returns each shader once per origin and work, with the number of its dispatches.
func Distinct(all []Shader) []Shader {
	type key struct{ of, ops, form, words string }
	at := map[key]int{}
	var out []Shader
	for _, s := range all {
		k := key{s.Of, s.Ops, s.Form, s.words() + fmt.Sprint(s.Consts, s.Groups)}
		i, met := at[k]
		if !met {
			i = len(out)
			at[k], out = i, append(out, s)
		}
		out[i].Calls++
	}
	return out
}

// words returns the SPIR-V in the form of a file.
func (s Shader) words() string {
	p, _ := binary.Append(nil, binary.LittleEndian, s.Module.Words) // cannot fail for a slice of numbers
	return string(p)
}

// Compile compiles shaders for a family of AMD's GPUs, equal ones once. The test fails if one does not compile or has spills.
func Compile(t *testing.T, family string, all []Shader) {
	t.Helper()
	t.Run(family, func(t *testing.T) {
		dev := Compiler(t, family)
		each := equal(all, func(s Shader) string { return s.words() + fmt.Sprint(s.Consts) })
		onAllCores(len(each), func(i int) {
			first := all[each[i][0]]
			made, err := compiled(dev, first)
			if err != nil {
				t.Errorf("%s: %s, %s: %v", first.Of, first.Ops, first.Form, err)
				return
			}
			for _, j := range each[i] {
				s := &all[j]
				if s.Made == nil {
					s.Made = map[string]Made{}
				}
				s.Made[family] = made
				if made.Spills() > 0 {
					t.Errorf("%s: %s, %s: %v registers are spilled", s.Of, s.Ops, s.Form, made)
				}
			}
		})
	})
}

// compiled returns the statistics of a device's compiler for a shader.
func compiled(dev *vk.Device, s Shader) (Made, error) {
	k, err := dev.NewKernel(s.Module, s.Consts...)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	statistics, err := k.Statistics()
	if err != nil {
		return nil, err
	}
	if len(statistics) < 5 {
		return nil, fmt.Errorf("the compiler reports only %v", statistics)
	}
	made := Made{}
	for _, v := range statistics {
		made[v.Name] = v.Value
	}
	return made, nil
}

// equal groups the indices of shaders with the same key, in the order of their first.
func equal(all []Shader, key func(Shader) string) [][]int {
	at := map[string]int{}
	var out [][]int
	for i, s := range all {
		k := key(s)
		j, met := at[k]
		if !met {
			j = len(out)
			at[k], out = j, append(out, nil)
		}
		out[j] = append(out[j], i)
	}
	return out
}

// onAllCores calls f for 0 ≤ i < n, from a goroutine for each core.
func onAllCores(n int, f func(i int)) {
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < n; i = int(taken.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
}

// Check runs spirv-val on each module for several versions of Vulkan, and spirv-cross, which translates it to Metal's language as MoltenVK
// does. If they are not installed, the test is skipped; if CI is set, it fails.
func Check(t *testing.T, all []Shader, versions ...string) {
	t.Helper()
	t.Run("spirv", func(t *testing.T) {
		for _, name := range []string{"spirv-val", "spirv-cross"} {
			if _, err := exec.LookPath(name); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("CI must have %v: apt-get install spirv-tools spirv-cross", err)
				}
				t.Skipf("SKIPPED: %v", err)
			}
		}
		dir := t.TempDir()
		each := equal(all, Shader.words) // constants do not matter
		onAllCores(len(each), func(i int) {
			s := all[each[i][0]]
			if err := check(filepath.Join(dir, fmt.Sprintf("%d.spv", i)), s, versions); err != nil {
				t.Errorf("%s: %s, %s: %v", s.Of, s.Ops, s.Form, err)
			}
		})
	})
}

// check validates a shader for each version of Vulkan, and translates it to Metal's language, as MoltenVK would.
func check(file string, s Shader, versions []string) error {
	if err := os.WriteFile(file, []byte(s.words()), 0o600); err != nil {
		return err
	}
	commands := [][]string{{"spirv-cross", "--msl", "--msl-version", "20300", file}}
	for _, v := range versions {
		commands = append(commands, []string{"spirv-val", "--target-env", "vulkan" + v, file})
	}
	for _, c := range commands {
		var said bytes.Buffer
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(c[:len(c)-1], " "), err, bytes.TrimSpace(said.Bytes()))
		}
	}
	return nil
}

// Tell writes the compilers' statistics for scripts/drivers, if it asks for them.
func Tell(t *testing.T, name string, all []Shader) {
	t.Helper()
	dir := os.Getenv(DriversVariable)
	if dir == "" {
		return
	}
	p, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), p, 0o644); err != nil {
		t.Fatal(err)
	}
}
