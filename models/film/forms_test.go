package film

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// toRGBA copies a decoded picture.
func toRGBA(img image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// riffChunks yields the chunks of a RIFF file's body.
func riffChunks(p []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(p) >= 8 {
			n := int(binary.LittleEndian.Uint32(p[4:]))
			if !yield(string(p[:4]), p[8:8+n]) {
				return
			}
			p = p[8+n+n%2:]
		}
	}
}

// webpPictures returns the pictures of an animated WebP, each decoded as a WebP of its own, and their times in milliseconds.
func webpPictures(t *testing.T, p []byte) (all []*image.RGBA, times []int) {
	t.Helper()
	if n := int(binary.LittleEndian.Uint32(p[4:])); n != len(p)-8 {
		t.Fatalf("the file says that it has %d bytes, and has %d", n+8, len(p))
	}
	for kind, data := range riffChunks(p[12:]) {
		if kind != "ANMF" {
			continue
		}
		times = append(times, int(data[12])|int(data[13])<<8|int(data[14])<<16)
		one := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(data)-16+4))...)
		img, err := webp.Decode(bytes.NewReader(append(append(one, "WEBP"...), data[16:]...)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, toRGBA(img))
	}
	return all, times
}

// random returns a film of pictures of few or many colours.
func random(rng *rand.Rand, w, h, frames, most int) (all []*image.RGBA) {
	for range frames {
		img := uniform(w, h, color.RGBA{A: 255})
		for i := range w * h {
			for c := range 3 {
				img.Pix[4*i+c] = uint8(rng.IntN(most) * 255 / most)
			}
		}
		all = append(all, img)
	}
	return all
}

// TestWebPIsExact has pictures of all small sizes, of one colour to all, and of one frame, which an independent decoder reads back.
func TestWebPIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		w, h := 1+rng.IntN(40), 1+rng.IntN(40)
		f := filmOf(1+rng.IntN(60), random(rng, w, h, 2, []int{1, 2, 3, 20, 256}[i%5])...)
		want := slices.Collect(maps2(f.Pictures))
		var file bytes.Buffer
		if err := WriteTo(&file, ".webp", f); err != nil {
			t.Fatal(err)
		}
		got, times := webpPictures(t, file.Bytes())
		if len(got) != 2 || !bytes.Equal(got[0].Pix, want[0].Pix) || !bytes.Equal(got[1].Pix, want[1].Pix) {
			t.Fatalf("%d by %d: %d pictures are not those that were written", w, h, len(got))
		}
		if sum := times[0] + times[1]; math.Abs(float64(sum)-2000/float64(f.FPS)) > 0.5 {
			t.Errorf("2 frames at %d a second take %d ms", f.FPS, sum)
		}
	}
	still := random(rng, 13, 7, 1, 256)[0]
	img, err := webp.Decode(bytes.NewReader(written(t, ".webp", Still(still, Trained))))
	if err != nil || !bytes.Equal(toRGBA(img).Pix, still.Pix) {
		t.Errorf("a still picture differs: %v", err)
	}
}

func maps2(seq iter.Seq2[*image.RGBA, error]) iter.Seq[*image.RGBA] {
	return func(yield func(*image.RGBA) bool) {
		for img := range seq {
			if !yield(img) {
				return
			}
		}
	}
}

