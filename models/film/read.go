package film

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// noteLimit is the largest chunk in bytes that notes are read from.
const noteLimit = 1 << 20

var errDamaged = errors.New("is damaged")

// ReadAbout returns the notes of a PNG, an APNG, a GIF, a WebP or a JPEG, of whatever program: its texts, and then what its XMP packet says
// beyond them. Of texts without a key the key is "Comment".
func ReadAbout(path string) ([]Note, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("film: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("film: %s is a folder: give one of its files", path)
	}
	about, err := readAbout(bufio.NewReader(f))
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("film: %s %w", path, err)
	}
	return about, nil
}

// readAbout reads the notes of a file. An error is the end of a sentence that begins with the file's name.
func readAbout(r *bufio.Reader) ([]Note, error) {
	head, err := r.Peek(12)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return aboutPNG(r)
	case bytes.HasPrefix(head, []byte("GIF8")):
		return aboutGIF(r)
	case len(head) == 12 && string(head[:4]) == "RIFF" && string(head[8:]) == "WEBP":
		return aboutWebP(r)
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return aboutJPEG(r)
	case len(head) == 12 && string(head[4:8]) == "ftyp", bytes.HasPrefix(head, []byte("\x1a\x45\xdf\xa3")):
		return nil, errors.New("is a video, whose notes are its comment: ffprobe shows it")
	}
	return nil, errors.New("is no PNG, GIF, WebP or JPEG")
}

func noteOf(text string) Note {
	if key, value, ok := strings.Cut(text, ": "); ok && checkNotes([]Note{{key, ""}}) == nil {
		return Note{key, value}
	}
	return Note{"Comment", text}
}

// skip leaves out n bytes.
func skip(r *bufio.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

func aboutPNG(r *bufio.Reader) (about []Note, err error) {
	if err := skip(r, int64(len(pngSignature))); err != nil {
		return nil, err
	}
	var more []Note
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		n, kind := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		if kind == "IEND" {
			if err := skip(r, n+4); err != nil {
				return nil, err
			}
			return with(about, more), nil
		}
		if kind != "tEXt" && kind != "iTXt" && kind != "zTXt" || n > noteLimit {
			if err := skip(r, n+4); err != nil {
				return nil, err
			}
			continue
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, err
		}
		switch note, ok := pngNote(kind, data); {
		case ok && note.Key == pngXMP:
			more = append(more, fromXMP([]byte(note.Value))...)
		case ok && note.Key == pngRawXMP:
			more = append(more, fromXMP(rawProfile(note.Value))...)
		case ok:
			about = append(about, note)
		}
		if err := skip(r, 4); err != nil {
			return nil, err
		}
	}
}

// pngNote returns the note of a chunk; false if it has none that can be read.
func pngNote(kind string, data []byte) (Note, bool) {
	key, value, ok := bytes.Cut(data, []byte{0})
	if !ok {
		return Note{}, false
	}
	packed := false
	switch {
	case kind == "zTXt":
		packed, value = true, value[min(1, len(value)):]
	case kind == "iTXt":
		parts := bytes.SplitN(value[min(2, len(value)):], []byte{0}, 3)
		if len(parts) < 3 {
			return Note{}, false
		}
		packed, value = value[0] != 0, parts[2]
	}
	if packed {
		if value, ok = unpacked(value); !ok {
			return Note{}, false
		}
	}
	if kind == "iTXt" {
		return Note{string(key), string(value)}, true
	}
	runes := make([]rune, len(value))
	for i, c := range value {
		runes[i] = rune(c)
	}
	return Note{string(key), string(runes)}, true
}

// unpacked returns what zlib has compressed; false: it is damaged, or long.
func unpacked(p []byte) ([]byte, bool) {
	z, err := zlib.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(z, noteLimit+1))
	return out, err == nil && len(out) <= noteLimit
}

// rawProfile returns what ImageMagick writes as a text of a PNG: a kind, a length, and bytes as hexadecimal digits; nil: that it is not.
func rawProfile(text string) []byte {
	fields := strings.Fields(text)
	p, _ := hex.DecodeString(strings.Join(fields[min(2, len(fields)):], ""))
	return p
}

