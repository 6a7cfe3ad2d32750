// Command drivers is the program behind scripts/drivers: it runs tests on Vulkan implementations that need no hardware, and writes the
// results to scripts/drivers.md.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"genview/vk/files"
	"genview/vk/vktest"
	"genview/vk/vktest/pose"
)

// A trial is a set of tests on one implementation of Vulkan.
type trial struct {
	name  string
	env   []string
	tests []string
	needs string // a file that the implementation needs
}

const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// The tests of package vk, and those that compute.
const (
	device   = "./vk"
	ops      = "./tensor -short -run ^TestOps$/^gpu$"
	training = "./cmd/genview -run ^(TestStepsMakeLittle|TestDoctor)$"
)

// The tests of kernels with RADV's compiler.
const (
	radv        = "RADV's compiler, spirv-val, spirv-cross"
	testKernels = "./cmd/genview -run ^TestKernels$"
)

// trials lists all trials. The one that takes longest comes first, so that nothing waits for it at the end.
func trials() []trial {
	all := []trial{
		{name: radv, tests: []string{testKernels, "./tensor -run ^TestCandidates$"}},
		{
			name: "SwiftShader", env: []string{"VK_DRIVER_FILES=" + swiftshader, "VK_ICD_FILENAMES=" + swiftshader}, needs: swiftshader,
			tests: []string{device, training},
		},
		{name: "lavapipe, GPU-assisted validation", env: []string{vktest.Assisted + "=" + vktest.AssistedBy}, tests: []string{device, ops}},
	}
	for _, bits := range []string{"128", "256", "512"} {
		all = append(all, trial{name: "lavapipe, vectors of " + bits + " bits", env: []string{"LP_NATIVE_VECTOR_WIDTH=" + bits}, tests: []string{device, training}})
	}
	for _, name := range pose.Names() {
		all = append(all, trial{
			name: "lavapipe posing as " + pose.Poses[name].Name, env: []string{"GENVIEW_POSE=" + name}, tests: []string{device, ops},
		})
	}
	return all
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("drivers: ")
	quick := flag.Bool("quick", false, "only the tests of the device on lavapipe posing as others; nothing is written")
	part := flag.String("run", "", "only what has this in its name; nothing is written")
	step := flag.String("step", "", "only the kernels of the training step of this preset, as RADV compiles them; what they are is printed")
	out := flag.String("o", "scripts/drivers.md", "the file that is written")
	flag.Parse()
	var err error
	if *step != "" {
		err = runStep(*step)
	} else {
		err = run(*quick, *part, *out)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// runStep prints the table of the kernels of a preset's training step.
func runStep(preset string) error {
	dir, err := os.MkdirTemp("", "drivers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	j := &job{trial: trial{name: radv, env: []string{vktest.StepVariable + "=" + preset}}, test: testKernels}
	if j.run(dir); j.err != nil {
		return problem(1)
	}
	return table(os.Stdout, "Kernels of the training step of "+preset, filepath.Join(dir, "kernels.json"))
}

// run runs the trials, and writes the results unless it ran only some of them.
func run(quick bool, part, out string) error {
	dir, err := os.MkdirTemp("", "drivers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var jobs []*job
	for _, t := range trials() {
		if quick && !slices.ContainsFunc(t.env, func(v string) bool { return strings.HasPrefix(v, "GENVIEW_POSE=") }) || !strings.Contains(t.name, part) {
			continue
		}
		for _, test := range t.tests {
			if !quick || test == device {
				jobs = append(jobs, &job{trial: t, test: test})
			}
		}
	}
	next := make(chan *job)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) { // tests are processes, and most of each works on one core
		workers.Go(func() {
			for j := range next {
				j.run(dir)
			}
		})
	}
	for _, j := range jobs {
		next <- j
	}
	close(next)
	workers.Wait()
	failed := 0
	var report bytes.Buffer
	fmt.Fprintf(&report, "# genview on implementations of Vulkan that need no hardware\n\n%s, %s. `scripts/drivers` writes this.\n\n| implementation | tests | seconds | |\n|---|---|---|---|\n",
		time.Now().UTC().Format(time.DateOnly), versions())
	for _, j := range jobs {
		if j.err != nil {
			failed++
		}
		fmt.Fprintf(&report, "| %s | `%s` | %.0f | %s |\n", j.name, strings.ReplaceAll(j.test, "|", "\\|"), j.took.Seconds(), j.verdict())
	}
	if quick || part != "" {
		return problem(failed)
	}
	for _, of := range []struct{ file, title string }{
		{"kernels", "Kernels of training steps and of bench ops"}, {"candidates", "Kernels that the tuner tries"},
	} {
		err := table(&report, of.title, filepath.Join(dir, of.file+".json"))
		if failed > 0 && errors.Is(err, fs.ErrNotExist) { // its test failed before it wrote results
			continue
		}
		if err != nil {
			return err
		}
	}
	if err := files.WriteBytes(out, report.Bytes()); err != nil {
		return err
	}
	return problem(failed)
}

func problem(failed int) error {
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of the tests above failed", failed)
}

// A job is tests of one package on one implementation, and how they came out.
type job struct {
	trial
	test string

	took time.Duration
	err  error
}

func (j *job) verdict() string {
	if j.err != nil {
		return "FAILED"
	}
	return "passed"
}

// run runs the tests and reports the result. dir is for what tests write, and for machine code, which is made once for all that run the
// same on lavapipe.
func (j *job) run(dir string) {
	began := time.Now()
	said, err := j.output(dir)
	j.took, j.err = time.Since(began), err
	if err != nil {
		log.Printf("%s, go test %s: %v\n%s", j.name, j.test, err, said)
	}
	log.Printf("%s, go test %s: %s in %.0f s", j.name, j.test, j.verdict(), j.took.Seconds())
}

// output runs the tests of the job, whose shaders and statistics they write below dir, and returns what they print.
func (j *job) output(dir string) ([]byte, error) {
	if j.needs != "" {
		if _, err := os.Stat(j.needs); err != nil {
			return nil, fmt.Errorf("%w: see scripts/setup for the package that has it", err)
		}
	}
	tmp, err := os.MkdirTemp(dir, "tests-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=30m"}, strings.Fields(j.test)...)...)
	cmd.Env = slices.Concat(os.Environ(), j.env, []string{"CI=1", "TMPDIR=" + tmp, "MESA_SHADER_CACHE_DIR=" + filepath.Join(dir, "code"), vktest.DriversVariable + "=" + dir})
	return cmd.CombinedOutput()
}

// versions returns the versions of Debian's packages that implement Vulkan.
func versions() string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "mesa-vulkan-drivers", "vulkan-validationlayers", "chromium-common", "spirv-tools", "spirv-cross").Output()
	if err != nil {
		return "packages of unknown versions"
	}
	return strings.TrimSuffix(string(out), ", ")
}
