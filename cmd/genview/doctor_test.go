package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
	"genview/vk/vktest"
)

// TestDoctor asks the doctor, then trains a run, which must have the report. Where scripts/drivers runs it, every family of kernels is checked.
func TestDoctor(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	type report struct { // vk.Info is for reading by people and scripts, not back into Go
		Device struct {
			Name string `json:"name"`
		} `json:"device"`
		Passed, Failed int
		Seconds        float64
		Checks         []check
		Environment    []finding
	}
	var r report
	words := []string{"doctor", "--json"}
	if os.Getenv(vktest.DriversVariable) != "" {
		words = append(words, "--all")
	}
	if err := json.Unmarshal([]byte(must(t, words...)), &r); err != nil {
		t.Fatal(err)
	}
	missing := slices.DeleteFunc(slices.Clone(r.Checks), func(k check) bool { // other devices than lavapipe do not run its kernels
		return k.Skipped == "" || k.Op == "all" && k.Kernels == "lavapipe"
	})
	if len(missing) > 0 {
		t.Errorf("skipped: %+v", missing)
	}
	if r.Failed != 0 || r.Passed < len(optest.Cases) || r.Device.Name == "" {
		t.Errorf("%d of %d checks passed and %d failed on %q in %.0f s", r.Passed, len(r.Checks), r.Failed, r.Device.Name, r.Seconds)
	}
	if len(r.Environment) < 3 || r.Environment[0].What != "Vulkan loader" || !r.Environment[0].OK {
		t.Errorf("of the machine it says %+v", r.Environment)
	}
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "1")...)
	p, err := os.ReadFile(filepath.Join(run, "doctor.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept report
	if err := json.Unmarshal(p, &kept); err != nil || kept.Passed != r.Passed {
		t.Errorf("the run's report says that %d checks passed (%v)", kept.Passed, err)
	}
}

// TestDoctorFindsWhatIsWrong gives the table a row that no device can compute right.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	all := optest.Cases
	defer func() { optest.Cases = all }()
	i := slices.IndexFunc(all, func(c optest.Case) bool { return c.Name == "Exp" })
	wrong := all[i]
	wrong.Name = "Wrong"
	wrong.Op = func(in []*tensor.Tensor) *tensor.Tensor { return in[0].Exp().Shift(0.1) }
	optest.Cases = []optest.Case{all[i], wrong}
	var told []check
	var counts [][2]int
	r := examine(context.Background(), []*vk.Device{vktest.Open(t)}, families, func(done, all int) { counts = append(counts, [2]int{done, all}) }, func(bad check) { told = append(told, bad) })
	if r.Failed != len(told) || 2*r.Failed != len(r.Checks) || r.Passed != r.Failed || told[0].Op != "Wrong" || !strings.Contains(told[0].Error, "element 0: got") {
		t.Errorf("%d of %d checks failed; the first told of is %+v", r.Failed, len(r.Checks), told[0])
	}
	if want := [][2]int{{0, 4}, {1, 4}, {2, 4}, {3, 4}}; !slices.Equal(counts, want) {
		t.Errorf("told of %v ops, want %v", counts, want)
	}
}

// TestDoctorSkips reports a device that lacks what a check asks for.
func TestDoctorSkips(t *testing.T) {
	var r conformance
	fails := func(k check) { t.Errorf("%+v failed", k) }
	r.note(check{Op: "Exp", Shapes: [][]int{{7}}}, nil, fails)
	r.note(check{Op: "Add", Shapes: [][]int{{7}, {7}}}, fmt.Errorf("vk: kernel Add: %w", &vk.LimitError{Asked: "9 buffers, the device takes 4"}), fails)
	r.note(check{Op: "Sum", Shapes: [][]int{{1 << 30}}}, fmt.Errorf("tensor: %w", &vk.MemoryError{Asked: 1 << 32}), fails)
	if r.Passed != 1 || r.Skipped != 2 || r.Failed != 0 {
		t.Errorf("%d passed, %d skipped, %d failed", r.Passed, r.Skipped, r.Failed)
	}
	for _, want := range []string{"right: Exp\n", "skipped: Add of [[7] [7]]", "the device takes 4", "1 of 3 checks passed, 2 were skipped"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, r)
		}
	}
}
