package tensor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"genview/tensor/internal/compile"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A Runtime owns the variables, constants and kernels on one device. It is safe for concurrent use. Each of its programs is for one
// goroutine; all of them share its variables.
type Runtime struct {
	dev     *vk.Device
	target  ir.Target
	without []Pass
	tuning  *Tuning

	progress func(done, all int) error // Options.Progress

	doubt bool                 // whether the target's kernels still have to be tried
	trial func(*Runtime) error // tries them; an error says that they are wrong

	settling sync.Mutex
	settled  bool // they have been tried

	mu      sync.Mutex
	mem     map[*Tensor]*vk.Buffer // variables and constants
	scratch *scratch               // the newest; nil if no program needs any
}

// Options say how a runtime compiles. The zero value means the kernels made for the device, and all passes.
type Options struct {
	Family  Family  // the set of kernels
	Without []Pass  // the passes to leave out
	MaxBind int     // most bytes of one binding, if less than the device's limit; 0: the device's limit
	Tuning  *Tuning // the fastest kernels of products; nil: a rule decides

	// Progress is called while Compile and Warm make the kernels of a program, with the number made so far and the total. If it returns
	// an error, Compile or Warm ends with that error. It is optional, and must be safe for concurrent use.
	Progress func(done, all int) error

	// Products is the type in which the operands of matrix products and convolutions are stored between kernels: F32, BF16 or F16. BF16
	// and F16 take half the memory and are faster on GPUs that multiply matrices of them, as with torch.autocast. Products accumulate in
	// F32, and all other ops compute in F32. Variables do not change, so weights and the optimizer's state stay F32. Gradients in BF16
	// have the range of F32. Those in F16 underflow below 6e-8: F16 is for programs without gradients, or with scaled losses.
	Products DType
}

// A Pass is a step of compilation that makes programs faster and can be left out.
type Pass = fuse.Pass

// The passes. Without Fuse every node has a dispatch of its own, and the other passes do nothing.
const (
	Fuse      = fuse.Fuse      // elementwise nodes join the dispatch of the nodes that they read, and of those that read them
	Rows      = fuse.Rows      // nodes that work along the same rows share a dispatch
	Recompute = fuse.Recompute // a gradient computes cheap values again, so that they need not be kept: less memory, hardly more time
	Order     = compile.Order  // products write their results in the order in which they are read
)

// Passes lists all passes.
func Passes() []Pass { return []Pass{Fuse, Rows, Recompute, Order} }

// Family names a set of kernels.
type Family int

// There are kernels for GPUs and kernels for lavapipe. Lavapipe runs both, so tests on it cover both.
const (
	ForDevice   Family = iota // the kernels made for the device
	ForGPU                    // shared memory and storage buffers
	ForLavapipe               // texel loads and eight lanes; only lavapipe runs these
)

var familyNames = []string{ForDevice: "device", ForGPU: "gpu", ForLavapipe: "lavapipe"}

func (f Family) String() string { return familyNames[f] }

// ParseFamily returns the family with that name, as String writes it, or false if there is none.
func ParseFamily(name string) (Family, bool) {
	i := slices.Index(familyNames, name)
	return Family(max(i, 0)), i >= 0
}

// ErrWrong is the error of kernels that compute wrong numbers on a device.
var ErrWrong = errors.New("the device computes wrong numbers")

// ErrDeviceLost is the error of every call that uses a device after its driver has given it up. The contents of its memory are lost.
var ErrDeviceLost = vk.ErrDeviceLost

// NewRuntime makes a runtime with zero Options. Close frees its memory.
func NewRuntime(dev *vk.Device) *Runtime {
	rt, _ := NewRuntimeWith(dev, Options{})
	return rt
}

// NewRuntimeWith makes a runtime. It returns an error if the device cannot run the kernels of the options.
func NewRuntimeWith(dev *vk.Device, o Options) (*Runtime, error) {
	info := dev.Info()
	cpu := info.Lavapipe && o.Family != ForGPU
	if o.Family == ForLavapipe && !info.Lavapipe {
		return nil, fmt.Errorf("tensor: %s does not run the kernels made for lavapipe", info.Name)
	}
	for _, p := range o.Without {
		if !slices.Contains(Passes(), p) {
			return nil, fmt.Errorf("tensor: there is no pass %q to leave out; there are %v", p, Passes())
		}
	}
	if o.Tuning != nil && !o.Tuning.fits(info) {
		return nil, fmt.Errorf("tensor: the tuning is of %s, not of %s", o.Tuning.device, info.Name)
	}
	if !o.Products.IsFloat() {
		return nil, fmt.Errorf("tensor: operands of products are f32, bf16 or f16, not %s", o.Products)
	}
	lanes := 0
	if cpu {
		lanes = info.SubgroupSize
	}
	return &Runtime{
		doubt: cpu && o.Family == ForDevice, trial: (*Runtime).try,
		dev: dev, target: ir.Target{CPU: cpu, Lanes: lanes, Info: info, Bind: o.MaxBind, Products: o.Products}, without: o.Without, tuning: o.Tuning, progress: o.Progress,
		mem: map[*Tensor]*vk.Buffer{},
	}, nil
}

