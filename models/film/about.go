package film

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Note is a statement about a film that its file keeps, such as the seed that it was made from.
type Note struct {
	Key   string // printable ASCII without a colon, as PNG's keywords: "Software", "Author", "Comment" are usual ones
	Value string // UTF-8, without control characters but line ends
}

// String returns the note as a line of text, in which line ends are spaces.
func (n Note) String() string { return n.Key + ": " + strings.Join(strings.Fields(n.Value), " ") }

// checkNotes returns an error if a note cannot be written in every format.
func checkNotes(about []Note) error {
	for _, n := range about {
		if len(n.Key) < 1 || len(n.Key) > 79 || strings.Join(strings.Fields(n.Key), " ") != n.Key || strings.ContainsFunc(n.Key, func(r rune) bool { return r < ' ' || r > '~' || r == ':' }) {
			return fmt.Errorf("film: a note cannot be called %q: give 1 to 79 ASCII characters without a colon, and no more than one space between words", n.Key)
		}
		if !utf8.ValidString(n.Value) || strings.ContainsFunc(n.Value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			return fmt.Errorf("film: the note %s is no text: %q", n.Key, n.Value)
		}
	}
	return nil
}

// about writes a film's notes as chunks of a PNG, tEXt in Latin-1 or iTXt in UTF-8 (W3C PNG third edition, section 11.3.3), and its XMP packet.
func (c *chunkWriter) about(f Film) {
	for _, n := range f.About {
		data := append([]byte(n.Key), 0)
		latin, ok := latin1(n.Value)
		if ok {
			c.chunk("tEXt", append(data, latin...))
			continue
		}
		c.text(n.Key, []byte(n.Value))
	}
	if packet := f.xmp(); packet != nil {
		c.text(pngXMP, packet)
	}
}

// text writes a chunk iTXt: not compressed, in no language, its key not translated.
func (c *chunkWriter) text(key string, value []byte) {
	c.chunk("iTXt", append(append([]byte(key), 0, 0, 0, 0, 0), value...))
}

// latin1 returns a text in ISO 8859-1; false if it has other characters than its printable ones and line ends.
func latin1(text string) (out []byte, ok bool) {
	for _, r := range text {
		if r != '\n' && (r < ' ' || r > '~') && (r < 0xa0 || r > 0xff) {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// about writes a film's notes as comments of a GIF, "key: value" each, and its XMP packet.
func (g *gifWriter) about(f Film) {
	for _, n := range f.About {
		var b bytes.Buffer
		blocks := &blockWriter{w: &b}
		_, _ = blocks.Write([]byte(n.Key + ": " + n.Value)) // a buffer takes all
		_ = blocks.close()
		g.write(append([]byte{0x21, 0xfe}, b.Bytes()...)...)
	}
	if packet := f.xmp(); packet != nil {
		g.write(append(append([]byte("\x21\xff\x0b"+gifXMP), packet...), magicTrailer()...)...)
	}
}

// magicTrailer returns what follows the XMP packet of a GIF, which is not divided into blocks: a reader who takes bytes of the packet for
// lengths of blocks comes to the end of the extension wherever it enters the trailer (XMP specification part 3, section 1.1.2).
func magicTrailer() []byte {
	p := []byte{1}
	for i := 255; i >= 0; i-- {
		p = append(p, byte(i))
	}
	return append(p, 0)
}