func aboutGIF(r *bufio.Reader) (about []Note, err error) {
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if err := skip(r, colours(head[10])); err != nil {
		return nil, err
	}
	var more []Note
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch kind {
		case 0x3b:
			return with(about, more), nil
		case 0x21:
			label, err := r.ReadByte()
			if err != nil {
				return nil, err
			}
			switch text, whole, err := blocks(r); {
			case err != nil:
				return nil, err
			case label == 0xfe:
				about = append(about, noteOf(string(text)))
			case label == 0xff && bytes.HasPrefix(whole[1:], []byte(gifXMP)):
				packet := whole[1+len(gifXMP):]
				more = append(more, fromXMP(packet[:max(0, len(packet)-len(magicTrailer()))])...)
			}
		case 0x2c:
			if _, err := io.ReadFull(r, head[:9]); err != nil {
				return nil, err
			}
			if err := skip(r, colours(head[8])+1); err != nil {
				return nil, err
			}
			if _, _, err := blocks(r); err != nil {
				return nil, err
			}
		default:
			return nil, errDamaged
		}
	}
}

// colours returns the length of the palette that flags announce.
func colours(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// blocks reads blocks of a GIF up to the empty one. Of long data it returns the beginning. whole is the data with the lengths of its blocks.
func blocks(r *bufio.Reader) (data, whole []byte, err error) {
	var block [255]byte
	for {
		n, err := r.ReadByte()
		switch {
		case err != nil:
			return nil, nil, err
		case n == 0:
			return data, append(whole, 0), nil
		}
		if _, err := io.ReadFull(r, block[:n]); err != nil {
			return nil, nil, err
		}
		if len(data) < noteLimit {
			data, whole = append(data, block[:n]...), append(append(whole, n), block[:n]...)
		}
	}
}

func aboutWebP(r *bufio.Reader) (about []Note, err error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	for {
		if _, err := io.ReadFull(r, head[:8]); errors.Is(err, io.EOF) {
			return about, nil
		} else if err != nil {
			return nil, err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		if string(head[:4]) != "XMP " || n > noteLimit {
			if err := skip(r, n+n%2); err != nil {
				return nil, err
			}
			continue
		}
		packet := make([]byte, n)
		if _, err := io.ReadFull(r, packet); err != nil {
			return nil, err
		}
		about = fromXMP(packet)
		if err := skip(r, n%2); err != nil {
			return nil, err
		}
	}
}

// aboutJPEG reads the comments and the XMP packet of a JPEG (ISO 10918-1, annex B): its segments up to the picture's data.
func aboutJPEG(r *bufio.Reader) (about []Note, err error) {
	const app1, comment, scan, end = 0xe1, 0xfe, 0xda, 0xd9
	if err := skip(r, 2); err != nil {
		return nil, err
	}
	var more []Note
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:2]); err != nil {
			return nil, err
		}
		for head[0] == 0xff && head[1] == 0xff { // segments may have more of these before them
			if head[1], err = r.ReadByte(); err != nil {
				return nil, err
			}
		}
		switch {
		case head[0] != 0xff:
			return nil, errDamaged
		case head[1] == scan, head[1] == end:
			return with(about, more), nil
		}
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return nil, err
		}
		n := int(binary.BigEndian.Uint16(head[2:])) - 2
		if n < 0 {
			return nil, errDamaged
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, err
		}
		packet, isXMP := bytes.CutPrefix(data, []byte(jpegXMP))
		switch {
		case head[1] == app1 && isXMP:
			more = append(more, fromXMP(packet)...)
		case head[1] == comment:
			about = append(about, noteOf(string(data)))
		}
	}
}

// eachChunk goes through the chunks of a PNG. An error says that one is not whole.
func eachChunk(p []byte, do func(kind string, data []byte)) error {
	if !bytes.HasPrefix(p, []byte(pngSignature)) {
		return errDamaged
	}
	for p = p[len(pngSignature):]; len(p) > 0; {
		if len(p) < 12 {
			return errDamaged
		}
		n := int64(binary.BigEndian.Uint32(p))
		if int64(len(p)) < 12+n || crc32.ChecksumIEEE(p[4:8+n]) != binary.BigEndian.Uint32(p[8+n:]) {
			return errDamaged
		}
		do(string(p[4:8]), p[8:8+n])
		p = p[12+n:]
	}
	return nil
}
