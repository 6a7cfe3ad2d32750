//go:build unix

package data

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// waitingPipe is a named pipe that nobody writes to.
func waitingPipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // unblocks the reader
		if f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err == nil {
			f.Close()
		}
	})
	return path
}

// TestPipeIsRead writes a text to a pipe in parts, cut within characters and line ends.
func TestPipeIsRead(t *testing.T) {
	path := waitingPipe(t)
	content := strings.Repeat("ä\r\nö\r", 400_000)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for rest := content; len(rest) > 0; {
			n := min(len(rest), 9973)
			if _, err := f.WriteString(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	text, err := ReadText(context.Background(), path, "")
	if err != nil || !text.Pipe || text.Len() != 4*400_000 || text.Characters != "\näö" {
		t.Errorf("got %+v, %v", text, err)
	}
}

func TestDevicesAreNoTexts(t *testing.T) {
	for _, path := range []string{"/dev/zero", "/dev/null"} {
		if _, err := ReadText(context.Background(), path, ""); err == nil || !strings.Contains(err.Error(), "is a device") {
			t.Errorf("%s: %v", path, err)
		}
	}
	path := waitingPipe(t)
	go func() { // sends zeros without end
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for zeros := make([]byte, 1<<16); err == nil; _, err = f.Write(zeros) {
		}
	}()
	if _, err := ReadText(context.Background(), path, ""); err == nil || !strings.Contains(err.Error(), "is no text") {
		t.Errorf("zeros: %v", err)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	path := waitingPipe(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := ReadText(ctx, path, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
