package lettering

import (
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"
	"unicode"
)

var keep = flag.String("keep", "", "file to write a picture of lines to, for looking at")

func fonts(t *testing.T, o Options) *Fonts {
	t.Helper()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// drawn draws a line on white.
func drawn(f *Fonts, s string, st Style) *image.RGBA {
	l := f.Line(s, st)
	img := image.NewRGBA(image.Rect(0, 0, int(l.Width())+8, int(2*st.Size)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	l.Draw(img, 4, 1.4*st.Size, color.Black)
	return img
}

// alphabets are samples of scripts that texts may have, and characters without a shape.
var alphabets = map[string]string{
	"Latin":    "AaBbÀàÇçÆæŁłŒœßðþ0123456789.,;:!?'\"()[]{}<>@#$%&*+-/\\|_~^`",
	"Cyrillic": "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюяёєіїў",
	"Greek":    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
	"Chinese":  "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文",
	"Japanese": "あいうえおかきくけこさしすせそたちつてとアイウエオカキクケコ東京日本語漢字",
	"Korean":   "가나다라마바사아자차카타파하한글은는이가을를",
	"Arabic":   "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى",
	"Hebrew":   "אבגדהוזחטיכלמנסעפצקרשת",
	"Thai":     "กขคฆงจฉชซญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำเแโใไ็่้",
	"Hindi":    "अआइईउऊएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहािीुूेैोौ्",
	"emoji":    "😀😁😂🤣😃😄😅😆😉😊❤👍🎉🚀🌍🐍🦀",
	"rare":     "𝔸𝔹𐍈𓀀𠀀𠀁\U0010fffd",
	"signs":    " \n\t\r\x00\x01\x07\x1b\x7f\u0080\u0085\u00a0\u00ad\u00b7\u00b6\u2003\u2009\u200b\u200c\u200d\u200e\u202e\u2028\u2029\u2060\u2423\u2800\u3000\u3164\ufe0f\ufeff\ufffd\ue000\u0301\u0308",
}

// TestCharactersAreToldApart: no two characters look the same, except those that do in every font of the world.
func TestCharactersAreToldApart(t *testing.T) {
	alike := strings.NewReplacer("А", "A", "В", "B", "Е", "E", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T", "У", "Y", "Х", "X", "З", "3",
		"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ї", "ï", "К", "K", "к", "k",
		"Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N", "Ο", "O", "Ρ", "P", "Τ", "T", "Υ", "Y", "Χ", "X",
		"ο", "o", "Г", "Γ", "П", "Π", "Ф", "Φ", "κ", "ĸ", "ν", "v", "ρ", "p", "υ", "u", "ό", "ó")
	for source, o := range map[string]Options{"fonts of the program": {}, "and of the system": {CacheDir: t.TempDir()}} {
		f := fonts(t, o)
		for _, st := range []Style{{Size: 12, Mono: true, Signs: true}, {Size: 13, Signs: true}, {Size: 26, Bold: true, Signs: true}} {
			seen, count := map[string]rune{}, 0
			for script, letters := range alphabets {
				for _, r := range letters {
					if strings.Contains("一ー", string(r)) {
						continue // a dash is a dash
					}
					img := drawn(f, string(r), st)
					key := string(img.Pix)
					if first, ok := seen[key]; ok && alike.Replace(string(first)) != alike.Replace(string(r)) {
						t.Errorf("%s, %v: %U and %U of %s look the same", source, st, first, r, script)
					}
					seen[key], count = r, count+1
					if ink(img) < 2 {
						t.Errorf("%s, %v: %U of %s leaves %d pixels of ink", source, st, r, script, ink(img))
					}
				}
			}
			if count < 400 {
				t.Fatalf("%d characters were looked at", count)
			}
		}
	}
}

func ink(img *image.RGBA) (n int) {
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] < 160 {
			n++
		}
	}
	return n
}

// TestLinesHoldWhatTheyDraw: no ink lies outside the width that a line says it has, by more than a letter's overhang.
func TestLinesHoldWhatTheyDraw(t *testing.T) {
	f := fonts(t, Options{CacheDir: t.TempDir()})
	for script, letters := range alphabets {
		st := Style{Size: 14}
		l := f.Line(letters, st)
		img := image.NewRGBA(image.Rect(0, 0, int(l.Width())+80, 40))
		draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
		l.Draw(img, 40, 26, color.Black)
		for y := range 40 {
			for x := range img.Rect.Dx() {
				if (x < 36 || float64(x) > 44+l.Width()) && img.RGBAAt(x, y).R < 128 {
					t.Fatalf("%s: ink at %d of a line from 40 to %.0f", script, x, 40+l.Width())
				}
			}
		}
	}
}

// TestRightToLeft: Arabic and Hebrew are written from the right, with numbers in their midst, and a joined letter is not the lone one.
func TestRightToLeft(t *testing.T) {
	f := fonts(t, Options{CacheDir: t.TempDir()})
	st := Style{Size: 20}
	lone, word := drawn(f, "א", st), drawn(f, "אב", st)
	at := func(img *image.RGBA, right bool) image.Image {
		w := lone.Rect.Dx() - 8
		if right {
			return img.SubImage(image.Rect(img.Rect.Dx()-4-w, 0, img.Rect.Dx()-4, 40))
		}
		return img.SubImage(image.Rect(4, 0, 4+w, 40))
	}
	same := func(a, b image.Image) bool {
		for y := range 40 {
			for x := range a.Bounds().Dx() {
				r, _, _, _ := a.At(a.Bounds().Min.X+x, y).RGBA()
				q, _, _, _ := b.At(b.Bounds().Min.X+x, y).RGBA()
				if d := int(r>>8) - int(q>>8); d > 128 || d < -128 {
					return false
				}
			}
		}
		return true
	}
	if f.Line("א", st).parts[0].face == nil {
		t.Skip("SKIPPED, the system has no font of Hebrew: Debian: fonts-dejavu-core")
	}
	if same(at(word, false), at(lone, false)) {
		t.Error("the first letter of a Hebrew word is on its left")
	}
}

// TestSystemFontsAreFoundLater: where somebody wants to be told, no line waits for the fonts of the system.
func TestSystemFontsAreFoundLater(t *testing.T) {
	found := make(chan bool)
	f := fonts(t, Options{CacheDir: t.TempDir(), Found: func() { close(found) }})
	if before := f.Line("ש", Style{Size: 13}); before.Width() == 0 {
		t.Error("nothing is drawn before the fonts are found")
	}
	<-found
	if after := f.Line("ש", Style{Size: 13}); after.Width() == 0 {
		t.Error("nothing is drawn after the fonts were found")
	}
}

// TestPlain: the short way is for what the program's own font has and nothing else.
func TestPlain(t *testing.T) {
	f := fonts(t, Options{})
	for s, want := range map[string]bool{"step 1,240 of 5,000 · z": true, "Привет, κόσμε": true, "a\nb": false, "中": false, "e\u0301": false, "\u202eabc": false, "": true} {
		if got := f.Plain(s, Style{Size: 13}); got != want {
			t.Errorf("Plain(%q): got %v, want %v", s, got, want)
		}
	}
	if f.Plain("a b", Style{Size: 13, Signs: true}) {
		t.Error("a space with a sign is not plain")
	}
}

// FuzzLine: any text has a width and is drawn.
func FuzzLine(f *testing.F) {
	for _, s := range alphabets {
		f.Add(s)
	}
	f.Add("\xff\xfe👩‍👩‍👧‍👦 نص 12 عربي abc")
	all, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, signs := range []bool{false, true} {
			l := all.Line(s, Style{Size: 13, Signs: signs})
			if l.Width() < 0 || signs && s != "" && l.Width() == 0 && strings.ContainsFunc(s, unicode.IsLetter) {
				t.Errorf("%q is %v wide", s, l.Width())
			}
			l.Draw(image.NewRGBA(image.Rect(0, 0, 200, 30)), 4, 20, color.Black)
		}
	})
}

// TestKeep writes a picture of all scripts, where somebody wants to look at one.
func TestKeep(t *testing.T) {
	if *keep == "" {
		t.Skip("-keep FILE writes a picture")
	}
	img := image.NewRGBA(image.Rect(0, 0, 1100, 40*2*len(alphabets)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	y := 20.0
	for _, o := range []Options{{}, {CacheDir: t.TempDir()}} {
		f := fonts(t, o)
		for _, script := range []string{"Latin", "Cyrillic", "Greek", "Chinese", "Japanese", "Korean", "Arabic", "Hebrew", "Thai", "Hindi", "emoji", "rare", "signs"} {
			f.Line(script, Style{Size: 13}).Draw(img, 8, y, color.Black)
			x := 90.0
			for _, r := range alphabets[script] {
				l := f.Line(string(r), Style{Size: 13, Mono: true, Signs: true})
				l.Draw(img, x, y, color.Black)
				x += l.Width() + 2
			}
			f.Line(alphabets[script], Style{Size: 15}).Draw(img, 90, y+20, color.Black)
			y += 40
		}
	}
	w, err := os.Create(*keep)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := png.Encode(w, img); err != nil {
		t.Fatal(err)
	}
}
