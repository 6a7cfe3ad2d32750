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
	"slices"
	"strings"
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

func trials() []trial {
	var all []trial
	for _, bits := range []string{"128", "256", "512"} {
		all = append(all, trial{name: "lavapipe, vectors of " + bits + " bits", env: []string{"LP_NATIVE_VECTOR_WIDTH=" + bits}, tests: []string{device, training}})
	}
	all = append(all, trial{
		name: "SwiftShader", env: []string{"VK_DRIVER_FILES=" + swiftshader, "VK_ICD_FILENAMES=" + swiftshader}, needs: swiftshader,
		tests: []string{device, training},
	})
	for _, name := range pose.Names() {
		all = append(all, trial{
			name: "lavapipe posing as " + pose.Poses[name].Name, env: []string{"GENVIEW_POSE=" + name}, tests: []string{device, ops},
		})
	}
	return append(all,
		trial{name: "RADV's compiler, spirv-val, spirv-cross", tests: []string{"./cmd/genview -run ^TestKernels$", "./tensor -run ^TestCandidates$"}},
	)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("drivers: ")
	quick := flag.Bool("quick", false, "only the tests of the device on lavapipe posing as others; nothing is written")
	part := flag.String("run", "", "only what has this in its name; nothing is written")
	out := flag.String("o", "scripts/drivers.md", "the file that is written")
	flag.Parse()
	if err := run(*quick, *part, *out); err != nil {
		log.Fatal(err)
	}
}

// run runs the trials, and writes the results unless it ran only some of them.
func run(quick bool, part, out string) error {
	dir, err := os.MkdirTemp("", "drivers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var report bytes.Buffer
	fmt.Fprintf(&report, "# genview on implementations of Vulkan that need no hardware\n\n%s, %s. `scripts/drivers` writes this.\n\n| implementation | tests | seconds | |\n|---|---|---|---|\n",
		time.Now().UTC().Format(time.DateOnly), versions())
	failed := 0
	for _, t := range trials() {
		if quick && !slices.ContainsFunc(t.env, func(v string) bool { return strings.HasPrefix(v, "GENVIEW_POSE=") }) || !strings.Contains(t.name, part) {
			continue
		}
		for _, test := range t.tests {
			if quick && test != device {
				continue
			}
			began := time.Now()
			said, err := t.run(dir, test)
			verdict := "passed"
			if err != nil {
				failed++
				verdict = "FAILED"
				log.Printf("%s, go test %s: %v\n%s", t.name, test, err, said)
			}
			log.Printf("%s, go test %s: %s in %.0f s", t.name, test, verdict, time.Since(began).Seconds())
			fmt.Fprintf(&report, "| %s | `%s` | %.0f | %s |\n", t.name, strings.ReplaceAll(test, "|", "\\|"), time.Since(began).Seconds(), verdict)
		}
	}
	if quick || part != "" {
		return problem(failed)
	}
	for _, name := range []string{"kernels", "candidates"} {
		err := table(&report, filepath.Join(dir, name+".json"))
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

// run runs tests of one package, with separate caches for machine code.
func (t trial) run(dir, test string) ([]byte, error) {
	if t.needs != "" {
		if _, err := os.Stat(t.needs); err != nil {
			return nil, fmt.Errorf("%w: see scripts/setup for the package that has it", err)
		}
	}
	cache, err := os.MkdirTemp(dir, "cache-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=30m"}, strings.Fields(test)...)...)
	cmd.Env = slices.Concat(os.Environ(), t.env, []string{"CI=1", "TMPDIR=" + cache, "MESA_SHADER_CACHE_DIR=" + cache, vktest.DriversVariable + "=" + dir})
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
