package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"testing"

	"genview/models/fuzzing"
)

// bomb returns a PNG file that claims to have many pixels, and has none.
func bomb(w, h uint32) []byte {
	p := []byte("\x89PNG\r\n\x1a\n")
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	for _, chunk := range [][]byte{append(head, 8, 6, 0, 0, 0), []byte("IDAT\x78\x9c\x03\x00\x00\x00\x00\x01")} {
		p = binary.BigEndian.AppendUint32(p, uint32(len(chunk)-4))
		p = binary.BigEndian.AppendUint32(append(p, chunk...), crc32.ChecksumIEEE(chunk))
	}
	return p
}

// FuzzAt reads a moment of a recording whose files are damaged: the lines of its views, their numbers, their pictures.
func FuzzAt(f *testing.F) {
	dir := f.TempDir()
	w, err := NewWriter(dir, 1<<20, 0, nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Last(3, views(3), nil); err != nil || w.Close() != nil {
		f.Fatal(err)
	}
	var whole [3][]byte
	names := [3]string{lookEnding, numbersEnding, sheetEnding(0)}
	for i, ending := range names {
		if whole[i], err = os.ReadFile(pathOf(dir, 3, ending)); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(whole[0], whole[1], whole[2])
	f.Add(whole[0], whole[1][:20], bomb(8192, 8192))
	f.Add(whole[0], []byte("\xff\xff\xff\xff\xff\xff\xff\x00{"), bomb(1<<30, 1<<30))
	f.Add(bytes.ReplaceAll(whole[0], []byte(":1"), []byte(":100000000")), whole[1], whole[2])
	f.Add(bytes.ReplaceAll(whole[0], []byte(":["), []byte(":[[[[[")), whole[1], whole[2])
	f.Add(bytes.Repeat([]byte("["), 20_000), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, lines, numbers, sheet []byte) {
		dir := t.TempDir()
		for i, p := range [][]byte{lines, numbers, sheet} {
			if err := os.WriteFile(pathOf(dir, 3, "")+names[i], p, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		const deflated = 4500 // bytes of a picture that a byte of its file can hold
		all := bytes.Join([][]byte{lines, numbers}, nil)
		_ = fuzzing.Check(t, all, fuzzing.Usage{Base: 4<<20 + deflated*int64(len(sheet)), Multiple: 300}, func() error {
			r, err := Open(dir)
			if err != nil {
				return err
			}
			m, err := r.At(3)
			if err == nil && len(m.Views) == 0 {
				t.Error("nothing can be read, and that is no error")
			}
			return err
		})
	})
}
