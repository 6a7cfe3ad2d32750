package sound_test

import (
	"encoding/binary"
	"testing"

	"genview/models/fuzzing"
	"genview/models/sound"
)

// wavOf returns a WAV file of mono samples of 16 bits, whose header claims some sizes.
func wavOf(format, data uint32, samples ...uint16) []byte {
	p := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	p = binary.LittleEndian.AppendUint32(p, format)
	for _, v := range []uint16{1, 1, 8000, 0, 16000, 0, 2, 16} {
		p = binary.LittleEndian.AppendUint16(p, v)
	}
	p = binary.LittleEndian.AppendUint32(append(p, "data"...), data)
	for _, v := range samples {
		p = binary.LittleEndian.AppendUint16(p, v)
	}
	return p
}

// FuzzRead reads WAV files: how loud they are, and their samples.
func FuzzRead(f *testing.F) {
	f.Add(wavOf(16, 8, 1, 2, 3, 4))
	f.Add(wavOf(16, 0xffffffff, 1))
	f.Add(wavOf(0xfffffff0, 8, 1, 2, 3, 4))
	f.Add(wavOf(16, 8)[:30])
	f.Add(append(wavOf(16, 0), []byte("LIST\xff\xff\xff\x7fINFO")...))
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = fuzzing.File(t, p, "a.wav", fuzzing.Usage{}, func(path string) error {
			s, err := sound.Read(path)
			if err == nil && s.Seconds() < 0 {
				t.Errorf("it lasts %v", s.Seconds())
			}
			return err
		})
		_ = fuzzing.File(t, p, "b.wav", fuzzing.Usage{}, func(path string) error {
			s, err := sound.Open(path)
			if err != nil {
				return err
			}
			return s.Close()
		})
	})
}
