package codec

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"genview/models/fuzzing"
)

func TestOrientations(t *testing.T) {
	for o := TopLeft; o <= LeftBottom; o++ {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			what, notes, img := order.String()+" orientation "+string('0'+rune(o))+" in ", exif(order, o), lying(o)
			j := jpegOf(t, img)
			segment := append([]byte("\xff\xe1\x00\x00Exif\x00\x00"), notes...)
			binary.BigEndian.PutUint16(segment[2:], uint16(len(segment)-2))
			isQuarters(t, what+"JPEG", bytes.Join([][]byte{j[:2], segment, j[2:]}, nil))
			p := pngOf(t, img)
			isQuarters(t, what+"PNG", withChunk(p, pngChunk("eXIf", notes)))
			isQuarters(t, what+"PNG, at the end", bytes.Join([][]byte{p[:len(p)-12], pngChunk("eXIf", notes), p[len(p)-12:]}, nil))
			isQuarters(t, what+"TIFF", tiffOf(order, img, o))
		}
	}
	isQuarters(t, "an orientation that does not exist", tiffOf(binary.LittleEndian, quarters(), 9))
	damaged := exif(binary.BigEndian, RightTop)
	isQuarters(t, "notes that are cut off", withChunk(pngOf(t, quarters()), pngChunk("eXIf", damaged[:12])))
}

// TestOrientationOfWebP gives files of testdata notes, with the name that JPEG puts before them and without.
func TestOrientationOfWebP(t *testing.T) {
	for _, name := range []string{"lossless.webp", "lossy95.webp", "alpha.webp", "film.webp"} {
		plain, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		flat, err := upright(plain)
		if err != nil {
			t.Fatal(err)
		}
		for o := TopLeft; o <= LeftBottom; o++ {
			for _, prefix := range []string{"", "Exif\x00\x00"} {
				parts := chunk("EXIF", append([]byte(prefix), exif(binary.BigEndian, o)...))
				p := bytes.Join(append([][]byte{plain}, parts...), nil)
				got, err := upright(p)
				if err != nil {
					t.Fatal(name, err)
				}
				if want := o.Upright(flat); got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
					t.Errorf("%s with the orientation %d is not turned", name, o)
				}
			}
		}
	}
}

func TestPNGWithDamagedNotes(t *testing.T) {
	p := pngOf(t, quarters())
	for _, name := range []string{"tEXt", "gAMA", "eXIf", "iCCP"} {
		bad := pngChunk(name, []byte("Comment\x00some text"))
		bad[len(bad)-1] ^= 1
		isQuarters(t, name+" with a wrong sum", withChunk(p, bad))
	}
	isQuarters(t, "no end", p[:len(p)-12])
	isQuarters(t, "half an end", p[:len(p)-5])
	end := bytes.Clone(p)
	end[len(p)-1] ^= 1
	isQuarters(t, "an end with a wrong sum", end)
	isQuarters(t, "a note that is cut off", append(bytes.Clone(p[:len(p)-12]), 0, 0, 1, 0, 't', 'E', 'X', 't', 'a'))
	wrong := bytes.Clone(p)
	wrong[len(p)-13] ^= 1 // the sum of the pixels
	if _, err := upright(wrong); err == nil {
		t.Error("pixels with a wrong sum are taken")
	}
}

func TestGIFIsItsCanvas(t *testing.T) {
	frame := image.NewPaletted(image.Rect(40, 40, 56, 56), color.Palette{color.White, color.Black})
	file := func(w, h int) []byte {
		var b bytes.Buffer
		err := gif.EncodeAll(&b, &gif.GIF{
			Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 64, Height: 64, ColorModel: color.Palette(palette.WebSafe)},
		})
		if err != nil {
			t.Fatal(err)
		}
		p := b.Bytes()
		binary.LittleEndian.PutUint16(p[6:], uint16(w))
		binary.LittleEndian.PutUint16(p[8:], uint16(h))
		return p
	}
	for _, c := range []struct{ w, h, wantW, wantH int }{{64, 64, 64, 64}, {56, 56, 56, 56}, {50, 64, 56, 64}, {0, 0, 56, 56}} {
		got, err := upright(file(c.w, c.h))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if got.Rect.Dx() != c.wantW || got.Rect.Dy() != c.wantH {
			t.Errorf("%v: got %v", c, got.Rect)
			continue
		}
		for _, at := range []image.Point{{0, 0}, {39, 45}, {45, 39}, {40, 40}, {55, 55}} {
			want := color.RGBA{}
			if at.In(frame.Rect) {
				want = white
			}
			if g := got.RGBAAt(at.X, at.Y); g != want {
				t.Errorf("%v at %v: got %v, want %v", c, at, g, want)
			}
		}
	}
}

