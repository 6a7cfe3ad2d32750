package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/vk/vktest"
)

// TestTable: shaders of one kernel share a row, which has the worst of each; kernels that miss the goal are told, and those that do not
// count are not.
func TestTable(t *testing.T) {
	shader := func(of, ops string, executed, spills, waves float64) vktest.Shader {
		s := vktest.Shader{Of: of, Ops: ops, Form: "rows", FLOPs: 1, Bytes: 1, Local: 64, Groups: [3]int{1, 1, 1}, Calls: 1, Executed: executed, Made: map[string]vktest.Made{}}
		for _, f := range vktest.Families {
			s.Made[f] = vktest.Made{
				"Instructions": 100, "Latency": 4000, "Inverse Throughput": 2000, "Subgroups per SIMD": waves, "Spilled VGPRs": spills, "VGPRs": 64 / waves, "Code size": 1000,
			}
		}
		return s
	}
	p, err := json.Marshal([]vktest.Shader{
		shader("vae", "Long", 1e5, 0, 8), shader("gan", "Long", 1e5, 0, 2), shader("gan", "Short", 1, 0, 8), shader("Sum/4096", "Spilling", 1e5, 3, 8),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shaders.json")
	if err := os.WriteFile(path, p, 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := table(&b, "Kernels", path); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"| vega10 | 4 | 1 | 2 | 32 | 1000 |\n",
		"of a step, 2 spill,",
		"| Long, rows | vae | 100 %: 0 % | 100 %: 0 % |",
		"| Long, rows | gan | 100 %: 0 %, 2 waves |",
		"| Long, rows | vae, gan | 32, 2, 1.0 |",
		"| Spilling, rows | Sum | 8, 8, 1.0, spills |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}