// Family returns the family of kernels that the runtime uses, ForGPU or ForLavapipe. If [Options] ask for ForLavapipe, Family tries the
// kernels, and returns [ErrWrong] if the device computes wrong numbers with them.
func (rt *Runtime) Family() (Family, error) {
	if err := rt.settle(); err != nil {
		return ForDevice, err
	}
	if !rt.target.CPU {
		return ForGPU, nil
	}
	if !rt.doubt {
		return ForLavapipe, rt.trial(rt)
	}
	return ForLavapipe, nil
}

// forget frees the memory of constants that no program reads any more.
func (rt *Runtime) forget(ts ...*Tensor) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for _, t := range ts {
		if b := rt.mem[t]; b != nil {
			b.Close()
			delete(rt.mem, t)
		}
	}
}

// Device returns the device.
func (rt *Runtime) Device() *vk.Device { return rt.dev }

// Close frees the memory of all variables and constants. All programs must have been closed.
func (rt *Runtime) Close() {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	for _, b := range rt.mem {
		b.Close()
	}
	clear(rt.mem)
}

// memory returns the memory of a variable or constant, and allocates and fills it if it is new.
func (rt *Runtime) memory(t *Tensor) (vk.View, error) {
	at := 0
	whole := t
	if t.home != nil && t.home.flat != t {
		whole, at = t.home.flat, F32.Bytes(t.home.place(t))
		rt.mu.Lock()
		alone := rt.mem[t] != nil
		rt.mu.Unlock()
		if alone {
			return vk.View{}, fmt.Errorf("tensor: the variable %s was used before it became a part of %s: make the flat variable first", t.Name(), whole.Name())
		}
	}
	b, err := rt.buffer(whole)
	if err != nil {
		return vk.View{}, err
	}
	return b.Slice(at, at+ir.Up(t.Len(), 4)*t.op.DType.Bytes(4)), nil
}

