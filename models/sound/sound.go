// Package sound reads WAV files: how loud they are over time, at which times sounds begin, and their samples, to be heard. A [Meter] does so
// for what is heard at the moment.
//
// Loudness is the root of the mean square of windows of a hundredth of a second, so that it follows what one hears of music, and is quickly
// found for any time.
package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/go-audio/audio"
	"github.com/go-audio/wav"
)

// A Sound is how loud a sound file is over time. It may be used by several goroutines.
type Sound struct {
	loud []float64 // root of the mean square of each window, of the loudest one
}

const (
	windows  = 100     // a second
	mostWAV  = 1 << 30 // bytes of a file
	mostRate = 768000  // samples a second
)

// Seconds returns the length of the sound.
func (s *Sound) Seconds() float64 { return float64(len(s.loud)) / windows }

// Read reads how loud a WAV file is.
func Read(path string) (*Sound, error) {
	f, d, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := loudness(d)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return s, nil
}

// open opens a WAV file and reads what stands before its samples.
func open(path string) (f *os.File, d *wav.Decoder, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s is not there", path)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is no file: it is a folder, a pipe or a device", path)
	case info.Size() > mostWAV:
		return nil, nil, fmt.Errorf("%s has %d MiB, of which %d are read at most", path, info.Size()>>20, mostWAV>>20)
	}
	if f, err = os.Open(path); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	if d, err = decoder(f, info.Size()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s %w", path, err), f.Close())
	}
	return f, d, nil
}

// decoder returns what reads the samples of a file of that size. An error is the end of a sentence that begins with the file's name, as all
// below.
func decoder(f io.ReadSeeker, size int64) (d *wav.Decoder, err error) {
	defer func() {
		if recover() != nil { // of a damaged header the library makes slices of any size
			d, err = nil, errNoWAV
		}
	}()
	pcm, err := checkChunks(f, size)
	if err != nil {
		return nil, err
	}
	if !pcm { // without a chunk of the format, the library looks for one byte by byte, in as much as a header claims
		return nil, errNoWAV
	}
	d = wav.NewDecoder(f)
	if !d.IsValidFile() || d.BitDepth == 0 || d.BitDepth%8 != 0 || d.BitDepth > 32 || d.NumChans < 1 || d.NumChans > 64 ||
		d.SampleRate < windows || d.SampleRate > mostRate {
		return nil, errNoWAV
	}
	return d, nil
}

// checkChunks checks that the chunks fit into the file, and goes back to its beginning: the library reads what a header says byte by byte.
// pcm tells whether the samples are whole numbers.
func checkChunks(f io.ReadSeeker, size int64) (pcm bool, err error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return false, errNoWAV
	}
	for at := int64(12); ; {
		if _, err := io.ReadFull(f, head[:8]); err != nil {
			return false, errNoWAV
		}
		kind, n := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8
		if kind == "data" {
			if n > size-at {
				return false, fmt.Errorf("says that it has %d bytes of sound, and has %d: it is cut off, or was written to a pipe; convert it again", n, size-at)
			}
			_, err := f.Seek(0, io.SeekStart)
			return pcm, err
		}
		if kind == "fmt " {
			if n < 16 || n > 64 {
				return false, errNoWAV
			}
			format := make([]byte, n)
			if _, err := io.ReadFull(f, format); err != nil {
				return false, errNoWAV
			}
			tag := format
			if binary.LittleEndian.Uint16(tag) == extensible && n >= 26 {
				tag = format[24:] // the subformat begins with the tag that the samples would have alone
			}
			pcm = binary.LittleEndian.Uint16(tag) == 1
		}
		if at += n + n%2; at > size { // chunks begin at even places
			return false, errNoWAV
		}
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return false, errNoWAV
		}
	}
}

// extensible is the tag of formats that are described further on, as of samples of 24 bits or of more than two channels (WAVEFORMATEXTENSIBLE).
const extensible = 0xfffe

var errNoWAV = errors.New("is no WAV file of whole numbers of 8 to 32 bits, up to 64 channels and 768 kHz: save it as 16-bit PCM")

// scale returns the value of the largest sample, and what is to be subtracted from each: samples of 8 bits are the only ones without a sign.
func scale(d *wav.Decoder) (full, bias float64) {
	full = float64(int64(1) << (d.BitDepth - 1))
	if d.BitDepth == 8 {
		bias = full
	}
	return full, bias
}

// loudness reads samples, a window at a time.
func loudness(d *wav.Decoder) (*Sound, error) {
	channels := int(d.NumChans)
	full, bias := scale(d)
	buffer := &audio.IntBuffer{Data: make([]int, 4096*channels), Format: d.Format()}
	s := &Sound{}
	sum, n, at, next := 0.0, 0, 0, 0
	for {
		read, err := d.PCMBuffer(buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("cannot be read: %w", err)
		}
		if read == 0 {
			break
		}
		for i := 0; i+channels <= read; i += channels {
			for _, v := range buffer.Data[i : i+channels] {
				x := (float64(v) - bias) / full
				sum += x * x
			}
			at, n = at+1, n+channels
			if next = (len(s.loud) + 1) * int(d.SampleRate) / windows; at >= next {
				s.loud = append(s.loud, math.Sqrt(sum/float64(n)))
				sum, n = 0, 0
			}
		}
	}
	if n > 0 {
		s.loud = append(s.loud, math.Sqrt(sum/float64(n)))
	}
	if len(s.loud) == 0 {
		return nil, errors.New("has no sound in it")
	}
	loudest := 0.0
	for _, v := range s.loud {
		loudest = max(loudest, v)
	}
	for i := range s.loud {
		if loudest > 0 {
			s.loud[i] /= loudest
		}
	}
	return s, nil
}

// Loudness returns how loud it is at a time in seconds, from 0 to 1, of its loudest moment; 0 before the beginning and after the end.
func (s *Sound) Loudness(t float64) float64 {
	at := t*windows - 0.5 // a window's loudness is that of its middle
	if !(at > -1 && at < float64(len(s.loud))) {
		return 0
	}
	value := func(i int) float64 { return s.loud[min(max(i, 0), len(s.loud)-1)] }
	i := int(math.Floor(at))
	return value(i) + (value(i+1)-value(i))*(at-float64(i))
}

// An onset is louder than one of the windows just before, and at least some windows from another.
const rise, apart = 3, windows / 10

// Onsets returns the times in seconds at which it becomes louder by more than a threshold, from 0 to 1, within 30 ms: at most one in a tenth
// of a second.
func (s *Sound) Onsets(threshold float64) []float64 {
	var out []float64
	last := -apart
	for i := range s.loud {
		before := 1.0
		for k := max(0, i-rise); k < i; k++ {
			before = min(before, s.loud[k])
		}
		if i == 0 {
			before = 0
		}
		if s.loud[i]-before > threshold && i-last >= apart {
			out = append(out, float64(i)/windows)
			last = i
		}
	}
	return out
}
