package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func textFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTextIsNormalised(t *testing.T) {
	var first *Text
	for _, content := range []string{
		"hällo\nworld\n\n", "\ufeffhällo\nworld\n\n", "hällo\r\nworld\r\n\r\n", "hällo\rworld\r\r", "\ufeffhällo\r\nworld\r\r\n",
		"hällo\n\ufeffworld\n\n", "\ufeffhällo\n\ufeffworld\r\r", // files with a mark, put together
	} {
		got, err := ReadText(context.Background(), textFile(t, content), "")
		if err != nil {
			t.Errorf("%q: %v", content, err)
			continue
		}
		if first == nil {
			first = got
		}
		if text := string(got.Slice(0, got.Len())); text != "hällo\nworld\n\n" || got.Len() != 13 || got.Characters != "\ndhlorwä" || got.Pipe {
			t.Errorf("%q becomes %q of %d characters, made of %q", content, text, got.Len(), got.Characters)
		}
		if got.Identity != first.Identity || !strings.HasPrefix(got.Identity, "sha256:") {
			t.Errorf("%q: the identity is %s, and of the same text with other line ends %s", content, got.Identity, first.Identity)
		}
	}
	other, err := NewText([]byte("hällo\nworld\n"), "")
	if err != nil || other.Identity == first.Identity {
		t.Errorf("another text has the identity %s too: %v", other.Identity, err)
	}
	if got := Normalise("\ufeffa\r\nb\rc", ""); got != "a\nb\nc" {
		t.Errorf("a prompt becomes %q", got)
	}
	// A model that learned these characters knows them.
	if got := Normalise("\ufeffa\r\nb", "\r"); got != "a\r\nb" {
		t.Errorf("got %q", got)
	}
	if got := Normalise("\ufeffa\r\nb", byteOrderMark); got != "\ufeffa\nb" {
		t.Errorf("got %q", got)
	}
}

func TestBadTextIsRefused(t *testing.T) {
	for content, want := range map[string]string{
		"": "is empty", "\ufeff": "is empty", "a\x00": "is no text", "\xff": "is no text", "ab\xc3": "is no text",
		"\xff\xfea\x00b\x00": "is in UTF-16", "\xfe\xff\x00a\x00b": "is in UTF-16",
	} {
		if _, err := ReadText(context.Background(), textFile(t, content), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error that says it %s", content, err, want)
		}
	}
	if _, err := ReadText(context.Background(), t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	long := textFile(t, "a")
	if err := os.Truncate(long, maxText+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadText(context.Background(), long, ""); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a file that is too long: %v", err)
	}
}

// TestTextSlices compares parts of a text with those of its runes.
func TestTextSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("aäß文👩")
	for _, n := range []int{1, markEvery - 1, markEvery, markEvery + 1, 5*markEvery + 7} {
		runes := make([]rune, n)
		for i := range runes {
			runes[i] = alphabet[rng.IntN(len(alphabet))]
		}
		text, err := NewText([]byte(string(runes)), "")
		if err != nil || text.Len() != n {
			t.Fatalf("%d characters became %d: %v", n, text.Len(), err)
		}
		for range 200 {
			first := rng.IntN(n + 1)
			many := rng.IntN(n - first + 1)
			if got, want := string(text.Slice(first, many)), string(runes[first:first+many]); got != want {
				t.Fatalf("%d characters from %d of %d: got %q, want %q", many, first, n, got, want)
			}
		}
	}
	text, err := NewText([]byte(strings.Repeat("x", 100)), "")
	if err != nil {
		t.Fatal(err)
	}
	if train, err := text.Split(9); err != nil || train != 90 {
		t.Errorf("%d of 100 to train on, %v", train, err)
	}
	if _, err := text.Split(10); err == nil || !strings.Contains(err.Error(), "model.context=") {
		t.Errorf("got %v, want an error that says what to set", err)
	}
}

// TestTextTakesLittleMemory reads a text and learns its vocabulary while the memory in use is watched: it must stay below three times
// what the file takes.
func TestTextTakesLittleMemory(t *testing.T) {
	const size = 64 << 20
	path := textFile(t, strings.Repeat("To be, or not to be, that is the question:\r\nä", size/46))
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	runtime.GC()
	debug.FreeOSMemory()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	top, stop, stopped := uint64(0), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	text, err := ReadText(context.Background(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	v := NewVocabulary(text.Characters, 0)
	test, err := v.Append(make([]int32, 0, text.Len()/10), text.Slice(text.Len()-text.Len()/10, text.Len()/10))
	close(stop)
	<-stopped
	if err != nil || len(test) != text.Len()/10 {
		t.Fatalf("%d tokens, %v", len(test), err)
	}
	if took := top - before.HeapInuse; took > 3*size || took < size/2 {
		t.Errorf("a text of %d MiB took %d MiB", size>>20, took>>20)
	}
}

func ExampleText_Slice() {
	text, err := NewText([]byte("one\r\ntwo"), "")
	fmt.Println(text.Len(), string(text.Slice(4, 3)), err)
	// Output: 7 two <nil>
}
