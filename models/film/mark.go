package film

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif"  // the formats that ReadWatermark decodes
	_ "image/jpeg" //
	_ "image/png"  //
	"io"
	"os"

	"genview/models/watermark"

	_ "golang.org/x/image/webp" //
)

// The most pixels of a picture, and the most bytes of a file, that are searched for a watermark.
const mostSearched, mostRead = 1 << 26, 1 << 28

// ReadWatermark looks for the watermark of a PNG, a GIF, a JPEG or a WebP, of animations in their first picture; see [watermark.Detect]. A
// picture that cannot be decoded has none. An error says that the file cannot be read.
func ReadWatermark(path string) (found watermark.Found, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return found, false, fmt.Errorf("film: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, mostRead))
	if err != nil {
		return found, false, fmt.Errorf("film: %w", err)
	}
	p = firstWebP(p)
	size, _, err := image.DecodeConfig(bytes.NewReader(p))
	if err != nil || size.Width < 1 || size.Height > mostSearched/size.Width {
		return found, false, nil
	}
	img, _, err := image.Decode(bytes.NewReader(p))
	if err != nil {
		return found, false, nil
	}
	found, ok = watermark.Detect(img)
	return found, ok, nil
}

// firstWebP returns the first picture of an animated WebP as a WebP of its own, because golang.org/x/image decodes no other; and any other
// file as it is.
func firstWebP(p []byte) []byte {
	if len(p) < 12 || string(p[:4]) != "RIFF" || string(p[8:12]) != "WEBP" {
		return p
	}
	const frame = 16 // bytes of an ANMF chunk before its picture
	for at := 12; len(p)-at >= 8; {
		n := int64(binary.LittleEndian.Uint32(p[at+4:]))
		if n > int64(len(p)-at-8) {
			break
		}
		if data := p[at+8:][:n]; string(p[at:at+4]) == "ANMF" && n > frame {
			return appendRIFF(nil, "RIFF", append([]byte("WEBP"), data[frame:]...))
		}
		at += 8 + int(n+n%2)
	}
	return p
}
