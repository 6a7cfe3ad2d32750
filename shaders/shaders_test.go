package shaders_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"genview/shaders"
	"genview/shaders/spirv"
)

// TestCompiledShadersAreFresh needs no compiler: shaders.sum says what the .spv files were made from.
func TestCompiledShadersAreFresh(t *testing.T) {
	got, err := spirv.SourceSum(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("shaders.sum")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("a shader changed since it was compiled: run go generate ./shaders")
	}
}

// TestCompilerGivesTheSameBytes compiles again where the compiler of the committed files is at hand.
func TestCompilerGivesTheSameBytes(t *testing.T) {
	version, err := exec.Command("glslc", "--version").Output()
	if err != nil || !bytes.Contains(version, []byte("2023.2")) {
		t.Skip("SKIPPED: glslc 2023.2, which made the committed files, is not installed")
	}
	sources, err := filepath.Glob("*.comp")
	if err != nil || len(sources) == 0 {
		t.Fatal("there are no shaders")
	}
	for _, src := range sources {
		out := filepath.Join(t.TempDir(), "x.spv")
		if msg, err := exec.Command("glslc", "-O0", "--target-env=vulkan1.1", "-o", out, src).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", src, err, msg)
		}
		got, _ := os.ReadFile(out)
		want, _ := os.ReadFile(src[:len(src)-len(".comp")] + ".spv")
		if !bytes.Equal(got, want) {
			t.Errorf("%s compiles to other bytes than the committed ones", src)
		}
	}
}

// TestSharedMemory: the sizes of arrays follow the constants.
func TestSharedMemory(t *testing.T) {
	for _, c := range []struct{ m, n, k, pad uint32 }{{64, 64, 16, 0}, {128, 32, 8, 1}} {
		var consts []spirv.Const
		for _, k := range shaders.MatMulTiled.Consts {
			if v, ok := map[string]uint32{"BM": c.m, "BN": c.n, "BK": c.k, "PAD": c.pad}[k.Name]; ok {
				consts = append(consts, spirv.Const{ID: k.ID, Value: v})
			}
		}
		if got, want := shaders.MatMulTiled.SharedMemory(consts...), int(2*c.k*(c.m+c.n+8*c.pad)*4); len(consts) != 4 || got != want {
			t.Errorf("%+v as %v takes %d bytes, want %d", c, consts, got, want)
		}
	}
}

func TestReflection(t *testing.T) {
	m := shaders.MatMulLanes
	if m.Entry != "main" || m.Local != [3]int{8, 1, 1} || m.LocalID[0] != 8 || len(m.Consts) != 10 {
		t.Fatalf("got entry %s, workgroup %v, %d constants", m.Entry, m.Local, len(m.Consts))
	}
	for i, want := range []string{"Z", "M", "N", "K", "TM", "KU", "TA", "TB"} {
		if m.Consts[i].Name != want || m.Consts[i].ID != i {
			t.Errorf("constant %d is %+v, want %s", i, m.Consts[i], want)
		}
	}
}

// TestAttentionKeepsToRegisters holds what makes attention's kernels short and keeps their arrays in registers, as far as that shows without
// a driver: none picks a component of a vector at run time, and each loop says whether drivers are to write it out.
func TestAttentionKeepsToRegisters(t *testing.T) {
	for _, m := range []*spirv.Module{shaders.Attention, shaders.AttentionGrad} {
		types, typeOf, constant := map[uint32][]uint32{}, map[uint32]uint32{}, map[uint32]bool{}
		for at := 5; at < len(m.Words); at += int(m.Words[at] >> 16) {
			op, a := m.Words[at]&0xffff, m.Words[at+1:at+int(m.Words[at]>>16)]
			switch {
			case op >= 19 && op <= 33: // types
				types[a[0]] = append([]uint32{op}, a[1:]...)
			case op >= 41 && op <= 52: // constants
				constant[a[1]] = true
			case op == 59 || op == 55: // OpVariable, OpFunctionParameter
				typeOf[a[1]] = a[0]
			case op == 77 || op == 78:
				t.Errorf("%s: a component of a value is picked at run time", m.Name)
			case op == 246 && a[2] != 1 && a[2] != 2: // OpLoopMerge
				t.Errorf("%s: a loop leaves it to drivers whether it is written out", m.Name)
			case op == 65: // OpAccessChain
				typeOf[a[1]] = a[0]
				within := types[typeOf[a[2]]][2]
				for _, index := range a[3:] {
					if types[within][0] == 23 && !constant[index] {
						t.Errorf("%s: a component of what lies in memory is picked at run time", m.Name)
					}
					within = types[within][1]
				}
			}
		}
	}
}
