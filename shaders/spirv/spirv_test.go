package spirv

import (
	"encoding/binary"
	"reflect"
	"testing"
)

// sample is a shader with one of each thing that a Block can declare.
func sample() *Module {
	b := NewBlock("sample", 64, 1, 1)
	x := b.Texels(0, Type{Float, 4})
	k := b.Texels(1, Type{Int, 1})
	y := b.Buffer(2, Type{Float, 4}, false, true)
	s := b.Shared(64, Type{Float, 1})
	id := b.LocalID(0)
	sum := b.Cell(b.Float(0))
	b.For(b.Index(0), b.Index(8), 1, func(i ID) { b.Set(sum, b.Add(b.Get(sum), b.Load(x, i))) })
	b.StoreShared(s, id, b.Component(b.Get(sum), 0))
	b.Barrier()
	b.If(b.Less(id, b.Load(k, b.Index(0))), func() { b.Store(y, id, b.Splat(b.ShuffleXor(b.LoadShared(s, id), 1))) })
	return b.Module()
}

func code(m *Module) []byte {
	var p []byte
	for _, w := range m.Words {
		p = binary.LittleEndian.AppendUint32(p, w)
	}
	return p
}

// TestParseReadsWhatBlockWrites: Parse finds in a module what its Block says of it.
func TestParseReadsWhatBlockWrites(t *testing.T) {
	want := sample()
	got, err := Parse("sample", code(want))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEqualBlocksHaveEqualWords(t *testing.T) {
	if !reflect.DeepEqual(sample().Words, sample().Words) {
		t.Error("two assemblies of one shader differ")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(code(sample()))
	f.Add([]byte("not SPIR-V at all, but long enough"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if m, err := Parse("fuzz", p); err == nil && m.Entry == "" {
			t.Error("a module without an entry point was taken")
		}
	})
}
