package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/vk"
)

// TestEnvironment checks the findings about a complete and an incomplete machine.
func TestEnvironment(t *testing.T) {
	dri := t.TempDir()
	says := func(f finding, want string) {
		t.Helper()
		if got := f.String(); !strings.Contains(got, want) {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	says(cards(dri), "ok    "+dri+": no graphics card")
	node := filepath.Join(dri, "renderD128")
	write(t, node, nil)
	says(cards(dri), "ok    "+dri+": "+node)
	if err := os.Remove(node); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(node, 0o755); err != nil { // which cannot be opened to be written, not even by root
		t.Fatal(err)
	}
	says(cards(dri), "sudo usermod -aG render")

	files := []vk.DriverFile{{Path: "a.json"}, {Path: "b\x1b.json", Problem: "the file does not exist", Variable: "VK_DRIVER_FILES"}, {Path: "c.json", Problem: "damaged"}}
	got := drivers("darwin", files)
	if len(got) != 4 {
		t.Fatalf("got %v", got)
	}
	for i, want := range []string{"ok    driver: a.json", `look  driver: b\x1b.json: the file does not exist: correct or unset VK_DRIVER_FILES`, "c.json: damaged: install it again", "brew install molten-vk"} {
		says(got[i], want)
	}
	if got := drivers("darwin", []vk.DriverFile{{Path: "MoltenVK_icd.json", Library: "libMoltenVK.dylib"}}); len(got) != 1 || !got[0].OK {
		t.Errorf("with MoltenVK: %v", got)
	}
}

// TestDoctorWithoutDrivers: doctor reports what the machine lacks before it opens a device, which fails.
func TestDoctorWithoutDrivers(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	write(t, bad, []byte("{"))
	for _, v := range []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"} {
		t.Setenv(v, bad)
	}
	out, said, code := genview(t, "doctor")
	if code != 1 || !strings.Contains(out, "ok    Vulkan loader: ") || !strings.Contains(out, "look  driver: "+bad+": the file is damaged") || strings.Count(said, "\n") != 1 {
		t.Errorf("exit code %d, %q and %q", code, out, said)
	}
	out, _, code = genview(t, "doctor", "--json")
	if code != 1 || !strings.Contains(out, `"environment":[{"what":"Vulkan loader","ok":true`) || strings.Count(out, "\n") != 1 {
		t.Errorf("with --json: exit code %d and %q", code, out)
	}
}
