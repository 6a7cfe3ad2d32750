package film

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// source is what a film says with XMP alone.
var source = []Note{
	{"Software", "genview <v0.1.0>"},
	{"DigitalSourceType", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
	{"Description", "Made by a trained model, run letters, step 7"},
	{"Run", "letters"},
	{"Step", "7"},
}

// marked returns a film with notes and a source.
func marked() Film {
	f := filmOf(9, make6()[:2]...)
	f.About, f.Source = []Note{source[0], source[3], source[4]}, Trained
	return f
}

func notesOf(t testing.TB, p []byte) []Note {
	t.Helper()
	about, err := readAbout(bufio.NewReader(bytes.NewReader(p)))
	if err != nil {
		t.Fatal(err)
	}
	return about
}

// sameNotes tells whether notes are those of the list, in any order.
func sameNotes(got, want []Note) bool {
	return len(got) == len(want) && !slices.ContainsFunc(want, func(n Note) bool { return !slices.Contains(got, n) })
}

// without returns a PNG without chunks of a kind.
func without(t testing.TB, p []byte, kind string) []byte {
	t.Helper()
	out := []byte(pngSignature)
	if err := eachChunk(p, func(k string, data []byte) {
		if k != kind {
			out = appendPNG(out, k, data)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func appendPNG(p []byte, kind string, data []byte) []byte {
	p = binary.BigEndian.AppendUint32(p, uint32(len(data)))
	body := append([]byte(kind), data...)
	return binary.BigEndian.AppendUint32(append(p, body...), crc32.ChecksumIEEE(body))
}

// asJPEG returns a JPEG with an XMP packet and a comment, as other programs write them.
func asJPEG(t testing.TB, packet []byte, comment string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, make6()[0], nil); err != nil {
		t.Fatal(err)
	}
	p := bytes.Clone(b.Bytes()[:2])
	for _, s := range []struct {
		kind byte
		data string
	}{{0xe1, "Exif\x00\x00"}, {0xe1, jpegXMP + string(packet)}, {0xfe, comment}} {
		p = append(p, 0xff, 0xff, s.kind)
		p = binary.BigEndian.AppendUint16(p, uint16(len(s.data)+2))
		p = append(p, s.data...)
	}
	return append(p, b.Bytes()[2:]...)
}

// TestXMP: every format keeps a film's source, programs that decode it are not disturbed, and its packet alone says all.
func TestXMP(t *testing.T) {
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		p := written(t, ending, marked())
		if got := notesOf(t, p); !sameNotes(got, source) {
			t.Errorf("%s: %q", ending, got)
		}
		if n := bytes.Count(p, []byte("<xmp:CreatorTool>genview &lt;v0.1.0&gt;</xmp:CreatorTool>")); n != 1 {
			t.Errorf("%s has %d packets", ending, n)
		}
		switch ending {
		case ".gif":
			if g, err := gif.DecodeAll(bytes.NewReader(p)); err != nil || len(g.Image) != 2 {
				t.Errorf("the GIF: %v", err)
			}
			comments := bytes.Index(p, []byte{0x21, 0xfe})
			packet := bytes.Index(p, []byte("\x21\xff\x0bXMP DataXMP<?xpacket"))
			if got := notesOf(t, slices.Concat(p[:comments], p[packet:])); !sameNotes(got, source) {
				t.Errorf("a GIF without comments: %q", got)
			}
		case ".png", ".apng":
			if _, err := png.Decode(bytes.NewReader(p)); err != nil {
				t.Errorf("%s: %v", ending, err)
			}
			if got := notesOf(t, without(t, p, "tEXt")); !sameNotes(got, source) {
				t.Errorf("%s without texts: %q", ending, got)
			}
		}
	}
	if got := notesOf(t, asJPEG(t, marked().xmp(), "Run: letters")); !sameNotes(got, source) {
		t.Errorf("a JPEG: %q", got)
	}
	still := Still(make6()[0], Data)
	if got := notesOf(t, written(t, ".png", still)); !sameNotes(got, []Note{{"DigitalSourceType", sourceTypes + "dataDrivenMedia"}, {"Description", "Drawn from data of a model"}}) {
		t.Errorf("a source alone: %q", got)
	}
}

// othersXMP is as other programs write it: simple properties are attributes, and spaces stand between elements.
const othersXMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xap="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xap:CreatorTool="Camera 7" xap:Rating="5">
   <dc:description>
    <rdf:Alt> <rdf:li xml:lang="x-default">A cat &amp; a dog</rdf:li> </rdf:Alt>
   </dc:description>
   <dc:title>no</dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>`

// TestXMPOfOthers: packets of other programs, compressed ones too, and such that cannot be read, which do no harm.
func TestXMPOfOthers(t *testing.T) {
	want := []Note{{"Software", "Camera 7"}, {"Description", "A cat & a dog"}}
	bare := written(t, ".png", Still(make6()[0], ""))
	withChunk := func(kind, data string) []byte {
		return slices.Concat(bare[:len(bare)-12], appendPNG(nil, kind, []byte(data)), bare[len(bare)-12:])
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write([]byte(othersXMP)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, p := range map[string][]byte{
		"JPEG":        asJPEG(t, []byte(othersXMP), ""),
		"ImageMagick": withChunk("tEXt", fmt.Sprintf("%s\x00\nxmp\n%8d\n%x\n%x\n", pngRawXMP, len(othersXMP), othersXMP[:36], othersXMP[36:])),
		"PNG":         withChunk("iTXt", pngXMP+"\x00\x01\x00\x00\x00"+packed.String()),
	} {
		if got := slices.DeleteFunc(notesOf(t, p), func(n Note) bool { return n.Value == "" }); !sameNotes(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := notesOf(t, withChunk("zTXt", "Comment\x00\x00"+packed.String())); len(got) != 1 || got[0].Value != othersXMP {
		t.Errorf("a compressed text: %q", got)
	}
	for _, c := range []struct{ kind, data string }{
		{"tEXt", pngRawXMP + "\x00\nxmp\n 3\nhello"},
		{"tEXt", pngRawXMP + "\x00"},
		{"iTXt", pngXMP + "\x00\x01\x00\x00\x00no zlib"},
		{"iTXt", pngXMP + "\x00\x00\x00\x00\x00<a></b>"},
		{"iTXt", pngXMP + "\x00\x01"},
		{"iTXt", pngXMP + "\x00\x00\x00\x00\x00<?xml version='1.0' encoding='utf-16'?><a/>"},
	} {
		if got := notesOf(t, withChunk(c.kind, c.data)); len(got) != 0 {
			t.Errorf("%q: %q", c.data, got)
		}
	}
	deep := strings.Repeat(othersXMP, 1+noteLimit/len(othersXMP))
	packed.Reset()
	z.Reset(&packed)
	if _, err := z.Write([]byte(deep)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if got := notesOf(t, withChunk("zTXt", "Comment\x00\x00"+packed.String())); len(got) != 0 {
		t.Errorf("a text that unpacks to %d bytes is read", len(deep))
	}
}

func FuzzReadAbout(f *testing.F) {
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		made := marked()
		made.About = append(made.About, Note{"Command", "文字"})
		f.Add(written(f, ending, made))
	}
	f.Add(asJPEG(f, marked().xmp(), "Run: letters"))
	f.Add(asJPEG(f, []byte(othersXMP), "no key"))
	f.Add(without(f, written(f, ".png", marked()), "tEXt"))
	f.Fuzz(func(t *testing.T, p []byte) {
		about, err := readAbout(bufio.NewReader(bytes.NewReader(p)))
		if err != nil && about != nil {
			t.Errorf("%d notes, and %v", len(about), err)
		}
	})
}
