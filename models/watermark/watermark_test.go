package watermark

import (
	"bytes"
	"flag"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

var long = flag.Bool("long", false, "more sizes and pictures, for the figures in the documentation")

func psnr(a, b *image.RGBA) float64 {
	var sum float64
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix)*3/4)/sum)
}

// cut returns a part of a picture.
func cut(img *image.RGBA, left, top, right, bottom int) *image.RGBA {
	size := img.Rect.Size().Sub(image.Pt(left+right, top+bottom))
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, img, image.Pt(left, top), draw.Src)
	return out
}

var (
	bilinear = scaled(draw.BiLinear, 0.75)
	cubic    = scaled(draw.CatmullRom, 0.75)
)

// copies are what becomes of pictures.
var copies = []struct {
	name string
	of   func(*image.RGBA) *image.RGBA
}{
	{"PNG", func(img *image.RGBA) *image.RGBA { return img }},
	{"JPEG", asJPEG},
	{"bilinear", bilinear},
	{"cubic", cubic},
	{"JPEG, bilinear", func(img *image.RGBA) *image.RGBA { return bilinear(asJPEG(img)) }},
	{"JPEG, cubic", func(img *image.RGBA) *image.RGBA { return cubic(asJPEG(img)) }},
	{"bilinear, JPEG", func(img *image.RGBA) *image.RGBA { return asJPEG(bilinear(img)) }},
	{"cubic, JPEG", func(img *image.RGBA) *image.RGBA { return asJPEG(cubic(img)) }},
	{"150 %", scaled(draw.BiLinear, 1.5)},
}

// TestCopies: pictures of all kinds keep their mark in copies, and look the same.
func TestCopies(t *testing.T) {
	sizes := []image.Point{{Smallest, Smallest}, {168, 168}, {256, 482}}
	pictures := 1
	if *long {
		sizes, pictures = append(sizes, image.Pt(256, 256), image.Pt(512, 512)), 20
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes {
		for kind, drawn := range kinds {
			worst, faintest := 99.0, map[string]float64{}
			lost := map[string]int{}
			for range pictures {
				img, id := drawn(rng, size.X, size.Y), rng.Uint32()
				marked := NewEmbedder(id).Embed(img)
				worst = min(worst, psnr(marked, img))
				for _, c := range copies {
					found, ok := Detect(c.of(marked))
					if !ok || found.ID != id {
						lost[c.name]++
						t.Errorf("%v %s, %s: %08x becomes %08x, %v", size, kind, c.name, id, found.ID, found.Agree)
					}
					if f, ok := faintest[c.name]; !ok || found.Agree < f {
						faintest[c.name] = math.Round(100*found.Agree) / 100
					}
				}
			}
			if worst < 40 {
				t.Errorf("%v %s: a PSNR of %.1f dB", size, kind, worst)
			}
			t.Logf("%v %-6s %.1f dB, lost %v, faintest %v", size, kind, worst, lost, faintest)
		}
	}
}

// TestCut: edges that were cut off, also of copies. Kinds with strong contrasts at their edges lose some marks, and noise all.
func TestCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	kept := []string{"digit", "smooth", "black", "photo"}
	if *long {
		kept = append(kept, "sheet", "faces", "noise", "white", "grey", "red")
	}
	for _, kind := range kept {
		for _, side := range []int{168, 256} {
			img := NewEmbedder(77).Embed(kinds[kind](rng, side, side))
			for name, part := range map[string]*image.RGBA{"cut": cut(img, 1, 4, 3, 0), "JPEG, cut": cut(asJPEG(img), 2, 2, 2, 2), "cut, JPEG": asJPEG(cut(img, 0, 3, 1, 1))} {
				switch found, ok := Detect(part); {
				case ok && found.ID == 77:
				case *long:
					t.Logf("%d %s, %s: lost", side, kind, name)
				default:
					t.Errorf("%d %s, %s: %v", side, kind, name, found)
				}
			}
			if !*long && side == 168 {
				break
			}
		}
	}
}

// TestNoMark: pictures without a mark have none, nor those that are too small or turned, and what they agree with by chance is as the bound says.
func TestNoMark(t *testing.T) {
	pictures, searched := 60, 1
	if *long {
		pictures, searched = 1000, 30
	}
	rng := rand.New(rand.NewPCG(5, 6))
	var most, all float64
	over := 0
	const some = 0.25 // of one identifier
	for n := range pictures {
		for kind, drawn := range kinds {
			img := drawn(rng, 64+rng.IntN(80), 64+rng.IntN(80))
			if n < searched {
				if found, ok := Detect(img); ok {
					t.Errorf("%s has the mark %v", kind, found)
				}
				continue
			}
			d := newDetector(img)
			for _, l := range d.looks(across(d.seen, d.ax.basis), d.ay.basis) {
				_, agree, _ := decode(&l.soft)
				most = max(most, agree)
				sent, sum := encode(rng.Uint32()), 0.0
				for i, c := range sent {
					sum += float64(c*l.soft[i]) / coded
				}
				if all++; sum > some/2 {
					over++
				}
			}
		}
	}
	t.Logf("%d pictures in %.0f looks: the best of all marks agrees with %.3f at most, %.3f is believed", pictures*len(kinds), all, most, least)
	if most > least-0.08 {
		t.Errorf("a picture without a mark agrees with %.3f; %.3f is believed", most, least)
	}
	if bound := all * math.Exp(-coded*some*some/4); float64(over) > bound {
		t.Errorf("%d identifiers agree with more than %v, the bound is %.0f", over, some/2, bound)
	}
}

func TestSmall(t *testing.T) {
	img := kinds["photo"](rand.New(rand.NewPCG(7, 8)), 300, Smallest-1)
	if Holds(img.Rect.Size()) || NewEmbedder(1).Embed(img) != img {
		t.Error("a small picture is marked")
	}
	for _, size := range []image.Point{{0, 0}, {1, 1}, {500, 3}, {Smallest / 2, Smallest / 2}} {
		if found, ok := Detect(image.NewGray(image.Rectangle{Max: size})); ok {
			t.Errorf("%v: %v", size, found)
		}
	}
}

// TestDeterminism: equal pictures are marked equally, also a part of a larger one.
func TestDeterminism(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	large := kinds["photo"](rng, 300, 200)
	part := large.SubImage(image.Rect(50, 30, 250, 190)).(*image.RGBA)
	e := NewEmbedder(5)
	a, b := e.Embed(part), NewEmbedder(5).Embed(cut(large, 50, 30, 50, 10))
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("two times differ")
	}
}

func TestID(t *testing.T) {
	for text, want := range map[string]uint32{"0": 0, "4294967295": 4294967295, "4294967296": 0x6c1ca400, "letters": 0x7ad8dbe5} {
		if got := ID(text); got != want {
			t.Errorf("%s: %08x, want %08x", text, got, want)
		}
	}
}

func BenchmarkEmbed(b *testing.B) {
	for _, kind := range []string{"photo", "sheet"} {
		b.Run(kind, func(b *testing.B) {
			img, e := kinds[kind](rand.New(rand.NewPCG(1, 1)), 512, 512), NewEmbedder(7)
			for b.Loop() {
				e.Embed(img)
			}
		})
	}
}

func BenchmarkDetect(b *testing.B) {
	img := kinds["photo"](rand.New(rand.NewPCG(1, 1)), 512, 512)
	for name, img := range map[string]*image.RGBA{"marked": NewEmbedder(7).Embed(img), "unmarked": img} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Detect(img)
			}
		})
	}
}