// buffer returns the buffer of a constant, or of a variable that is not part of a flat one.
func (rt *Runtime) buffer(t *Tensor) (*vk.Buffer, error) {
	rt.mu.Lock()
	b := rt.mem[t]
	rt.mu.Unlock()
	if b != nil {
		return b, nil
	}
	if t.op.kind == ir.Input {
		return nil, fmt.Errorf("tensor: the input %q has no value outside a run", t.label)
	}
	b, err := rt.filled(t.Name(), t.bytes(), func(p []byte) error { return rt.initialize(t, p) })
	if err != nil {
		return nil, err
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if other := rt.mem[t]; other != nil {
		b.Close()
		return other, nil
	}
	rt.mem[t] = b
	return b, nil
}

// filled makes a buffer and lets write fill all of its bytes, directly in device memory if that is mapped.
func (rt *Runtime) filled(name string, bytes int, write func(p []byte) error) (*vk.Buffer, error) {
	b, err := rt.dev.NewBuffer(name, ir.Aligned(bytes))
	if err != nil {
		return nil, err
	}
	p := b.Bytes()
	if p != nil {
		err = write(p[:bytes])
	} else {
		p = make([]byte, bytes)
		if err = write(p); err == nil {
			_, err = b.WriteAt(p, 0)
		}
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// initialize writes a constant, or the first value of a variable, to p.
func (rt *Runtime) initialize(t *Tensor, p []byte) error {
	if t.op.kind == ir.Const {
		t.write(p)
		return nil
	}
	if t.home != nil && t.home.flat == t {
		return rt.initializeFlat(t.home, p)
	}
	src := t.in[0]
	switch src.op.kind {
	case ir.Const:
		src.write(p)
		return nil
	case ir.Full:
		v := float32(src.op.Attr.(float64))
		bits := math.Float32bits(v)
		if t.op.DType != F32 {
			bits = uint32(int32(v))
		}
		binary.LittleEndian.PutUint32(p, bits)
		for n := 4; n < len(p); n *= 2 {
			copy(p[n:], p[:n])
		}
		return nil
	}
	return rt.compute(src, p)
}

// compute runs a graph without inputs and writes its result to out.
func (rt *Runtime) compute(t *Tensor, out []byte) error {
	p, err := rt.Compile(Outputs{Fetch: []*Tensor{t}})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Run(context.Background(), nil); err != nil {
		return err
	}
	return p.fetch(t, out)
}

// Floats computes a graph without inputs and returns its values. It is for tests and scripts.
func (rt *Runtime) Floats(t *Tensor) ([]float32, error) {
	p := make([]byte, t.bytes())
	if err := rt.compute(t, p); err != nil {
		return nil, err
	}
	out := make([]float32, t.Len())
	return out, take(out, t.op.DType, p)
}

// Read copies the value of a variable to dst, a []float32, []int32 or []bool of its length. F16 and BF16 are read as float32.
func (rt *Runtime) Read(v *Tensor, dst any) error {
	m, err := rt.memory(v)
	if err != nil {
		return err
	}
	p := make([]byte, v.bytes())
	if _, err := m.Buffer.ReadAt(p, int64(m.Lo)); err != nil {
		return err
	}
	if err := take(dst, v.op.DType, p); err != nil {
		return fmt.Errorf("tensor: Read %s: %w", v, err)
	}
	return nil
}

// View returns where the device keeps the value of a variable, an F32 in C order, for recordings of the device's own that follow programs
// which update it. It stays there until the runtime is closed.
func (rt *Runtime) View(v *Tensor) (vk.View, error) {
	if v.op.kind != ir.Var || v.op.DType != F32 {
		return vk.View{}, fmt.Errorf("tensor: View %s: it is no variable of type f32", v)
	}
	m, err := rt.memory(v)
	if err != nil {
		return vk.View{}, err
	}
	return m.Slice(0, v.bytes()), nil
}

// Write gives a variable a value: a []float32, []int32 or []bool of its length. A float32 is rounded to F16 or BF16.
func (rt *Runtime) Write(v *Tensor, src any) error {
	if v.op.kind != ir.Var {
		return fmt.Errorf("tensor: Write %s: it is no variable", v)
	}
	m, err := rt.memory(v)
	if err != nil {
		return err
	}
	p := make([]byte, v.bytes())
	if err := put(p, v.op.DType, src); err != nil {
		return fmt.Errorf("tensor: Write %s: %w", v, err)
	}
	_, err = m.Buffer.WriteAt(p, int64(m.Lo))
	return err
}

// An Update gives a variable a new value at the end of a run.
type Update struct {
	Var   *Tensor
	Value *Tensor // of the variable's shape and type
}

// Outputs lists the results of a program. All are computed from the values that variables have before the run: two variables may be
// swapped, the old value of a variable may be kept in another one, and a fetched variable has its value from before the run, whether it
// is updated or not. To get a variable's new value, fetch the update's Value, or use [Runtime.Read] after the run.
type Outputs struct {
	Fetch  []*Tensor // can be read after a run
	Update []Update  // new values of variables; each variable is updated at most once, alone or as part of a flat one
}

// check returns the first error that the outputs were built from, or what is wrong with the list itself.
func (o Outputs) check() error {
	if len(o.Fetch)+len(o.Update) == 0 {
		return errors.New("tensor: Compile: nothing to fetch or update")
	}
	for _, t := range o.Fetch {
		if t.err != nil {
			return t.err
		}
	}
	seen := map[*Tensor]bool{}
	for _, u := range o.Update {
		switch {
		case u.Value.err != nil:
			return u.Value.err
		case u.Var.err != nil:
			return u.Var.err
		case u.Var.op.kind != ir.Var:
			return fmt.Errorf("tensor: Compile: %s is updated and is no variable", u.Var)
		case seen[u.Var]:
			return fmt.Errorf("tensor: Compile: the variable %s is updated twice", u.Var)
		case u.Var.home != nil && u.Var.home.overlaps(u.Var, seen):
			return fmt.Errorf("tensor: Compile: the variable %s is updated, and so is one that it shares memory with", u.Var)
		case u.Var.Len() != u.Value.Len() || dims(u.Var.op.Shape) != dims(u.Value.op.Shape) || u.Var.op.DType != u.Value.op.DType:
			return fmt.Errorf("tensor: Compile: the variable %s is updated with %s", u.Var, u.Value)
		}
		seen[u.Var] = true
	}
	return nil
}

// Feed gives each input of a program its values: []float32, also for F16 and BF16, []int32 or []bool.
type Feed map[*Tensor]any
