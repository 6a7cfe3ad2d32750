package script

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/go-audio/audio"
	"github.com/go-audio/wav"
	"go.starlark.net/starlark"
)

// A sound is a sound file in a script: its loudness over time.
type sound struct {
	loud []float64 // root of the mean square of each window, of the loudest one
}

const (
	windows  = 100     // a second
	mostWAV  = 1 << 30 // bytes of a file
	mostRate = 768000  // samples a second
)

// String, Type, Freeze, Truth, Hash, Attr and AttrNames make a sound a value of Starlark.
func (s *sound) String() string        { return fmt.Sprintf("audio(%.2f s)", s.seconds()) }
func (s *sound) Type() string          { return "audio" }
func (s *sound) Freeze()               {}
func (s *sound) Truth() starlark.Bool  { return true }
func (s *sound) Hash() (uint32, error) { return 0, errors.New("a sound cannot be a key") }
func (s *sound) AttrNames() []string   { return methodNames("audio") }

func (s *sound) seconds() float64 { return float64(len(s.loud)) / windows }

// Attr returns the length or a method.
func (s *sound) Attr(name string) (starlark.Value, error) {
	if name == "seconds" {
		return starlark.Float(s.seconds()), nil
	}
	return method(nil, "audio", name, s)
}

func callAudio(_ *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var path string
	if err := starlark.UnpackArgs(name, args, kwargs, "path", &path); err != nil {
		return nil, err
	}
	s, err := readSound(path)
	if err != nil {
		return nil, fmt.Errorf("audio: %s %w", path, err)
	}
	return s, nil
}

// readSound reads the loudness of a WAV file. An error is the end of a sentence that begins with the file's name.
func readSound(path string) (s *sound, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, errors.New("is not there")
	case !info.Mode().IsRegular():
		return nil, errors.New("is no file: it is a folder, a pipe or a device")
	case info.Size() > mostWAV:
		return nil, fmt.Errorf("has %d MiB, of which %d are read at most", info.Size()>>20, mostWAV>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer f.Close()
	defer func() {
		if recover() != nil { // of a damaged header the library makes slices of any size
			s, err = nil, errNoWAV
		}
	}()
	if err := checkChunks(f, info.Size()); err != nil {
		return nil, err
	}
	d := wav.NewDecoder(f)
	if !d.IsValidFile() || d.WavAudioFormat != 1 || d.BitDepth == 0 || d.BitDepth%8 != 0 || d.BitDepth > 32 || d.NumChans < 1 || d.NumChans > 64 ||
		d.SampleRate < windows || d.SampleRate > mostRate {
		return nil, errNoWAV
	}
	return loudness(d)
}

// checkChunks checks that the chunks before the samples fit into the file, and goes back to its beginning: the library reads what a header
// says byte by byte.
func checkChunks(f io.ReadSeeker, size int64) error {
	head := make([]byte, 12)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return errNoWAV
	}
	for at := int64(12); ; {
		if _, err := io.ReadFull(f, head[:8]); err != nil {
			return errNoWAV
		}
		if string(head[:4]) == "data" {
			_, err := f.Seek(0, io.SeekStart)
			return err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		at += 8 + n + n%2 // chunks begin at even places
		if at > size || string(head[:4]) == "fmt " && n > 64 {
			return errNoWAV
		}
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return errNoWAV
		}
	}
}

var errNoWAV = errors.New("is no WAV file of 8 to 32 bits PCM, up to 64 channels and 768 kHz")

// loudness reads samples, a window at a time.
func loudness(d *wav.Decoder) (*sound, error) {
	channels := int(d.NumChans)
	full := float64(int64(1) << (d.BitDepth - 1))
	bias := 0.0
	if d.BitDepth == 8 { // the only samples without a sign
		bias = full
	}
	buffer := &audio.IntBuffer{Data: make([]int, 4096*channels), Format: d.Format()}
	s := &sound{}
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

func audioLoudness(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var t number
	if err := starlark.UnpackArgs(name, args, kwargs, "t", &t); err != nil {
		return nil, err
	}
	s := of.(*sound)
	at := float64(t)*windows - 0.5 // a window's loudness is that of its middle
	if !(at > -1 && at < float64(len(s.loud))) {
		return starlark.Float(0), nil
	}
	value := func(i int) float64 { return s.loud[min(max(i, 0), len(s.loud)-1)] }
	i := int(math.Floor(at))
	return starlark.Float(value(i) + (value(i+1)-value(i))*(at-float64(i))), nil
}

func audioOnsets(of starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	threshold := number(0.3)
	if err := starlark.UnpackArgs(name, args, kwargs, "threshold?", &threshold); err != nil {
		return nil, err
	}
	var out []starlark.Value
	for _, t := range of.(*sound).onsets(float64(threshold)) {
		out = append(out, starlark.Float(t))
	}
	return starlark.NewList(out), nil
}

// apart is the shortest time between two onsets, in windows.
const apart = windows / 10

// onsets returns the times at which it becomes louder by more than a threshold within 30 ms, at most one in a tenth of a second.
func (s *sound) onsets(threshold float64) []float64 {
	const rise = 3
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
