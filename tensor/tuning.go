package tensor

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A Tuning records which kernel of a product is the fastest on a device, if there are several. It is safe for concurrent use, and
// runtimes on one device may share it.
//
// It never changes a number. The tuner chooses only among kernels that give the same bits as the kernel of the rule, which it checks when
// it tries them. So a run continues with the same bits whatever was tried in between, and losing the tuning costs only time. A choice for
// a class of products holds as long as the process lives, so a graph that is compiled twice becomes the same program.
//
// A class consists of the sizes batch, m, n and k, not rounded, and the layouts of operands and result. Sizes are not rounded because the
// remainders at the edges of tiles matter as much as the sizes do, and because a program has few shapes, which do not change. The ops
// fused with the product are not part of a class: they cost the same in all kernels.
type Tuning struct {
	device, driver, kernels string

	trying sync.Mutex // held during a contest: a second one at the same time would disturb the timing

	mu     sync.Mutex
	effort Effort
	spent  time.Duration
	made   map[string]string // the form that a class uses in this process
	kept   map[string]choice // the winners
	fresh  bool              // kept has more than was loaded
}

// choice is the winner of a class.
type choice struct {
	Form string  `json:"form"`
	Gain float64 `json:"gain"` // the fraction of the rule's time that the winner saves
}

// Effort says how much time Compile may spend on classes of products that the tuning does not know. It times their kernels in turns, each
// kernel alone and on pseudo-random numbers. The zero Effort tries nothing: the rule decides.
type Effort struct {
	Time  time.Duration // in all; a kernel that was begun is finished
	Least float64       // the least FLOPs, of a class in the program, with which the class is tried
	Turns int           // how often each kernel runs

	// Heard is called with the result of each class that was tried. It is optional, and must not compile.
	Heard func(Trial)
}

// AutomaticEffort is the effort that is worth spending before a training without being asked: two seconds at most. To compile a kernel
// for lavapipe takes 50 to 200 ms, so there only products that take about a millisecond of a step are worth it.
func AutomaticEffort(i vk.Info) Effort {
	e := Effort{Time: 2 * time.Second, Least: 4e6, Turns: 5}
	if i.Lavapipe {
		e.Least = 32e6
	}
	return e
}

// A Trial is the result of timing the kernels of a class.
type Trial struct {
	Class       string      `json:"class"`
	Batch       int         `json:"batch"`
	M           int         `json:"m"`
	K           int         `json:"k"`
	N           int         `json:"n"`
	Candidates  []Candidate `json:"candidates"` // the rule's kernel first
	Winner      string      `json:"winner"`     // the form of the winner; "": none
	Gain        float64     `json:"gain"`       // the fraction of the rule's time that the winner saves
	Occurrences int         `json:"occurrences"`
}

// A Candidate is one way to write the kernel.
type Candidate struct {
	Form     string  `json:"form"`
	MS       float64 `json:"ms,omitempty"`       // the least time measured for one product; 0: it was not timed
	Excluded string  `json:"excluded,omitempty"` // why it was not timed
}

// NewTuning returns a tuning of a device. It knows nothing yet and tries nothing.
func NewTuning(i vk.Info) *Tuning {
	return &Tuning{
		device: i.Name, driver: i.Driver + ", Vulkan " + i.API, kernels: fingerprint(i),
		made: map[string]string{}, kept: map[string]choice{},
	}
}

// Allow sets the effort that Compile may spend on unknown classes from now on.
func (t *Tuning) Allow(e Effort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.effort, t.spent = e, 0
}

// fits tells whether the tuning is one of the device.
func (t *Tuning) fits(i vk.Info) bool {
	return t.device == i.Name && t.driver == i.Driver+", Vulkan "+i.API
}

// tuningFile is the stored form of a tuning.
type tuningFile struct {
	Version int               `json:"version"`
	Device  string            `json:"device"`
	Driver  string            `json:"driver"`
	Kernels string            `json:"kernels"` // a hash of the code that the shaders are made from
	Classes map[string]choice `json:"classes"`
}

const tuningVersion = 1

// ErrForeignTuning is the error of Load for a tuning of another device, driver or build. Load has then loaded nothing.
var ErrForeignTuning = errors.New("tensor: the tuning is of another device, driver or build")

// Bytes returns the winners in the form that Load reads.
func (t *Tuning) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, err := json.MarshalIndent(tuningFile{tuningVersion, t.device, t.driver, t.kernels, t.kept}, "", " ")
	if err != nil {
		panic(err) // cannot happen: it holds only strings and finite numbers
	}
	return append(p, '\n')
}

// Load adds winners that Bytes returned. A class that the tuning already knows keeps its winner. On an error nothing is added.
func (t *Tuning) Load(p []byte) error {
	var f tuningFile
	if err := json.Unmarshal(p, &f); err != nil {
		return fmt.Errorf("tensor: the tuning is damaged: %w", err)
	}
	if f.Version != tuningVersion || f.Device != t.device || f.Driver != t.driver || f.Kernels != t.kernels {
		return ErrForeignTuning
	}
	for class, c := range f.Classes {
		if c.Form == "" {
			return fmt.Errorf("tensor: the tuning is damaged: the class %s has no kernel", class)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for class, c := range f.Classes {
		if _, ok := t.kept[class]; !ok {
			t.kept[class] = c
		}
	}
	return nil
}

// Fresh tells whether there are new winners since the tuning was made, or since Fresh was last called.
func (t *Tuning) Fresh() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := t.fresh
	t.fresh = false
	return fresh
}

// pick returns the index of the form that a class uses, and fixes that choice. A nil tuning picks the rule's form, which is the first.
func (t *Tuning) pick(class string, forms []string) int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	form, ok := t.made[class]
	if !ok {
		form = t.kept[class].Form
	}
	i := max(slices.Index(forms, form), 0)
	t.made[class] = forms[i]
	return i
}

