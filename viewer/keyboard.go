package viewer

import (
	"image"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/exp/textinput"
	"github.com/hajimehoshi/ebiten/v2/inpututil"
)

// keysNow returns the keys without a character. On a Mac the command key is what Ctrl is elsewhere, but for moves by words.
func keysNow(letters string, mac bool) Keys {
	held := func(keys ...ebiten.Key) bool { return slices.ContainsFunc(keys, ebiten.IsKeyPressed) }
	command, word := held(ebiten.KeyControl), held(ebiten.KeyControl)
	if mac {
		command, word = held(ebiten.KeyMeta), held(ebiten.KeyAlt)
	}
	shift := held(ebiten.KeyShift)
	with := func(key string) bool { return command && strings.Contains(letters, key) }
	return Keys{
		Erase: repeats(ebiten.KeyBackspace), Delete: repeats(ebiten.KeyDelete) && !shift,
		Enter: pressed(ebiten.KeyEnter, ebiten.KeyNumpadEnter), Escape: pressed(ebiten.KeyEscape),
		Left: repeats(ebiten.KeyArrowLeft), Right: repeats(ebiten.KeyArrowRight), Home: pressed(ebiten.KeyHome), End: pressed(ebiten.KeyEnd),
		All: with("a"), Undo: with("z") && !shift, Redo: with("y") || with("z") && shift,
		Copy:  with("c") || command && pressed(ebiten.KeyInsert),
		Cut:   with("x") || shift && pressed(ebiten.KeyDelete),
		Paste: with("v") || shift && pressed(ebiten.KeyInsert),
		Shift: shift, Word: word, Theme: pressed(ebiten.KeyF3), Panels: pressed(ebiten.KeyF2),
	}
}

// lettersOf returns what keys type without Shift on the present keyboard. A key that types no Latin letter stands for the one that it types
// on a US keyboard.
func lettersOf(keys []ebiten.Key, name func(ebiten.Key) string) string {
	var b strings.Builder
	for _, k := range keys {
		n := name(k)
		switch {
		case len(n) == 1:
			b.WriteString(strings.ToLower(n))
		case ebiten.KeyA <= k && k <= ebiten.KeyZ:
			b.WriteByte('a' + byte(k-ebiten.KeyA))
		case ebiten.KeyDigit0 <= k && k <= ebiten.KeyDigit9:
			b.WriteByte('0' + byte(k-ebiten.KeyDigit0))
		}
	}
	return b.String()
}

// sizeKey tells which key of the size was pressed with Ctrl: 1 for larger, −1 for smaller, 0 for the usual size.
func sizeKey(letters string) (by int, ok bool) {
	switch {
	case strings.ContainsAny(letters, "+="), repeats(ebiten.KeyNumpadAdd):
		return 1, true
	case strings.Contains(letters, "-"), repeats(ebiten.KeyNumpadSubtract):
		return -1, true
	case strings.Contains(letters, "0"), pressed(ebiten.KeyDigit0, ebiten.KeyNumpad0):
		return 0, true
	}
	return 0, false
}

// repeating returns the keys that were pressed just now, or are held and repeat.
func repeating() []ebiten.Key {
	return slices.DeleteFunc(inpututil.AppendPressedKeys(inpututil.AppendJustPressedKeys(nil)), func(k ebiten.Key) bool { return !repeats(k) })
}

func pressed(keys ...ebiten.Key) bool { return slices.ContainsFunc(keys, inpututil.IsKeyJustPressed) }

// repeats tells whether a key was pressed just now, or is held and repeats, 30 times a second.
func repeats(k ebiten.Key) bool {
	const delay = 24 // ticks
	d := inpututil.KeyPressDuration(k)
	return inpututil.IsKeyJustPressed(k) || d > delay && d%2 == 0 // a key may be released before a slow frame ends
}

// An inputMethod gives typed characters, those that an input method composes from several keys, too.
type inputMethod struct {
	composer  textinput.Composer
	caret     image.Rectangle
	typed     string // since the last tick
	composing string
	runes     []rune
}

func newInputMethod() *inputMethod {
	m := &inputMethod{}
	m.composer = textinput.Composer{
		OnNewSession:  func() *textinput.SessionOptions { return &textinput.SessionOptions{CaretBounds: m.caret} },
		OnComposition: func(c *textinput.Composition) { m.composing = c.Text() },
		OnCommit:      func(c *textinput.Commit) { m.typed += c.Text() },
	}
	return m
}

// tick returns what was typed and what is being composed. caret is where a text is written, in the window's own pixels; empty: nowhere, and
// then typing is for shortcuts, which need no input method. busy tells that keys were for the input method.
func (m *inputMethod) tick(caret image.Rectangle) (typed, composing string, busy bool) {
	m.typed, m.caret = "", caret
	if caret.Empty() {
		m.composer.Cancel()
		m.runes = ebiten.AppendInputChars(m.runes[:0])
		return string(m.runes), "", false
	}
	_, err := m.composer.Update()
	if err != nil { // then the characters of the keys have to do
		m.runes = ebiten.AppendInputChars(m.runes[:0])
		return string(m.runes), "", false
	}
	return m.typed, m.composing, m.composing != ""
}

// mac tells whether shortcuts are those of a Mac.
const mac = runtime.GOOS == "darwin"

// dropped returns the paths of what was dropped on the window. It leaves out files without a path in the file system.
func dropped(files fs.FS) (paths []string) {
	if files == nil {
		return nil
	}
	list, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil
	}
	for _, entry := range list {
		if p, ok := entry.(ebiten.AbsPather); ok {
			paths = append(paths, p.AbsPath())
		}
	}
	return paths
}
