package vk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNamesArePrintable: a terminal obeys nothing that a driver calls its device.
func TestNamesArePrintable(t *testing.T) {
	if got, want := text([]byte("GeForce™ \x1b[31mred\n\xff\x00behind")), "GeForce™ �[31mred��"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNoLoader: one line says what is missing and what to install.
func TestNoLoader(t *testing.T) {
	_, err := find([]string{"libnone.so.1"})
	if err == nil || !strings.Contains(err.Error(), "vk: no Vulkan loader found (") || !strings.HasSuffix(err.Error(), "apt-get install mesa-vulkan-drivers libvulkan1") {
		t.Errorf("got %v", err)
	}
}

// TestDriverFiles reads files of drivers of all kinds, by a variable of the environment and in folders.
func TestDriverFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ text, want string }{
		"garbage.json": {"\x00", "the file is damaged"},
		"empty.json":   {"{}", "names no library"},
		"gone.json":    {`{"ICD": {"library_path": "./gone.so"}}`, "its library cannot be loaded"},
	} {
		path := write(name, c.text)
		t.Setenv("VK_DRIVER_FILES", path)
		got := DriverFiles()
		if len(got) != 1 || got[0].Path != path || !strings.Contains(got[0].Problem, c.want) {
			t.Errorf("%s: got %+v, want %q", name, got, c.want)
		}
		if err := noDriver(got); !strings.Contains(err.Error(), path+": ") || !strings.HasSuffix(err.Error(), "correct or unset VK_DRIVER_FILES") {
			t.Errorf("%s: %v", name, err)
		}
	}
	write("other.json", `{"ICD": {"library_path": "/none", "library_arch": "32"}}`)
	t.Setenv("VK_DRIVER_FILES", dir)
	if got := DriverFiles(); len(got) != 3 {
		t.Errorf("a folder has %+v, want three that are not for 32 bits", got)
	}
	if err := noDriver(nil); err == nil || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("without files: %v", err)
	}
	env := map[string]string{"HOME": "/home/me", "XDG_DATA_DIRS": "/opt/share:/usr/share"}
	dirs := driverFolders("linux", func(name string) string { return env[name] })
	want := []string{"/home/me/.config", "/etc/xdg", "/etc", "/home/me/.local/share", "/opt/share", "/usr/share"}
	for i := range want {
		want[i] += "/vulkan/icd.d"
	}
	if !slices.Equal(dirs, want) {
		t.Errorf("the folders are %v, want %v", dirs, want)
	}
}
