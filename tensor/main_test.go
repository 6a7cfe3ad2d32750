package tensor_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has lavapipe leave out LLVM's passes over a kernel before it makes machine code of it: nearly all of the time of these tests
// goes into that, and with the passes they take a fifth longer. What the passes make of kernels is held by doctor's test, the random
// graphs of optest and the models' tests. Benchmarks time what users run; who has set the variable has decided.
func TestMain(m *testing.M) {
	flag.Parse()
	const variable = "GALLIVM_PERF"
	if _, set := os.LookupEnv(variable); !set && flag.Lookup("test.bench").Value.String() == "" {
		_ = os.Setenv(variable, "nopt")
	}
	os.Exit(m.Run())
}
