package viewer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hajimehoshi/ebiten/v2"
)

// pad is a field and who types in it.
type pad struct {
	field
	t     *testing.T
	in    Input
	shown string
	board *board
}

var padArea = Rect{20, 10, 320, 34}

// newPad returns a field that is being edited, with the caret at the end.
func newPad(t *testing.T, text string) *pad {
	p := &pad{t: t, shown: text, board: &board{}}
	p.in = Input{Now: time.Unix(0, 0), Clipboard: p.board, Fonts: ownFonts()}
	p.click(0)
	p.key(Keys{End: true})
	return p
}

// letter returns the place before character i of a text of characters of one width.
func letter(i int) Point { return Point{padArea.X + fieldMargin + 9.002*float64(i), padArea.Y + 17} }

func (p *pad) tick() {
	p.in.Now = p.in.Now.Add(time.Second / 60)
	p.update(p.in, padArea, p.shown)
	p.in.Typed, p.in.Keys, p.in.Pressed, p.in.Moved = "", Keys{}, false, false
}

func (p *pad) click(i int) {
	p.in.Cursor, p.in.Pressed, p.in.Held = letter(i), true, true
	p.tick()
	p.in.Held = false
	p.tick()
}

func (p *pad) drag(from, to int) {
	p.in.Cursor, p.in.Pressed, p.in.Held = letter(from), true, true
	p.tick()
	p.in.Cursor, p.in.Moved = letter(to), true
	p.tick()
	p.in.Held = false
	p.tick()
}

func (p *pad) key(k Keys) {
	p.in.Keys = k
	p.tick()
}

func (p *pad) typed(s string) {
	p.in.Typed = s
	p.tick()
}

// has checks the text. The caret is a |, and what is selected is between [ and ].
func (p *pad) has(when, want string) {
	p.t.Helper()
	r, from, to := []rune(p.text), min(p.caret, p.mark), max(p.caret, p.mark)
	got := string(r[:from]) + "|" + string(r[to:])
	if from < to {
		got = string(r[:from]) + "[" + string(r[from:to]) + "]" + string(r[to:])
	}
	if got != want {
		p.t.Errorf("%s: got %q, want %q", when, got, want)
	}
}

// TestCaret: moves and deletions go by what a user sees as one character, or by words.
func TestCaret(t *testing.T) {
	const family = "👩‍👩‍👧" // five code points
	for _, c := range []struct {
		name, text string
		keys       []Keys
		want       string
	}{
		{"left", "abc", []Keys{{Left: true}}, "ab|c"},
		{"left at the beginning", "ab", []Keys{{Home: true}, {Left: true}}, "|ab"},
		{"right at the end", "ab", []Keys{{Right: true}}, "ab|"},
		{"a combining mark", "xe\u0301", []Keys{{Left: true}}, "x|e\u0301"},
		{"an emoji of several", "a" + family, []Keys{{Left: true}}, "a|" + family},
		{"erase an emoji", "a" + family, []Keys{{Erase: true}}, "a|"},
		{"delete an emoji", family + "b", []Keys{{Home: true}, {Delete: true}}, "|b"},
		{"a word to the left", "one two, three", []Keys{{Left: true, Word: true}, {Left: true, Word: true}}, "one |two, three"},
		{"a word to the right", "one two, three", []Keys{{Home: true}, {Right: true, Word: true}, {Right: true, Word: true}}, "one two|, three"},
		{"erase a word", "one two", []Keys{{Erase: true, Word: true}}, "one |"},
		{"delete a word", "one two", []Keys{{Home: true}, {Delete: true, Word: true}}, "| two"},
		{"extend", "abcd", []Keys{{Left: true, Shift: true}, {Left: true, Shift: true}}, "ab[cd]"},
		{"left of a selection", "abcd", []Keys{{Left: true, Shift: true}, {Left: true, Shift: true}, {Left: true}}, "ab|cd"},
		{"right of a selection", "abcd", []Keys{{Home: true}, {Right: true, Shift: true}, {Right: true}}, "a|bcd"},
		{"to the beginning", "abcd", []Keys{{Left: true}, {Home: true, Shift: true}}, "[abc]d"},
		{"everything", "abcd", []Keys{{All: true}}, "[abcd]"},
		{"erase a selection", "abcd", []Keys{{Left: true, Shift: true}, {Erase: true}}, "abc|"},
		{"nothing to erase", "", []Keys{{Erase: true}, {Delete: true}, {Erase: true, Word: true}, {Right: true, Word: true}}, "|"},
	} {
		p := newPad(t, c.text)
		for _, k := range c.keys {
			p.key(k)
		}
		p.has(c.name, c.want)
	}
}

