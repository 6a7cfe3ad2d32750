package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestVersion: the version is that of the newest entry in CHANGELOG.md, and the driver is named.
func TestVersion(t *testing.T) {
	said := must(t, "--version")
	if !regexp.MustCompile(`^genview v\d+\.\d+\.\d+(, commit [0-9a-f]{12}( with changes)?)?, go1\.\S+, \w+/\w+\n(.+, driver .+, Vulkan .+\n)+$`).MatchString(said) {
		t.Errorf("it says %q", said)
	}
	p, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(p), "\n## "+version) {
		t.Errorf("CHANGELOG.md has no %s", version)
	}
}
