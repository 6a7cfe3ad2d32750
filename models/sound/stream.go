package sound

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"github.com/go-audio/audio"
	"github.com/go-audio/wav"
)

// A Stream is the samples of a WAV file, again and again: of each time the left and the right channel, as float32 in little endian. It is for
// one goroutine.
type Stream struct {
	Rate int // samples a second

	path   string
	file   *os.File
	wav    *wav.Decoder
	buffer *audio.IntBuffer
	left   []byte // samples that are not read yet
}

// Open opens a stream of a file. Close closes it.
func Open(path string) (*Stream, error) {
	s := &Stream{path: path}
	if err := s.begin(); err != nil {
		return nil, err
	}
	return s, nil
}

// begin goes to the first sample.
func (s *Stream) begin() (err error) {
	if s.file, s.wav, err = open(s.path); err != nil {
		return err
	}
	s.Rate = int(s.wav.SampleRate)
	s.buffer = &audio.IntBuffer{Data: make([]int, 1024*int(s.wav.NumChans)), Format: s.wav.Format()}
	return nil
}

// Read implements [io.Reader]. A stream has no end.
func (s *Stream) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// fill reads the next samples, or the first ones after the last.
func (s *Stream) fill() error {
	for again := false; ; again = true {
		n, err := s.wav.PCMBuffer(s.buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if channels := int(s.wav.NumChans); n >= channels {
			s.convert(s.buffer.Data[:n], channels)
			return nil
		}
		if again {
			return errors.New("there is no sound in it")
		}
		if err := errors.Join(s.Close(), s.begin()); err != nil {
			return err
		}
	}
}

// convert makes two channels of any number: a single one is heard on both sides, and of more than two the first two are.
func (s *Stream) convert(samples []int, channels int) {
	full, bias := scale(s.wav)
	s.left = s.left[:0]
	for i := 0; i+channels <= len(samples); i += channels {
		for _, k := range [2]int{0, min(1, channels-1)} {
			s.left = binary.LittleEndian.AppendUint32(s.left, math.Float32bits(float32((float64(samples[i+k])-bias)/full)))
		}
	}
}

// Close closes the file.
func (s *Stream) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
