//go:build windows || darwin

package viewer

import "github.com/atotto/clipboard"

// ofSystem is the clipboard of Windows or of a Mac.
type ofSystem struct{}

func newClipboard() Clipboard { return ofSystem{} }

// Read returns "" if the clipboard has no text or another program holds it just now.
func (ofSystem) Read() string {
	text, err := clipboard.ReadAll()
	if err != nil {
		return ""
	}
	return text
}

// Write leaves the clipboard as it was if another program holds it just now.
func (ofSystem) Write(text string) {
	_ = clipboard.WriteAll(text) // the user sees it when pasting
}
