package text_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/family/familytest"
	"genview/models/transformer/text"
)

func TestFamily(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog\n", 40)), 0o644); err != nil {
		t.Fatal(err)
	}
	familytest.Run(t, text.Family, familytest.Trial{
		Preset: "text", Falls: "loss", Steps: 24,
		Set: []string{"data.name=" + file, "batch=4", "model.width=16", "model.heads=2", "model.layers=1", "model.context=16", "optim.warmup=2"},
	})
}
