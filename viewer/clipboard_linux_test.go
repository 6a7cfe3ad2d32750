package viewer

import (
	"os"
	"strings"
	"testing"
)

// TestClipboardOfX11: a text that one program copies is pasted by another, also after the first one copied something else, and by itself.
// Without an X server nothing is pasted.
func TestClipboardOfX11(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("SKIPPED, no display: xvfb-run go test")
	}
	a, b := newClipboard(), newClipboard()
	for _, text := range []string{"plain", "日本語 \n👩‍👧", strings.Repeat("long ", 2000), ""} {
		for _, from := range []Clipboard{a, b} {
			from.Write(text)
			for name, to := range map[string]Clipboard{"the same": from, "a": a, "b": b} {
				if got := to.Read(); got != text {
					t.Errorf("%s: %d bytes of %.20q were copied, and %d of %.20q pasted", name, len(text), text, len(got), got)
				}
			}
		}
	}
	t.Setenv("DISPLAY", ":1234567")
	none := newClipboard()
	none.Write("lost")
	if got := none.Read(); got != "" {
		t.Errorf("without a server %q was pasted", got)
	}
}
