package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// TestRefusals: names that are taken or are none, and files that have changed.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage: scripts/new-op [-overlay DIR] NAME"},
		{[]string{"op"}, "usage: "},
		{[]string{"kernel", "X"}, "usage: "},
		{[]string{"op", "softcap"}, `new-op: "softcap" is no name of an op: it begins with a capital letter`},
		{[]string{"op", "Soft-Cap"}, "is no name of an op"},
		{[]string{"op", "MatMul"}, "there is an op MatMul already"},
		{[]string{"op", "Where"}, "there is an op Where already"},
		{[]string{"op", "Conv"}, "or its file: see ../../tensor/op_conv.go"},
		{[]string{"family", "Diffusion"}, `new-family: "Diffusion" is no name of a package`},
		{[]string{"family", "func"}, "is no name of a package"},
		{[]string{"family", "vae"}, "models/vae exists already"},
	} {
		if err := begin(root, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got the error %v, want one with %q", c.args, err, c.want)
		}
	}
	made := changes{"a.go": []byte("package a\n\nvar b = []int{\n\t1,\n}\n")}
	if err := made.apply(root, edit{path: "a.go", after: "var c = []int{", before: "}", line: "\t2,"}); err == nil || !strings.Contains(err.Error(), "a.go: there is no line") {
		t.Errorf("a list that is gone: got the error %v", err)
	}
	if err := made.apply(root, edit{path: "a.go", after: "var b = []int{", before: "}", line: "\t2,"}); err != nil || string(made["a.go"]) != "package a\n\nvar b = []int{\n\t1,\n\t2,\n}\n" {
		t.Errorf("got %q, %v", made["a.go"], err)
	}
}

// TestWrite writes into a copy of the files that change.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"models/zoo/zoo.go", "cmd/genview/imports_test.go"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := begin(dir, []string{"family", "diffusion"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"models/diffusion/diffusion.go":      "package diffusion\n",
		"models/diffusion/diffusion_test.go": "familytest.Run(t, diffusion.Family,",
		"models/zoo/zoo.go":                  "\ttext.Family,\n\tdiffusion.Family,\n}",
		"cmd/genview/imports_test.go":        "\t\"models/transformer/translate\",\n\t\"models/diffusion\",\n}",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q: %v", name, want, err)
		}
	}
	if err := begin(dir, []string{"family", "diffusion"}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("twice: got the error %v", err)
	}
}
