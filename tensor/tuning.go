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

// A Tuning is what is known of which kernel of a product is the fastest on a device, where there are several. It is safe for
// concurrent use, and runtimes on one device may share it.
//
// It never changes a number. Only kernels that give the same bits as the one that the rule takes are chosen from, which is seen when
// they are tried; so a run goes on with the same bits whatever was tried in between, and whoever lost the tuning loses time only. And
// what was chosen for a class of products stays chosen as long as the process lives: a graph that is compiled twice becomes the same
// program.
//
// A class is one batch, m, n and k, not rounded, and how operands and result lie. Sizes are not rounded because what is left over at
// the edges of tiles decides as much as the size does, and because a program's shapes are few and do not change. What is computed
// with the result is no part of a class: it costs the same in all kernels.
type Tuning struct {
	device, driver, kernels string

	trying sync.Mutex // one contest at a time: others would disturb it

	mu     sync.Mutex
	effort Effort
	spent  time.Duration
	made   map[string]string // the form that a class has in this process
	kept   map[string]choice // what was found out
	fresh  bool              // what is kept is more than what was loaded
}

// choice is what was found out about a class.
type choice struct {
	Form string  `json:"form"`
	Gain float64 `json:"gain"` // the share of time that it saves over the rule's kernel
}

// Effort is what Compile does about products of a class that its tuning does not know: it times their kernels, in turns, each alone
// and on numbers of no meaning. Zero is nothing: the rule decides.
type Effort struct {
	Time  time.Duration // in all; what is begun is ended
	Least float64       // FLOPs of a class, in the program that is compiled, with which it is worth trying
	Turns int           // how often each kernel runs

	// Heard hears of each class that was tried; optional. It must not compile.
	Heard func(Trial)
}

// AutomaticEffort is what is worth doing unasked before a training: two seconds at most. A kernel for lavapipe takes 50 to 200 ms to
// be compiled, so that only products that take the better part of a millisecond in a step are worth it there.
func AutomaticEffort(i vk.Info) Effort {
	e := Effort{Time: 2 * time.Second, Least: 4e6, Turns: 5}
	if i.Lavapipe {
		e.Least = 32e6
	}
	return e
}

// A Trial is how the kernels of a class did.
type Trial struct {
	Class       string      `json:"class"`
	Batch       int         `json:"batch"`
	M           int         `json:"m"`
	K           int         `json:"k"`
	N           int         `json:"n"`
	Candidates  []Candidate `json:"candidates"` // first the rule's
	Winner      string      `json:"winner"`     // a form
	Gain        float64     `json:"gain"`       // the share of time that it saves over the rule's
	Occurrences int         `json:"occurrences"`
}

// A Candidate is a way to write the kernel.
type Candidate struct {
	Form     string  `json:"form"`
	MS       float64 `json:"ms,omitempty"`       // of one product, the least that was measured; 0: it was not timed
	Excluded string  `json:"excluded,omitempty"` // why it was not
}

// NewTuning returns a tuning of a device that knows nothing yet and tries nothing.
func NewTuning(i vk.Info) *Tuning {
	return &Tuning{
		device: i.Name, driver: i.Driver + ", Vulkan " + i.API, kernels: fingerprint(i),
		made: map[string]string{}, kept: map[string]choice{},
	}
}

// Allow says what Compile may do from now on about classes that it has not met.
func (t *Tuning) Allow(e Effort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.effort, t.spent = e, 0
}

// fits tells whether the tuning is of a device.
func (t *Tuning) fits(i vk.Info) bool {
	return t.device == i.Name && t.driver == i.Driver+", Vulkan "+i.API
}

// tuningFile is a tuning as it is kept.
type tuningFile struct {
	Version int               `json:"version"`
	Device  string            `json:"device"`
	Driver  string            `json:"driver"`
	Kernels string            `json:"kernels"` // a hash of what shaders are made
	Classes map[string]choice `json:"classes"`
}

const tuningVersion = 1

// ErrForeignTuning is the error of a tuning of another device, driver or build, of which nothing was loaded.
var ErrForeignTuning = errors.New("tensor: the tuning is of another device, driver or build")

// Bytes returns what was found out, for Load.
func (t *Tuning) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, err := json.MarshalIndent(tuningFile{tuningVersion, t.device, t.driver, t.kernels, t.kept}, "", " ")
	if err != nil {
		panic(err) // texts and finite numbers
	}
	return append(p, '\n')
}

// Load adds what Bytes returned: classes that the tuning knows itself stay. Where there is an error, nothing was added.
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

// Fresh tells whether more was found out since the tuning was made, or since Fresh was last asked.
func (t *Tuning) Fresh() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := t.fresh
	t.fresh = false
	return fresh
}

// pick returns which of a class's forms is taken; from now on it is that one. Of a nil tuning it is the rule's, the first.
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

// open tells whether a class of so many FLOPs is to be tried, and with what.
func (t *Tuning) open(class string, flops float64) (Effort, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, made := t.made[class]
	_, kept := t.kept[class]
	e := t.effort
	e.Time, e.Turns = e.Time-t.spent, max(e.Turns, 1)
	return e, !made && !kept && e.Time > 0 && flops >= e.Least
}

// learn keeps what a trial has shown, and how long it took. Without a winner it showed nothing, and is not made again.
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

// clearly is the share of the rule's time that a kernel may take at most to be chosen instead, so that noise chooses none.
const clearly = 0.95

// contest returns which of the runs, the first of which is the rule's, is to be chosen; what each takes at least; and the share of
// time that the chosen one saves. Who wins among many may have had luck, so it has to win once more, against the first alone. It also
// has to win by what both take at least, which is what is shown of them: else a kernel that is shown as slower would be called faster.
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

// race times runs in turns, every other turn backwards, so that what else the machine does strikes all of them. It returns how long
// each takes over the first, the median of the turns, and what it takes at least.
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

// fingerprint is a hash of all kernels of some products, as they are written for a device: of the shaders, and of what fills them.
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
					_ = binary.Write(h, binary.LittleEndian, g.Module.Words) // a hash takes all
				}
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
