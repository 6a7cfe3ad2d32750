package tensor_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain makes lavapipe skip LLVM's optimization passes when it compiles a kernel. Nearly all of the time of these tests goes into
// compiling, and with the passes they take a fifth longer. Other tests run optimized kernels: those of doctor, the random graphs of
// optest, and the models' tests. Benchmarks keep the passes, as users do. If the variable is already set, it stays.
func TestMain(m *testing.M) {
	flag.Parse()
	const variable = "GALLIVM_PERF"
	if _, set := os.LookupEnv(variable); !set && flag.Lookup("test.bench").Value.String() == "" {
		_ = os.Setenv(variable, "nopt")
	}
	os.Exit(m.Run())
}