// TestMouseInAField: a click places the caret, two select a word, three everything, and a drag selects.
func TestMouseInAField(t *testing.T) {
	p := newPad(t, "one two three")
	later := func() { p.in.Now = p.in.Now.Add(time.Second) }
	later()
	p.click(5)
	p.has("a click", "one t|wo three")
	p.click(5)
	p.has("two clicks", "one [two] three")
	p.click(5)
	p.has("three clicks", "[one two three]")
	later()
	p.drag(2, 6)
	p.has("a drag", "on[e tw]o three")
	p.typed("X")
	p.has("typing over it", "onX|o three")
	later()
	p.in.Keys.Shift = true
	p.in.Cursor, p.in.Pressed = letter(1), true
	p.tick()
	p.has("a click with Shift", "o[nX]o three")
	p.in.Cursor, p.in.Outside = Point{}, true
	if p.tick(); p.on {
		t.Error("a click elsewhere does not end the editing")
	}
	p.in.Outside, p.shown = false, p.text
	p.drag(1, 3)
	p.has("a drag that begins the editing", "o[nX]o three")
}

// TestClipboard: copying leaves the text, cutting removes it, and pasting takes out what has no place in a line.
func TestClipboard(t *testing.T) {
	p := newPad(t, "abcd")
	p.key(Keys{Copy: true})
	p.key(Keys{Cut: true})
	if p.has("nothing is selected", "abcd|"); p.board.text != "" {
		t.Errorf("without a selection %q is copied", p.board.text)
	}
	p.key(Keys{Left: true, Word: true, Shift: true})
	p.key(Keys{Copy: true})
	p.has("copied", "[abcd]")
	p.key(Keys{Right: true})
	p.key(Keys{Paste: true})
	p.has("pasted", "abcdabcd|")
	p.key(Keys{All: true})
	p.key(Keys{Cut: true})
	if p.has("cut", "|"); p.board.text != "abcdabcd" {
		t.Errorf("the clipboard has %q", p.board.text)
	}
	p.board.text = "a\x00\x1b[31m\tб\r\n日本\xff"
	p.key(Keys{Paste: true})
	p.has("a foreign text", "a[31m\tб\n日本|")
}

// TestUndo: a step takes back a word that was typed, a deletion or a paste, with the caret where it was; redo makes it anew.
func TestUndo(t *testing.T) {
	p := newPad(t, "x")
	for _, s := range []string{" ", "a", "b", " ", "c"} {
		p.typed(s)
	}
	p.key(Keys{Home: true})
	p.key(Keys{Delete: true})
	undo := []string{"|x ab c", "x ab |", "x ab|", "x |", "x|"}
	for i, want := range append(undo, "x|") { // the last one has nothing to undo
		p.key(Keys{Undo: true})
		p.has("undo "+string(rune('1'+i)), want)
	}
	for _, want := range []string{"x |", "x ab|", "x ab |"} {
		p.key(Keys{Redo: true})
		p.has("redo", want)
	}
	p.typed("d")
	p.key(Keys{Redo: true})
	p.has("redo after a change", "x ab d|")
	p = newPad(t, "")
	for range mostUndone + 50 {
		p.key(Keys{})
		p.typed(" ")
	}
	if n := len(p.history.past); n != mostUndone {
		t.Errorf("%d changes are kept", n)
	}
}

// TestLongTextScrolls: the caret of a text that is longer than the field stays in it, wherever it goes, and so does that of a short one.
func TestLongTextScrolls(t *testing.T) {
	for _, text := range []string{strings.Repeat("long words ", 20), strings.Repeat("日本語", 40), "short", ""} {
		p := newPad(t, text)
		check := func(when string) {
			t.Helper()
			if p.at.X < padArea.X+fieldMargin-0.1 || p.at.X+p.at.W > padArea.X+padArea.W-fieldMargin+0.1 {
				t.Errorf("%q, %s: the caret is at %v, in a field at %v", text, when, p.at, padArea)
			}
			if text == "short" && p.scroll != 0 {
				t.Errorf("%s: a short text is scrolled by %v", when, p.scroll)
			}
		}
		check("at the end")
		for range 60 {
			p.key(Keys{Left: true})
			check("on the way to the left")
		}
		p.key(Keys{Home: true})
		check("at the beginning")
		if p.scroll != 0 {
			t.Errorf("at the beginning the text is scrolled by %v", p.scroll)
		}
		for range 60 {
			p.key(Keys{Right: true})
			check("on the way to the right")
		}
	}
}

