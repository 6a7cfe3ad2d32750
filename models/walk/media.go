package walk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/png"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2/maybe"
)

// WriteMedia writes frames by the file's ending: .gif and .apng move, .png is a sheet of all frames. The file is written whole or
// not at all.
func WriteMedia(path string, frames []*image.RGBA, fps int) error {
	if len(frames) == 0 || fps < 1 {
		return fmt.Errorf("walk: %d frames at %d a second make no animation: give --frames and --fps of 1 or more", len(frames), fps)
	}
	encoders := map[string]func(io.Writer, []*image.RGBA, int) error{".gif": writeGIF, ".apng": writeAPNG, ".png": writeSheet}
	encode, ok := encoders[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return fmt.Errorf("walk: %s: the ending must be .gif, .apng or .png", path)
	}
	var b bytes.Buffer
	if err := encode(&b, frames, fps); err != nil {
		return fmt.Errorf("walk: %s: %w", path, err)
	}
	if err := maybe.WriteFile(path, b.Bytes(), 0o644); err != nil {
		var at *fs.PathError
		if errors.As(err, &at) { // of a temporary file, which tells nobody anything
			err = at.Err
		}
		return fmt.Errorf("walk: %s cannot be written: %w; make room in its folder or choose another", path, err)
	}
	return nil
}

func writeSheet(w io.Writer, frames []*image.RGBA, _ int) error {
	size := frames[0].Rect.Size()
	cols := min(len(frames), max(1, 960/size.X))
	rows := (len(frames) + cols - 1) / cols
	sheet := image.NewRGBA(image.Rect(0, 0, cols*size.X, rows*size.Y))
	for i, f := range frames {
		at := image.Pt(i%cols*size.X, i/cols*size.Y)
		draw.Draw(sheet, image.Rectangle{Min: at, Max: at.Add(size)}, f, f.Rect.Min, draw.Src)
	}
	return png.Encode(w, sheet)
}

func writeGIF(w io.Writer, frames []*image.RGBA, fps int) error {
	var colours color.Palette = palette.Plan9
	var dither draw.Drawer = draw.FloydSteinberg
	if grey(frames) { // 256 greys are exact
		colours, dither = nil, draw.Src
		for i := range 256 {
			colours = append(colours, color.Gray{Y: uint8(i)})
		}
	}
	g := &gif.GIF{}
	for _, f := range frames {
		p := image.NewPaletted(f.Rect, colours)
		if dither == draw.Src {
			for y := f.Rect.Min.Y; y < f.Rect.Max.Y; y++ {
				for x := f.Rect.Min.X; x < f.Rect.Max.X; x++ {
					p.SetColorIndex(x, y, f.RGBAAt(x, y).R)
				}
			}
		} else {
			dither.Draw(p, f.Rect, f, f.Rect.Min)
		}
		g.Image = append(g.Image, p)
		g.Delay = append(g.Delay, max(2, 100/fps)) // browsers slow down what is faster
	}
	return gif.EncodeAll(w, g)
}

func grey(frames []*image.RGBA) bool {
	for _, f := range frames {
		for i := 0; i < len(f.Pix); i += 4 {
			if f.Pix[i] != f.Pix[i+1] || f.Pix[i] != f.Pix[i+2] {
				return false
			}
		}
	}
	return true
}

// writeAPNG puts the frames' PNG data into one animated PNG (W3C PNG third edition, section 11.3.2).
func writeAPNG(w io.Writer, frames []*image.RGBA, fps int) error {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	seq := uint32(0)
	chunk := func(kind string, data []byte) {
		head := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		body := append([]byte(kind), data...)
		out.Write(head)
		out.Write(body)
		out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
	}
	for i, f := range frames {
		var one bytes.Buffer
		if err := png.Encode(&one, f); err != nil {
			return err
		}
		parts := chunks(one.Bytes())
		if i == 0 {
			chunk("IHDR", parts["IHDR"])
			chunk("acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(frames))), 0))
		}
		var control []byte
		for _, v := range []uint32{seq, uint32(f.Rect.Dx()), uint32(f.Rect.Dy()), 0, 0} {
			control = binary.BigEndian.AppendUint32(control, v)
		}
		control = binary.BigEndian.AppendUint16(control, 1)
		control = binary.BigEndian.AppendUint16(control, uint16(fps))
		chunk("fcTL", append(control, 0, 0))
		seq++
		if i == 0 {
			chunk("IDAT", parts["IDAT"])
		} else {
			chunk("fdAT", append(binary.BigEndian.AppendUint32(nil, seq), parts["IDAT"]...))
			seq++
		}
	}
	chunk("IEND", nil)
	_, err := w.Write(out.Bytes())
	return err
}

// chunks splits a PNG file; chunks of one kind are joined.
func chunks(p []byte) map[string][]byte {
	out := map[string][]byte{}
	for p = p[8:]; len(p) >= 12; {
		n := int(binary.BigEndian.Uint32(p))
		kind := string(p[4:8])
		out[kind] = append(out[kind], p[8:8+n]...)
		p = p[12+n:]
	}
	return out
}