// TestFolderIsResumed: pictures keep their numbers, what is missing or torn is found and made again, and nothing else.
func TestFolderIsResumed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "frames") + "/"
	part := func(numbers ...int) Film {
		f := Film{Frames: len(numbers), FPS: 25, Numbers: numbers, Pictures: func(yield func(*image.RGBA, error) bool) {
			for _, n := range numbers {
				if !yield(uniform(3, 2, color.RGBA{uint8(n), 0, 0, 255}), nil) {
					return
				}
			}
		}}
		f.About = []Note{{"Run", "letters"}}
		return f
	}
	all := []int{5, 6, 7, 8, 9, 123456}
	if got, err := Missing(dir, all); err != nil || !slices.Equal(got, all) {
		t.Errorf("of a folder that is not there %v are missing, %v", got, err)
	}
	broken := part(5, 6, 7)
	broken.Frames = 9
	broken.Numbers = []int{5, 6, 7, 8, 9, 10, 11, 12, 13}
	if err := Write(dir, broken); err == nil || !strings.Contains(err.Error(), "a film of 9 pictures has 3 (") {
		t.Errorf("a film that breaks off: %v", err)
	}
	if err := Write(dir, part(5, 6, 7, 8, 9)); err != nil {
		t.Fatal(err)
	}
	torn := PictureName(dir, 6)
	p, err := os.ReadFile(torn)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{p[:len(p)-12], p[:len(p)-1], p[:40], {}, bytes.Replace(p, []byte("letters"), []byte("lettars"), 1)} {
		if err := os.WriteFile(torn, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := Missing(dir, all); err != nil || !slices.Equal(got, []int{6, 123456}) {
			t.Errorf("with %d bytes of %d, %v are missing, %v", len(bad), len(p), got, err)
		}
	}
	if err := Write(dir, part(6, 123456)); err != nil {
		t.Fatal(err)
	}
	if got, err := Missing(dir, all); err != nil || len(got) > 0 {
		t.Errorf("in the end %v are missing, %v", got, err)
	}
	for _, n := range all {
		p, err := os.ReadFile(PictureName(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		if img, err := png.Decode(bytes.NewReader(p)); err != nil || toRGBA(img).RGBAAt(2, 1).R != uint8(n) {
			t.Errorf("picture %d: %v", n, err)
		}
	}
	if err := os.Mkdir(PictureName(dir, 77), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Missing(dir, []int{77}); err == nil || !strings.Contains(err.Error(), "00077.png is no picture, but a folder, a pipe") {
		t.Errorf("a folder in place of a picture gives %v", err)
	}
	if _, err := ReadAbout(dir); err == nil || !strings.Contains(err.Error(), "is a folder: give one of its files") {
		t.Errorf("the notes of a folder: %v", err)
	}
	if _, err := Missing("x.gif", all); err == nil || !strings.Contains(err.Error(), "only a folder of pictures") {
		t.Errorf("a GIF is resumed: %v", err)
	}
	if err := Write(filepath.Join(t.TempDir(), "none", "frames")+"/", part(1)); err == nil || !strings.Contains(err.Error(), "cannot be made: no such file") {
		t.Errorf("below a folder that is not there: %v", err)
	}
}

// TestRaw: pixels alone, as they are shown.
func TestRaw(t *testing.T) {
	f := filmOf(1, random(rand.New(rand.NewPCG(3, 4)), 5, 3, 2, 256)...)
	f.Scale = 2
	var got, want bytes.Buffer
	for img := range f.Pictures {
		want.Write(magnify(img, 2).Pix)
	}
	if err := WriteTo(&got, Raw, f); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes of %d, %v", got.Len(), want.Len(), err)
	}
	if err := WriteTo(io.Discard, "x/", f); err == nil || !strings.Contains(err.Error(), "standard output") {
		t.Errorf("a folder to standard output: %v", err)
	}
}

// TestWriteTo: what goes to a writer is what goes to a file, also of formats that go back in it.
func TestWriteTo(t *testing.T) {
	f := filmOf(1, make6()...)
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		var got bytes.Buffer
		if err := WriteTo(&got, ending, f); err != nil || !bytes.Equal(got.Bytes(), written(t, ending, f)) {
			t.Errorf("%s: %d bytes, %v", ending, got.Len(), err)
		}
	}
}

// TestAbout: each format keeps notes, in Latin-1 or not, and gives them back; pictures are not harmed.
func TestAbout(t *testing.T) {
	about := []Note{
		{"Software", " genview v0.1.0 "},
		{"Run", "Große Buchstaben: é"},
		{"Command", "genview walk 'runs/文字' --from <seed:1> & \"x\"\n"},
		{"Run", strings.Repeat("long ", 200)},
		{"Empty", ""},
	}
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		for _, frames := range []int{1, 4} {
			f := filmOf(9, make6()[:frames]...)
			bare := written(t, ending, f)
			f.About = about
			path := filepath.Join(t.TempDir(), "x"+ending)
			if err := Write(path, f); err != nil {
				t.Fatal(err)
			}
			if got, err := ReadAbout(path); err != nil || !slices.Equal(got, about) {
				t.Errorf("%s of %d: got %q, %v", ending, frames, got, err)
			}
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			switch ending {
			case ".gif":
				_, times := gifPictures(t, p)
				if len(times) != frames {
					t.Errorf("the GIF has %d frames", len(times))
				}
			case ".webp":
				if got, _ := webpPictures(t, p); frames > 1 && len(got) != frames {
					t.Errorf("the WebP has %d frames", len(got))
				}
			default:
				if _, err := png.Decode(bytes.NewReader(p)); err != nil {
					t.Errorf("%s: %v", ending, err)
				}
			}
			for cut := range len(p) { // a WebP's chunks may end anywhere
				if _, err := readAbout(bufio.NewReader(bytes.NewReader(p[:cut]))); err == nil && ending != ".webp" {
					t.Errorf("%s: %d bytes of %d are whole", ending, cut, len(p))
				}
			}
			if err := os.WriteFile(path, bare, 0o644); err != nil {
				t.Fatal(err)
			}
			if got, err := ReadAbout(path); err != nil || len(got) > 0 {
				t.Errorf("%s without notes: got %q, %v", ending, got, err)
			}
		}
	}
	for _, bad := range []Note{{"", "x"}, {"a:b", "x"}, {" a", "x"}, {"a  b", "x"}, {"é", "x"}, {strings.Repeat("a", 80), "x"}, {"a", "\x00"}, {"a", "\xff"}, {"a", "\x1b[31m"}} {
		f := filmOf(1, make6()...)
		f.About = []Note{bad}
		if err := WriteTo(io.Discard, ".gif", f); err == nil || !strings.Contains(err.Error(), "note") {
			t.Errorf("the note %q: %v", bad, err)
		}
	}
}

// TestAboutOfOthers: files that have no notes, or not ours.
func TestAboutOfOthers(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ bytes, want string }{
		"text":  {"hello", "is no PNG, GIF, WebP or JPEG"},
		"empty": {"", "is no PNG, GIF, WebP or JPEG"},
		"mp4":   {"\x00\x00\x00\x20ftypisom\x00", "is a video"},
		"webm":  {"\x1a\x45\xdf\xa3\x00\x00\x00\x00\x00\x00\x00\x00\x00", "is a video"},
		"xmp":   {"RIFF\x20\x00\x00\x00WEBPXMP \xff\x00\x00\x00<a></a>", "is damaged"},
		"jpeg":  {"\xff\xd8\xff\xe1\x00\x10http", "is damaged"},
		"short": {"\xff\xd8\xff\xe1\x00\x01", "is damaged"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.bytes), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadAbout(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := ReadAbout(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestSameBytes: a film gives the same bytes at every time, whatever core encodes what.
func TestSameBytes(t *testing.T) {
	for _, ending := range []string{".gif", ".apng", ".png", ".webp"} {
		f := waves(16, 20, 0.5)
		f.Size, f.Captions = 40, func(int) string { return "caption" }
		if a, b := written(t, ending, f), written(t, ending, f); !bytes.Equal(a, b) {
			t.Errorf("%s: two times differ", ending)
		}
	}
}