// TestComposing: characters of an input method are seen at the caret, and are no part of the text before they are put there.
func TestComposing(t *testing.T) {
	p := newPad(t, "ab")
	p.key(Keys{Left: true})
	p.in.Composing = "にほ"
	p.tick()
	if text, caret := p.seen(); text != "aにほb" || caret != 3 || p.text != "ab" {
		t.Errorf("seen is %q with the caret at %d, and the text is %q", text, caret, p.text)
	}
	p.in.Composing = ""
	p.typed("日本")
	p.has("put there", "a日本|b")
}

// TestLettersOf: shortcuts are by what a key types, and by its place on a US keyboard where it types no Latin letter.
func TestLettersOf(t *testing.T) {
	keys := []ebiten.Key{ebiten.KeyA, ebiten.KeyBracketRight, ebiten.KeyDigit0, ebiten.KeyShift}
	for layout, c := range map[string]struct {
		names map[ebiten.Key]string
		want  string
	}{
		"US":      {map[ebiten.Key]string{ebiten.KeyA: "a", ebiten.KeyBracketRight: "]", ebiten.KeyDigit0: "0"}, "a]0"},
		"French":  {map[ebiten.Key]string{ebiten.KeyA: "q", ebiten.KeyBracketRight: "$", ebiten.KeyDigit0: "à"}, "q$0"},
		"German":  {map[ebiten.Key]string{ebiten.KeyA: "a", ebiten.KeyBracketRight: "+", ebiten.KeyDigit0: "0"}, "a+0"},
		"Russian": {map[ebiten.Key]string{ebiten.KeyA: "ф", ebiten.KeyBracketRight: "ъ", ebiten.KeyDigit0: "0"}, "a0"},
		"unknown": {nil, "a0"},
	} {
		if got := lettersOf(keys, func(k ebiten.Key) string { return c.names[k] }); got != c.want {
			t.Errorf("%s: got %q, want %q", layout, got, c.want)
		}
	}
	if by, ok := sizeKey("+"); !ok || by != 1 {
		t.Errorf("+ is %d, %v", by, ok)
	}
}

// TestWordAt selects words of several scripts, and what lies between two.
func TestWordAt(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
		want string
	}{
		{"one, two", 1, "one"}, {"one, two", 4, ", "}, {"one, two", 8, "two"}, {"Привет мир", 8, "мир"}, {"", 0, ""}, {"  ", 1, "  "}, {"a ", 2, " "},
	} {
		if got := (edit{text: c.text}).wordAt(c.at).selected(); got != c.want {
			t.Errorf("at %d of %q: %q, want %q", c.at, c.text, got, c.want)
		}
	}
	if got := (edit{text: "e\u0301x"}).stops(); !slices.Equal(got, []int{0, 2, 3}) {
		t.Errorf("stops at %v", got)
	}
}

// TestFieldsAreDrawn compares fields with a picture, in both themes.
func TestFieldsAreDrawn(t *testing.T) {
	long := "To be, or not to be, that is the question:\nWhether 'tis nobler"
	var pads []*pad
	for _, do := range []func(p *pad){
		func(p *pad) { p.key(Keys{Escape: true}) },
		func(p *pad) { p.key(Keys{All: true}) },
		func(p *pad) {},
		func(p *pad) {
			for range 5 {
				p.key(Keys{Left: true, Word: true})
			}
			p.key(Keys{Left: true, Word: true, Shift: true})
		},
		func(p *pad) {
			p.key(Keys{All: true})
			p.typed("ab עברית")
			p.key(Keys{Home: true})
			p.key(Keys{Right: true})
			for range 4 {
				p.key(Keys{Right: true, Shift: true})
			}
		},
		func(p *pad) {
			p.key(Keys{Home: true})
			p.in.Composing = "にほん"
			p.tick()
		},
	} {
		p := newPad(t, long)
		do(p)
		pads = append(pads, p)
	}
	compare(t, "fields", drawn(t, Point{720, 60 * float64(len(pads))}, 1, func(c *Canvas) {
		for theme := range Light + 1 {
			c := c.Sub(Rect{360 * float64(theme), 0, 360, c.Size().Y})
			c.theme = theme
			c.Fill(Rect{0, 0, 360, c.Size().Y}, panelColor)
			for i, p := range pads {
				p.draw(c.Sub(Rect{0, 60 * float64(i), 360, 60}), padArea, p.shown)
			}
		}
	}))
}
