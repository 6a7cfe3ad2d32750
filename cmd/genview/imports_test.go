package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ofFamily is what a family may import: it knows neither the loop that trains it, nor the run folder, nor the window.
var ofFamily = []string{
	"tensor", "models/nn", "models/optim", "models/step", "models/data", "models/family", "models/heads", "models/settings", "models/picture", "models/walk", "models/watch",
}

// ofZoo are the packages in the list of package zoo.
var ofZoo = []string{
	"models/vae",
	"models/gan",
	"models/classifier",
	"models/transformer/text",
	"models/transformer/translate",
}

// mayImport is who may import whom of our packages: imports only point down.
var mayImport = map[string][]string{
	"shaders/spirv":                {},
	"shaders/spirv/virtual":        {"shaders/spirv"},
	"models/watch":                 {},
	"models/ticks":                 {},
	"models/data":                  {"vk/files", "models/npy", "models/data/codec", "models/settings"},
	"models/data/codec":            {},
	"models/encrypt":               {"vk/files"},
	"models/safetensors":           {"models/encrypt", "vk/files"},
	"models/settings":              {},
	"models/heads":                 {"models/npy", "models/watch", "models/webpage"},
	"models/webpage":               {},
	"models/browsertest":           {},
	"models/fuzzing":               {},
	"models/npy":                   {},
	"models/film":                  {"vk/files", "models/lettering", "models/watermark"},
	"models/watermark":             {},
	"models/curves":                {"models/run", "models/ticks", "models/train", "models/watch", "vk/files"},
	"models/directions":            {"models/walk"},
	"models/audit":                 {"models/encrypt", "vk/files"},
	"models/signature":             {"vk/files"},
	"models/atlas":                 {"models/data", "models/directions", "models/family", "models/watch", "vk/files"},
	"models/script":                {"models/directions", "models/family", "models/film", "models/lettering", "models/picture", "models/run", "models/sound", "models/walk"},
	"models/sound":                 {},
	"models/walk":                  {"models/film", "models/npy", "models/safetensors", "vk/files"},
	"models/serve":                 {"vk", "tensor", "models/data", "models/directions", "models/family", "models/film", "models/lettering", "models/picture", "models/run", "models/walk", "models/watch"},
	"shaders":                      {"shaders/spirv"},
	"shaders/gen":                  {"shaders/spirv"},
	"vk/files":                     {},
	"vk":                           {"shaders/spirv", "vk/files"},
	"vk/present":                   {"vk", "shaders", "shaders/spirv"},
	"vk/vktest":                    {"vk", "vk/vktest/pose", "shaders/spirv", "shaders/spirv/virtual"},
	"vk/vktest/pose":               {"vk"},
	"vk/vktest/drivers":            {"vk/vktest", "vk/vktest/pose", "vk/files"},
	"tensor/internal/ir":           {"vk", "shaders/spirv"},
	"tensor/internal/expr":         {"shaders/spirv"},
	"tensor/internal/lower":        {"tensor/internal/ir"},
	"tensor/internal/fuse":         {"shaders/spirv", "tensor/internal/ir", "tensor/internal/lower"},
	"tensor/internal/codegen":      {"vk", "shaders", "shaders/spirv", "tensor/internal/ir", "tensor/internal/expr", "tensor/internal/lower", "tensor/internal/fuse"},
	"tensor/internal/compile":      {"vk", "tensor/internal/ir", "tensor/internal/lower", "tensor/internal/fuse", "tensor/internal/codegen"},
	"tensor":                       {"vk", "shaders/spirv", "tensor/internal/ir", "tensor/internal/expr", "tensor/internal/lower", "tensor/internal/fuse", "tensor/internal/codegen", "tensor/internal/compile"},
	"tensor/optest":                {"tensor", "vk"},
	"models/nn":                    {"tensor"},
	"models/optim":                 {"tensor", "models/settings"},
	"models/step":                  {"tensor", "models/nn", "models/optim", "models/watch"},
	"models/family":                {"tensor", "models/nn", "models/optim", "models/data", "models/heads", "models/picture", "models/walk", "models/watch"},
	"models/family/familytest":     nil, // anything: it holds families to what all else relies on
	"models/vae":                   ofFamily,
	"models/gan":                   ofFamily,
	"models/transformer":           {"tensor", "models/nn", "models/optim", "models/step"},
	"models/transformer/translate": append([]string{"models/transformer"}, ofFamily...),
	"models/transformer/text":      append([]string{"models/transformer"}, ofFamily...),
	"models/classifier":            ofFamily,
	"models/zoo":                   append([]string{"models/family"}, ofZoo...),
	"models/replay":                {"models/atlas", "models/inspect", "models/curves", "models/data", "models/directions", "models/family", "models/film", "models/lettering", "models/picture", "models/record", "models/run", "models/train", "models/walk", "models/watch", "tensor"},
	"models/runs":                  {"models/encrypt", "models/curves", "models/record", "models/run", "models/safetensors", "models/tensorboard", "models/train", "models/watch", "vk", "vk/files"},
	"models/run":                   {"models/encrypt", "models/signature", "vk", "vk/files", "tensor", "models/data", "models/directions", "models/family", "models/nn", "models/walk", "models/safetensors", "models/settings", "models/tensorboard", "models/train", "models/watch", "models/zoo"},
	"models/card":                  {"models/encrypt", "models/family", "models/run", "models/runs", "models/safetensors", "models/train", "models/watch"},
	"models/report":                {"models/family", "models/heads", "models/lettering", "models/picture", "models/record", "models/run", "models/runs", "models/train", "models/watch", "models/webpage"},
	"models/telemetry":             {"models/train", "models/watch"},
	"models/tensorboard":           {"models/lettering", "models/picture", "models/watch"},
	"models/lettering":             {},
	"models/picture":               {"models/encrypt", "models/watch", "models/lettering", "models/film", "vk/files"},
	"models/record":                {"models/encrypt", "models/watch", "models/safetensors", "vk/files"},
	"models/inspect":               {"tensor", "models/nn", "models/watch"},
	"models/train":                 {"models/encrypt", "tensor", "models/inspect", "models/nn", "models/npy", "models/watch", "models/picture", "models/record", "vk", "models/safetensors", "models/settings", "models/signature", "models/audit", "vk/files"}, // never a network, nor its data
	"viewer":                       {"models/directions", "models/heads", "models/picture", "models/ticks", "models/watch", "models/walk", "models/lettering", "vk/files"},
	"cmd/genview":                  nil, // anything
	"scripts/examples":             nil,
	"scripts":                      {},
	"scripts/habits":               {},
	"scripts/skeleton":             {},
	"scripts/examples/train":       {"models/family", "models/film", "models/run", "models/train", "models/walk"},
	"scripts/examples/film":        {"models/family", "models/film", "models/picture", "models/run", "models/walk", "models/watch"},
	"scripts/examples/op":          {"vk", "tensor", "models/nn", "models/optim"},
}