// TestWholeOrNot cuts off every file at every length. A cut file is an error, except where only the marker of the end is missing.
func TestWholeOrNot(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(p) * 3 / 4 {
			if strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".tif") || strings.HasSuffix(name, "film.webp") {
				break // the end of these is not the pixels'
			}
			if _, err := upright(p[:n]); err == nil {
				t.Errorf("%d of %d bytes of %s are a whole picture", n, len(p), name)
				break
			}
		}
	}
	j := jpegOf(t, quarters())
	isQuarters(t, "a JPEG without its end marker", j[:len(j)-2])
	isQuarters(t, "a JPEG with half an end marker", j[:len(j)-1])
}

// TestProgressiveWithoutItsEnd truncates a progressive JPEG between its scans: the rest is a coarse picture, which is refused.
func TestProgressiveWithoutItsEnd(t *testing.T) {
	p, err := os.ReadFile("testdata/progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	scans := 0
	for at := 2; ; {
		marker, _, next, err := segment(p, at)
		if err != nil {
			t.Fatal(err)
		}
		if marker == markerEOI {
			break
		}
		if marker == markerSOS {
			if scans++; scans > 1 {
				if _, err := upright(p[:at]); err == nil {
					t.Errorf("%d scans are a whole picture", scans-1)
				}
			}
		}
		at = next
	}
	if scans < 4 {
		t.Errorf("the file has only %d scans", scans)
	}
	if _, err := upright(p[:len(p)-2]); err != nil {
		t.Errorf("all scans without the end marker: %v", err)
	}
}

func TestWhatAFileIsIfItIsNone(t *testing.T) {
	for what, p := range map[string]string{
		"it is empty": "",
		"JPEG 2000":   "\x00\x00\x00\x0cjP  \r\n\x87\n",
		"HEIF":        "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
		"AVIF":        "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
		"SVG":         "<svg xmlns=",
		"no picture":  "a text\n",
		"too early":   "\xff\xd8",
		"JPEG":        "\xff\xd8\xff\xd9",
	} {
		if _, err := Open([]byte(p)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q gives %v, want %q in it", p, err, what)
		}
	}
}

// TestBytesAreKnownBefore compares the memory that decoders take with what Open predicts.
func TestBytesAreKnownBefore(t *testing.T) {
	rect := image.Rect(0, 0, 300, 200)
	for _, c := range []struct {
		what string
		p    []byte
		want int64
	}{
		{"RGBA PNG", pngOf(t, image.NewNRGBA(rect)), 4 * 60000},
		{"PNG of 16 bits", pngOf(t, image.NewNRGBA64(rect)), 8 * 60000},
		{"grey PNG", pngOf(t, image.NewGray(rect)), 60000},
		{"grey JPEG", jpegOf(t, image.NewGray(rect)), 9 * 60000},
		{"JPEG", jpegOf(t, image.NewRGBA(rect)), 3 * 60000},
		{"TIFF", tiffOf(binary.LittleEndian, image.NewRGBA(rect), TopLeft), 4*60000 + 2*3*60000},
	} {
		pic, err := Open(c.p)
		if err != nil {
			t.Fatal(c.what, err)
		}
		if pic.Bytes != c.want || pic.Width != 300 || pic.Height != 200 {
			t.Errorf("%s of %d×%d takes %d bytes, want %d", c.what, pic.Width, pic.Height, pic.Bytes, c.want)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := pic.Decode(); err != nil {
			t.Fatal(c.what, err)
		}
		runtime.ReadMemStats(&after)
		const fixed = 1 << 18 // tables, and readers of compressed data
		if took := int64(after.TotalAlloc - before.TotalAlloc); took > c.want+fixed {
			t.Errorf("%s takes %d bytes, and not %d", c.what, took, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		p, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var pic *Picture
		err := fuzzing.Check(t, p, fuzzing.Usage{}, func() (err error) { pic, err = Open(p); return err })
		if err != nil || pic.Bytes > 1<<24 {
			return
		}
		var img image.Image
		err = fuzzing.Check(t, p, fuzzing.Usage{Base: 4<<20 + 4*pic.Bytes}, func() (err error) { img, err = pic.Decode(); return err })
		if err != nil {
			return
		}
		w, h := pic.Orientation.Stored(pic.Width, pic.Height)
		if size := img.Bounds().Size(); size != image.Pt(w, h) {
			t.Errorf("it is %v and was to be %d×%d", size, w, h)
		}
	})
}