// open tells whether a class of so many FLOPs should be tried, and with which effort.
func (t *Tuning) open(class string, flops float64) (Effort, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, made := t.made[class]
	_, kept := t.kept[class]
	e := t.effort
	e.Time, e.Turns = e.Time-t.spent, max(e.Turns, 1)
	return e, !made && !kept && e.Time > 0 && flops >= e.Least
}

// learn records the result of a trial, and how long it took. A trial without a winner proves nothing about the kernels, but is not
// repeated.
func (t *Tuning) learn(trial Trial, took time.Duration) {
	t.mu.Lock()
	t.spent += took
	heard := t.effort.Heard
	t.made[trial.Class] = trial.Candidates[0].Form
	if trial.Winner != "" {
		t.made[trial.Class] = trial.Winner
		t.kept[trial.Class] = choice{trial.Winner, trial.Gain}
		t.fresh = true
	}
	t.mu.Unlock()
	if heard != nil && trial.Winner != "" {
		heard(trial)
	}
}

// clearly is the largest fraction of the rule's time that a kernel may take and still replace the rule's. It keeps noise from choosing a
// kernel.
const clearly = 0.95

// contest returns the index of the run to choose, the least time of each run, and the fraction of time that the chosen run saves. The
// first run is the rule's. The winner among many may have been lucky, so it must win a second race, against the first run alone. It must
// also win by least times, because those are reported: otherwise a kernel could be called faster that is reported as slower.
func contest(turns int, runs []func() (time.Duration, error)) (best int, least []time.Duration, gain float64, err error) {
	ratios, least, err := race(turns, runs)
	if err != nil {
		return 0, nil, 0, err
	}
	best = slices.Index(ratios, slices.Min(ratios))
	if ratios[best] > clearly {
		return 0, least, 0, nil
	}
	again, _, err := race(turns, []func() (time.Duration, error){runs[0], runs[best]})
	if err != nil {
		return 0, nil, 0, err
	}
	ratio := max(ratios[best], again[1], float64(least[best])/float64(least[0]))
	if ratio > clearly {
		return 0, least, 0, nil
	}
	return best, least, 1 - ratio, nil
}

// race times runs in turns, every second turn backwards, so that other load on the machine affects all of them equally. It returns the
// median over the turns of each run's time relative to the first run's, and the least time of each.
func race(turns int, runs []func() (time.Duration, error)) (ratios []float64, least []time.Duration, err error) {
	all := make([][]float64, len(runs))
	least = make([]time.Duration, len(runs))
	times := make([]time.Duration, len(runs))
	for turn := range turns {
		for i := range runs {
			if turn%2 > 0 {
				i = len(runs) - 1 - i
			}
			if times[i], err = runs[i](); err != nil {
				return nil, nil, err
			}
			if turn == 0 || times[i] < least[i] {
				least[i] = times[i]
			}
		}
		for i, d := range times {
			all[i] = append(all[i], float64(d)/float64(times[0]))
		}
	}
	for _, r := range all {
		slices.Sort(r)
		ratios = append(ratios, r[len(r)/2])
	}
	return ratios, least, nil
}

// fingerprint returns a hash of all kernels of some products, as they are generated for a device. It covers the shaders and the code that
// fills them.
func fingerprint(i vk.Info) string {
	h := sha256.New()
	targets := []ir.Target{{Info: i}}
	if i.Matrices.M > 0 {
		targets = append(targets, ir.Target{Info: i, Products: F16, Matrices: i.Matrices})
	}
	if i.Lavapipe {
		targets = append(targets, ir.Target{CPU: true, Lanes: i.SubgroupSize, Info: i})
	}
	x, y, odd := Var("x", Full(1, 64, 64)), Var("y", Full(1, 64, 64)), Var("odd", Full(1, 37, 39))
	image, weight := Var("image", Full(1, 2, 8, 12, 12)), Var("weight", Full(1, 16, 8, 3, 3))
	for _, t := range []*Tensor{
		x.MatMul(y).GELU(), x.T().MatMul(y), x.MatMul(y.T()), odd.MatMul(odd.T()),
		image.Conv2d(weight, ConvOptions{}), x.Reshape(4, 16, 64).MatMul(y.Reshape(4, 64, 16)),
	} {
		for _, on := range targets {
			f := units(on, t)
			for _, u := range f.Units {
				if u.Node == nil || u.Node.Contraction() == nil {
					continue
				}
				for i := range codegen.NewProduct(f, u, on).Variants() {
					v := codegen.NewProduct(f, u, on).Variants()[i]
					g := v.Generate()
					fmt.Fprintln(h, v.Form, g.Groups, g.Consts, len(g.Binds))
					_ = binary.Write(h, binary.LittleEndian, g.Module.Words) // writing to a hash never fails
				}
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
