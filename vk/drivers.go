package vk

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A DriverFile is a manifest file, by which the Vulkan loader finds a driver.
type DriverFile struct {
	Path     string `json:"path"`
	Library  string `json:"library,omitempty"`
	Variable string `json:"variable,omitempty"` // of the environment that names the file; empty: it lies where such files do
	Problem  string `json:"problem,omitempty"`  // why the loader cannot take the driver
}

// driverVariables replace the installed drivers; the first one that is set counts.
var driverVariables = []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}

// DriverFiles lists the manifest files that the Vulkan loader reads, for this processor's architecture. It is empty on Windows, where
// drivers are in the registry.
func DriverFiles() []DriverFile {
	var files []DriverFile
	for _, v := range driverVariables {
		if list := os.Getenv(v); list != "" {
			for _, path := range filepath.SplitList(list) {
				files = append(files, manifests(path, v)...)
			}
			return files
		}
	}
	for _, dir := range driverFolders(runtime.GOOS, os.Getenv) {
		if _, err := os.Stat(dir); err == nil {
			files = append(files, manifests(dir, "")...)
		}
	}
	return files
}

// driverFolders returns the folders in which the loader looks for manifest files (LoaderDriverInterface.md of the Vulkan loader).
func driverFolders(goos string, env func(string) string) []string {
	if goos == "windows" {
		return nil
	}
	home := env("HOME")
	bases := []string{cmp.Or(env("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))}
	bases = append(bases, filepath.SplitList(cmp.Or(env("XDG_CONFIG_DIRS"), "/etc/xdg"))...)
	bases = append(bases, "/etc", cmp.Or(env("XDG_DATA_HOME"), filepath.Join(home, ".local/share")))
	bases = append(bases, filepath.SplitList(cmp.Or(env("XDG_DATA_DIRS"), "/usr/local/share:/usr/share"))...)
	if goos == "darwin" {
		bases = append(bases, "/opt/homebrew/share", "/opt/homebrew/etc")
	}
	var dirs []string
	for _, b := range bases {
		if dir := filepath.Join(b, "vulkan", "icd.d"); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// manifests checks a manifest file, or all those in a folder.
func manifests(path, variable string) []DriverFile {
	paths := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		paths, _ = filepath.Glob(filepath.Join(path, "*.json")) // whose pattern is right
	}
	var files []DriverFile
	for _, p := range paths {
		f := DriverFile{Path: p, Variable: variable}
		foreign, err := f.look()
		if foreign {
			continue
		}
		if err != nil {
			f.Problem = err.Error()
		}
		files = append(files, f)
	}
	return files
}

// look reads the file and loads the driver's library, as the loader does. foreign: the driver is for 32-bit programs.
func (f *DriverFile) look() (foreign bool, err error) {
	p, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, errors.New("the file does not exist")
	}
	if err != nil {
		return false, fmt.Errorf("the file cannot be read: %w", errors.Unwrap(err))
	}
	var m struct {
		ICD struct {
			Library string `json:"library_path"`
			Arch    string `json:"library_arch"`
		}
	}
	if err := json.Unmarshal(p, &m); err != nil {
		return false, fmt.Errorf("the file is damaged: %w", err)
	}
	f.Library = m.ICD.Library
	if f.Library == "" {
		return false, errors.New("the file names no library")
	}
	if m.ICD.Arch == "32" {
		return true, nil
	}
	if strings.ContainsRune(f.Library, '/') && !filepath.IsAbs(f.Library) { // relative to the manifest file
		f.Library = filepath.Join(filepath.Dir(f.Path), f.Library)
	}
	if _, err := open(f.Library); err != nil {
		return strings.Contains(err.Error(), "ELFCLASS"), fmt.Errorf("its library cannot be loaded: %w", err)
	}
	return false, nil
}

// noDriver returns an error that says why the loader finds no driver.
func noDriver(files []DriverFile) error {
	var why []string
	for _, f := range files {
		if f.Problem == "" {
			continue
		}
		remedy := "install the driver again"
		if f.Variable != "" {
			remedy = "correct or unset " + f.Variable
		}
		why = append(why, fmt.Sprintf("%s: %s: %s", f.Path, f.Problem, remedy))
	}
	if len(why) == 0 {
		return errors.New("vk: no Vulkan driver found: " + install)
	}
	return errors.New("vk: no Vulkan driver found: " + strings.Join(why, "; "))
}

// Loader loads the Vulkan library, unless it is loaded, and returns its name. An error contains a remedy.
func Loader() (name string, err error) {
	l, err := load()
	return l.name, err
}

// Proc loads the driver's library and returns the address of its vk_icdGetInstanceProcAddr, for tests that wrap a driver.
func (f DriverFile) Proc() (uintptr, error) {
	lib, err := open(f.Library)
	if err != nil {
		return 0, fmt.Errorf("vk: %s: %w", f.Path, err)
	}
	return symbol(lib, "vk_icdGetInstanceProcAddr")
}
