package sound_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/sound"

	"github.com/go-audio/audio"
	"github.com/go-audio/wav"
)

// write writes a WAV file.
func write(path string, rate, bits, channels int, samples []int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	e := wav.NewEncoder(f, rate, bits, channels, 1)
	if err := e.Write(&audio.IntBuffer{Format: &audio.Format{NumChannels: channels, SampleRate: rate}, Data: samples, SourceBitDepth: bits}); err != nil {
		return err
	}
	return e.Close()
}

// clicks are two seconds of 8 kHz with two clicks, at 0.5 and at 1.2 seconds. The second is half as loud.
func clicks() []int {
	const rate = 8000
	samples := make([]int, 2*rate)
	for at, loud := range map[float64]float64{0.5: 1, 1.2: 0.5} {
		for i := range rate / 5 {
			s := float64(i) / rate
			samples[i+int(at*rate)] = int(loud * 30000 * math.Exp(-10*s) * math.Sin(2*math.Pi*440*s))
		}
	}
	return samples
}

// A sound with two clicks, the second half as loud as the first.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "sound")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "clicks.wav")
	if err := write(path, 8000, 16, 1, clicks()); err != nil {
		log.Fatal(err)
	}
	s, err := sound.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Seconds(), s.Onsets(0.3))
	fmt.Printf("%.1f %.1f %.1f\n", s.Loudness(0.4), s.Loudness(0.505), s.Loudness(1.205))
	// Output:
	// 2 [0.5 1.2]
	// 0.0 1.0 0.5
}

// TestMeter: of samples that come a few at a time, a meter says how loud it is now, and how many sounds have begun, however loud they are.
func TestMeter(t *testing.T) {
	samples := clicks()
	for _, gain := range []float32{1, 0.1} {
		m := sound.NewMeter(8000)
		said := map[int]string{}
		for i, v := range samples {
			if n, err := m.Write([]float32{gain * float32(v) / 32768}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			loud, onsets := m.Now()
			said[i] = fmt.Sprintf("%.1f %d", loud, onsets)
		}
		for second, want := range map[float64]string{0.4: "0.0 0", 0.511: "1.0 1", 0.6: "0.4 1", 1.1: "0.0 1", 1.211: "0.5 2", 1.9: "0.0 2"} {
			if got := said[int(second*8000)]; got != want {
				t.Errorf("gain %g, after %g s: loudness and onsets are %s, want %s", gain, second, got, want)
			}
		}
	}
	m := sound.NewMeter(8000)
	for range 8000 {
		_, _ = m.Write([]float32{0.0005}) // no error, and a noise nobody hears
	}
	if loud, onsets := m.Now(); loud > 0.1 || onsets > 0 {
		t.Errorf("noise has loudness %g and %d onsets", loud, onsets)
	}
}

// TestStream: a stream has two channels of any file, as numbers from −1 to 1, and begins again at the end.
func TestStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for _, c := range []struct {
		bits, channels int
		samples        []int
		want           []float32
	}{
		{16, 2, []int{0, 16384, -32768, 8192}, []float32{0, 0.5, -1, 0.25, 0, 0.5}},
		{8, 1, []int{128, 192, 0}, []float32{0, 0, 0.5, 0.5, -1, -1, 0, 0}},
		{24, 3, []int{1 << 22, -1 << 22, 5}, []float32{0.5, -0.5, 0.5, -0.5}},
	} {
		if err := write(path, 8000, c.bits, c.channels, c.samples); err != nil {
			t.Fatal(err)
		}
		s, err := sound.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(c.want))
		if err := binary.Read(s, binary.LittleEndian, got); err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) || s.Rate != 8000 {
			t.Errorf("%d bits of %d channels: got %v at %d Hz, %v, want %v at 8000", c.bits, c.channels, got, s.Rate, err, c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := write(path, 8000, 16, 1, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := sound.Open(path); err == nil {
		if _, err := io.ReadFull(s, make([]byte, 8)); err == nil || !strings.Contains(err.Error(), "there is no sound in it") {
			t.Errorf("an empty file gives %v", err)
		}
		s.Close()
	}
}

// TestExtensible: samples whose format is described further on are read if they are whole numbers.
func TestExtensible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := write(path, 8000, 24, 1, clicks()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[byte]string{1: "[0.5 1.2] <nil>", 3: "save it as 16-bit PCM"} {
		head := binary.LittleEndian.AppendUint16(nil, 0xfffe)
		head = append(head, whole[22:36]...)
		head = append(head, 22, 0, 24, 0, 0, 0, 0, 0, tag, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71)
		p := append(bytes.Clone(whole[:16]), byte(len(head)), 0, 0, 0)
		p = append(append(p, head...), whole[36:]...)
		binary.LittleEndian.PutUint32(p[4:], uint32(len(p)-8))
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := sound.Read(path)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(s.Onsets(0.3), err)
		}
		if !strings.Contains(got, want) {
			t.Errorf("format %d: got %s, want %s", tag, got, want)
		}
	}
}

// TestDamaged: a file with a wrong header, or none, is read or refused, and neither crashes nor takes long.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := write(path, 8000, 16, 1, clicks()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 44 {
		for _, b := range []byte{0, 0x7f, 0xff} {
			p := bytes.Clone(whole[:2000])
			binary.LittleEndian.PutUint32(p[40:], 2000-44)
			p[n] = b
			if err := os.WriteFile(path, p, 0o644); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err := sound.Read(path)
			if s, err := sound.Open(path); err == nil {
				_, _ = io.ReadFull(s, make([]byte, 10_000)) // an error is right, too
				s.Close()
			}
			if d := time.Since(begun); d > 10*time.Second {
				t.Errorf("with byte %d as %d it takes %v and gives %v", n, b, d, err)
			}
		}
	}
	binary.LittleEndian.PutUint32(whole[40:], 0xffffffff)
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sound.Read(path); err == nil || !strings.Contains(err.Error(), "says that it has 4294967295 bytes of sound, and has 32000") {
		t.Errorf("a file from a pipe gives %v", err)
	}
	for name, want := range map[string]string{"none.wav": "none.wav is not there", ".": "is no file", "text": "text is no WAV file"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "text"), []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := sound.Read(filepath.Join(filepath.Dir(path), name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", name, err, want)
		}
	}
}