// only says which package alone may import a third party's, and why.
var only = map[string]struct {
	who []string
	why string
}{
	"github.com/vulkan-go/vulkan":      {[]string{"vk"}, "vk is the only package that calls Vulkan"},
	"github.com/ebitengine/purego":     {[]string{"vk", "vk/vktest/pose", "viewer"}, "vk loads Vulkan, a pose is a driver of it, and the viewer loads Xlib, which would end the process with its X server; nothing else loads libraries"},
	"github.com/hajimehoshi/ebiten/v2": {[]string{"viewer"}, "the viewer is the only package that opens Ebitengine's window"},
	"github.com/go-gl/glfw":            {[]string{"vk/present"}, "package present is the only one that opens GLFW's windows, in builds with the tag glfw"},
	"github.com/danielgtaylor/huma":    {[]string{"models/serve"}, "only the server describes its requests"},
	"github.com/prometheus":            {[]string{"models/serve", "models/telemetry"}, "only the server and the telemetry of trainings keep metrics for Prometheus"},
	"google.golang.org/protobuf":       {[]string{"models/tensorboard"}, "only the event files of TensorBoard are protocol buffers"},
	"aead.dev/minisign":                {[]string{"models/signature"}, "keys and signatures are in one place"},
	"gonum.org/v1/plot":                {[]string{"models/atlas", "models/curves"}, "only the charts of files are drawn by a library"},
	"github.com/jezek/xgb":             {[]string{"viewer"}, "the viewer's clipboard has a connection of its own to the X server"},
	"github.com/atotto/clipboard":      {[]string{"viewer"}, "only the viewer uses the clipboard, on Windows and on a Mac"},
	"github.com/spf13/cobra":           {[]string{"cmd/genview"}, "only the command knows flags"},
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "genview/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, "genview/")
		allowed, ok := mayImport[name]
		seen[name] = true
		if !ok {
			t.Errorf("%s is not in the table of imports", name)
		}
		for _, i := range p.Imports {
			if ours, is := strings.CutPrefix(i, "genview/"); is && allowed != nil && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which does not lie below it", name, ours)
			}
			for third, rule := range only {
				if (i == third || strings.HasPrefix(i, third+"/")) && !slices.Contains(rule.who, name) {
					t.Errorf("%s imports %s: %s", name, i, rule.why)
				}
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d packages were looked at", len(seen))
	}
}

// TestExamples: each package that programs use shows how.
func TestExamples(t *testing.T) {
	for name := range mayImport {
		if name != "tensor" && name != "vk" && !strings.HasPrefix(name, "models/") || strings.HasSuffix(name, "test") {
			continue
		}
		tests, err := filepath.Glob(filepath.Join("../..", name, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(tests, func(file string) bool {
			p, err := os.ReadFile(file)
			return err == nil && bytes.Contains(p, []byte("\nfunc Example"))
		}) {
			t.Errorf("%s has no example", name)
		}
	}
}
