package codec

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
)

// openPNG keeps only the chunks that the pixels need. So a damaged comment does not matter, for which image/png would refuse the whole
// file; libpng ignores it, too. The last chunk is written again, because it is empty and may be missing.
func openPNG(p []byte) (*Picture, error) {
	const signature, head, sum = 8, 8, 4
	if len(p) < signature+head+13+sum || string(p[12:16]) != "IHDR" {
		return nil, errShort
	}
	pic := &Picture{Orientation: TopLeft}
	kept := [][]byte{p[:signature]}
	transparent, ended := false, false
	for at := signature; at < len(p) && !ended; {
		rest := p[at:]
		if len(rest) < head+sum {
			break
		}
		name, size := string(rest[4:8]), uint64(binary.BigEndian.Uint32(rest))
		if size > uint64(len(rest)-head-sum) {
			if name == "IDAT" { // the decoder says what is missing
				kept = append(kept, rest)
			}
			break
		}
		chunk := rest[:head+size+sum]
		at += len(chunk)
		whole := func() bool {
			return crc32.ChecksumIEEE(chunk[4:head+size]) == binary.BigEndian.Uint32(chunk[head+size:])
		}
		switch {
		case name == "eXIf" && whole():
			pic.Orientation = exifOrientation(chunk[head : head+size])
		case name == "tRNS" && whole():
			transparent = true
			kept = append(kept, chunk)
		case name == "IEND":
			ended = true
		case name[0]&0x20 == 0: // critical chunks begin with a capital
			kept = append(kept, chunk)
		}
	}
	kept = append(kept, []byte("\x00\x00\x00\x00IEND\xae\x42\x60\x82"))
	describePNG(pic, p[16:29], transparent)
	pic.decode = func() (image.Image, error) { return png.Decode(behind(kept...)) }
	return pic, nil
}

// describePNG reads the 13 bytes of an IHDR chunk. Bytes are those of the types that image/png returns, doubled for interlaced files,
// because each pass is a picture, too.
func describePNG(pic *Picture, ihdr []byte, transparent bool) {
	pic.Width, pic.Height = int(binary.BigEndian.Uint32(ihdr)), int(binary.BigEndian.Uint32(ihdr[4:]))
	depth, kind, interlaced := int64(ihdr[8]), ihdr[9], ihdr[12] != 0
	pic.Grey = kind == 0 || kind == 4
	px := int64(4)
	switch {
	case kind == 3, kind == 0 && !transparent:
		px = 1
	}
	if depth == 16 {
		px *= 2
	}
	if interlaced {
		px *= 2
	}
	if pic.Width > 0 && pic.Width <= maxSide && pic.Height > 0 && pic.Height <= maxSide {
		pic.Bytes = px * int64(pic.Width) * int64(pic.Height)
	}
}
