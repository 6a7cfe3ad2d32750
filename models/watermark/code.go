package watermark

import (
	"math"
	"math/bits"
)

// A code protects an identifier: a convolutional code of rate 1/4 (constraint length 9, free distance 24: Proakis, "Digital
// communications", table of the best codes), each bit of which is sent twice. It ends in the state in which it begins ("tail-biting"), so that
// all bits are equally protected.
const (
	checked  = 40             // bits of an identifier with its check
	rate     = 8              // coded bits for each
	coded    = checked * rate // 320
	memory   = 8
	states   = 1 << memory
	checkPol = 0x07 // CRC-8 of x⁸ + x² + x + 1 (ITU-T I.432)
)

var generators = [4]uint{0o463, 0o535, 0o733, 0o745}

// withCheck returns an identifier followed by its checksum.
func withCheck(id uint32) uint64 {
	crc := byte(0)
	for shift := 24; shift >= 0; shift -= 8 {
		crc ^= byte(id >> shift)
		for range 8 {
			top := crc & 0x80
			crc <<= 1
			if top != 0 {
				crc ^= checkPol
			}
		}
	}
	return uint64(id)<<8 | uint64(crc^0xa5) // the identifier 0 has no empty checksum
}

// output returns the four coded bits, each ±1, of a register whose lowest bit is the newest.
func output(register uint) (out [4]float32) {
	for i, g := range generators {
		out[i] = 1 - 2*float32(bits.OnesCount(register&g)&1)
	}
	return out
}

// encode returns the coded bits of an identifier, each ±1.
func encode(id uint32) (out [coded]float32) {
	word := withCheck(id)
	bit := func(i int) uint { return uint(word>>(checked-1-(i+checked)%checked)) & 1 }
	register := uint(0)
	for i := -memory; i < checked; i++ {
		register = (register<<1 | bit(i)) & (2*states - 1)
		if i >= 0 {
			four := output(register)
			copy(out[i*rate:], four[:])
			copy(out[i*rate+4:], four[:])
		}
	}
	return out
}

// decode returns the identifier whose coded bits agree best with soft ones (Viterbi 1967), and how much: the mean of their products. ok: its
// check is right. The sequence is decoded three times in a row, and the second is taken, whose beginning and end are as good as known.
func decode(soft *[coded]float32) (id uint32, agree float64, ok bool) {
	const rounds = 3
	var outputs [2 * states][4]float32
	for r := range outputs {
		outputs[r] = output(uint(r))
	}
	var score, next [states]float32
	var from [rounds * checked][states]byte // the bit that left the register
	for i := range rounds * checked {
		s := soft[i%checked*rate:][:rate]
		four := [4]float32{s[0] + s[4], s[1] + s[5], s[2] + s[6], s[3] + s[7]}
		for to := range uint(states) {
			best, left := float32(math.Inf(-1)), byte(0)
			for old := range uint(2) {
				register := old<<memory | to
				o := &outputs[register]
				if v := score[register>>1] + o[0]*four[0] + o[1]*four[1] + o[2]*four[2] + o[3]*four[3]; v > best {
					best, left = v, byte(old)
				}
			}
			next[to], from[i][to] = best, left
		}
		score = next
	}
	at := uint(0)
	for s := range score {
		if score[s] > score[at] {
			at = uint(s)
		}
	}
	var word uint64
	for i := rounds*checked - 1; i >= checked; i-- {
		if i < 2*checked {
			word |= uint64(at&1) << (2*checked - 1 - i)
		}
		at = (uint(from[i][at])<<memory | at) >> 1
	}
	id = uint32(word >> 8)
	for i, c := range encode(id) {
		agree += float64(c * soft[i])
	}
	return id, agree / coded, withCheck(id) == word
}
