package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDryRunSaysWhatIsCompiled: lavapipe's compiler has no statistics, and the output says so.
func TestDryRunSaysWhatIsCompiled(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	said := must(t, "train", "vae", "--dry-run", "--profile")
	if !strings.Contains(said, "MatMul") || !strings.Contains(said, "says nothing of what its compiler has made") {
		t.Errorf("it says %s", said)
	}
	var n needs
	if err := json.Unmarshal([]byte(must(t, "train", "vae", "--dry-run", "--profile", "--json")), &n); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, k := range n.Kernels {
		calls += k.Calls
	}
	if calls != n.Dispatches || len(n.Kernels) == calls {
		t.Errorf("%d kernels are called %d times, of %d dispatches", len(n.Kernels), calls, n.Dispatches)
	}
}
