package film

import (
	"bufio"
	"bytes"
	"encoding/binary"
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

// ReadAbout returns the notes of a PNG, an APNG, a GIF or a WebP, of whatever program. Of texts without a key the key is "Comment".
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
	case len(head) == 12 && string(head[4:8]) == "ftyp", bytes.HasPrefix(head, []byte("\x1a\x45\xdf\xa3")):
		return nil, errors.New("is a video, whose notes are its comment: ffprobe shows it")
	}
	return nil, errors.New("is no PNG, GIF or WebP")
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
			return about, nil
		}
		if kind != "tEXt" && kind != "iTXt" || n > noteLimit {
			if err := skip(r, n+4); err != nil {
				return nil, err
			}
			continue
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, err
		}
		if note, ok := pngNote(kind, data); ok {
			about = append(about, note)
		}
		if err := skip(r, 4); err != nil {
			return nil, err
		}
	}
}

// pngNote returns the note of a chunk; false if it has none, or a compressed one.
func pngNote(kind string, data []byte) (Note, bool) {
	key, value, ok := bytes.Cut(data, []byte{0})
	if !ok {
		return Note{}, false
	}
	if kind == "iTXt" {
		parts := bytes.SplitN(value[min(2, len(value)):], []byte{0}, 3)
		if len(parts) < 3 || value[0] != 0 {
			return Note{}, false
		}
		return Note{string(key), string(parts[2])}, true
	}
	runes := make([]rune, len(value))
	for i, c := range value {
		runes[i] = rune(c)
	}
	return Note{string(key), string(runes)}, true
}

func aboutGIF(r *bufio.Reader) (about []Note, err error) {
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if err := skip(r, colours(head[10])); err != nil {
		return nil, err
	}
	for {
		kind, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch kind {
		case 0x3b:
			return about, nil
		case 0x21:
			label, err := r.ReadByte()
			if err != nil {
				return nil, err
			}
			text, err := blocks(r)
			if err != nil {
				return nil, err
			}
			if label == 0xfe {
				about = append(about, noteOf(string(text)))
			}
		case 0x2c:
			if _, err := io.ReadFull(r, head[:9]); err != nil {
				return nil, err
			}
			if err := skip(r, colours(head[8])+1); err != nil {
				return nil, err
			}
			if _, err := blocks(r); err != nil {
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

// blocks reads blocks of a GIF up to the empty one. Of long data it returns the beginning.
func blocks(r *bufio.Reader) (data []byte, err error) {
	var block [255]byte
	for {
		n, err := r.ReadByte()
		switch {
		case err != nil:
			return nil, err
		case n == 0:
			return data, nil
		}
		if _, err := io.ReadFull(r, block[:n]); err != nil {
			return nil, err
		}
		if len(data) < noteLimit {
			data = append(data, block[:n]...)
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
		if about, err = fromXMP(packet); err != nil {
			return nil, errDamaged
		}
		if err := skip(r, n%2); err != nil {
			return nil, err
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
