package film

import (
	"image"
	"math/bits"
)

// encodeVP8L returns an opaque picture as lossless WebP data (the chunk VP8L; Google's specification of the WebP lossless bitstream).
//
// It subtracts green from red and blue, predicts each pixel from its neighbours in the way that suits its block, and codes what is left by
// repetitions (LZ77) and one set of prefix codes. Package nativewebp does this too, and panics at black pictures.
func encodeVP8L(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := &bitWriter{}
	out.bits(0x2f, 8)
	out.bits(uint64(w-1), 14)
	out.bits(uint64(h-1), 14)
	out.bits(0, 1+3) // no transparency; version 0
	const transform, subtractGreen, predict = 1, 2, 0
	out.bits(transform, 1)
	out.bits(subtractGreen, 2)
	pixels := withoutGreen(img)
	out.bits(transform, 1)
	out.bits(predict, 2)
	out.bits(blockBits-2, 3)
	modes, left := predicted(pixels, w, h)
	out.image(modes, blocksIn(w))
	out.bits(0, 1) // no more transforms
	out.noCache()
	out.bits(0, 1) // one set of codes for all blocks
	out.data(left, w)
	return out.done()
}

// image writes a picture that belongs to a transform.
func (b *bitWriter) image(pixels []uint32, width int) {
	b.noCache()
	b.data(pixels, width)
}

// noCache says that colours are not remembered: after prediction they hardly return.
func (b *bitWriter) noCache() { b.bits(0, 1) }

// withoutGreen returns the pixels as 0xAARRGGBB, less green in red and blue.
func withoutGreen(img *image.RGBA) []uint32 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]uint32, 0, w*h)
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		for x := 0; x < len(row); x += 4 {
			g := row[x+1]
			out = append(out, 0xff000000|uint32(row[x]-g)<<16|uint32(g)<<8|uint32(row[x+2]-g))
		}
	}
	return out
}

const blockBits = 4 // blocks of 16×16 pixels are predicted in the same way

func blocksIn(pixels int) int { return (pixels-1)>>blockBits + 1 }

// A predictor predicts a pixel from those to the left, above, and above to the left. Its number is that of the specification.
type predictor struct {
	number uint32
	of     func(l, t, tl uint32) uint32
}

var predictors = []predictor{
	{1, func(l, _, _ uint32) uint32 { return l }},
	{2, func(_, t, _ uint32) uint32 { return t }},
	{7, func(l, t, _ uint32) uint32 { return (l&t + (l^t)>>1&0x7f7f7f7f) }}, // the average of each byte
	{11, func(l, t, tl uint32) uint32 {
		if apart, below := difference(t, tl), difference(l, tl); apart < below {
			return l
		}
		return t
	}},
	{12, func(l, t, tl uint32) (p uint32) {
		for s := 0; s < 32; s += 8 {
			v := int(l>>s&255) + int(t>>s&255) - int(tl>>s&255)
			p |= uint32(min(max(v, 0), 255)) << s
		}
		return p
	}},
}

// difference returns the sum of the differences of all channels.
func difference(a, b uint32) (sum int) {
	for s := 0; s < 32; s += 8 {
		d := int(a>>s&255) - int(b>>s&255)
		sum += max(d, -d)
	}
	return sum
}

// minus subtracts each channel, modulo 256.
func minus(a, b uint32) uint32 {
	const even, odd = 0x00ff00ff, 0xff00ff00 // bytes between which there is room for what is borrowed
	return ((a|odd)-(b&even))&even | ((a|even)-(b&odd))&odd
}

// predicted returns for each block the number of its predictor, as the green of a pixel, and for each pixel its difference from what is
// predicted. The first row is predicted from the left, the first column from above, and the first pixel is compared with black.
func predicted(pixels []uint32, w, h int) (modes, left []uint32) {
	left = make([]uint32, len(pixels))
	left[0] = minus(pixels[0], 0xff000000)
	for x := 1; x < w; x++ {
		left[x] = minus(pixels[x], pixels[x-1])
	}
	for y := 1; y < h; y++ {
		left[y*w] = minus(pixels[y*w], pixels[(y-1)*w])
	}
	try := make([]uint32, 0, 1<<(2*blockBits))
	for by := range blocksIn(h) {
		for bx := range blocksIn(w) {
			block := image.Rect(bx<<blockBits, by<<blockBits, (bx+1)<<blockBits, (by+1)<<blockBits).Intersect(image.Rect(1, 1, w, h))
			mode, least := predictors[0].number, -1
			for _, p := range predictors {
				try = try[:0]
				sum := 0
				for y := block.Min.Y; y < block.Max.Y; y++ {
					for x := block.Min.X; x < block.Max.X; x++ {
						at := y*w + x
						d := minus(pixels[at], p.of(pixels[at-1], pixels[at-w], pixels[at-w-1]))
						try = append(try, d)
						sum += size(d)
					}
				}
				if least >= 0 && sum >= least {
					continue
				}
				mode, least = p.number, sum
				for y := block.Min.Y; y < block.Max.Y; y++ {
					copy(left[y*w+block.Min.X:], try[(y-block.Min.Y)*block.Dx():][:block.Dx()])
				}
			}
			modes = append(modes, 0xff000000|mode<<8)
		}
	}
	return modes, left
}

// size returns how far the channels of a difference are from 0, modulo 256.
func size(d uint32) (sum int) {
	for ; d != 0; d >>= 8 {
		v := int(int8(d))
		sum += max(v, -v)
	}
	return sum
}

// A token is a pixel, or a repetition of pixels that have been before.
type token struct {
	pixel  uint32
	length int32 // of the repetition; 0: a pixel
	back   int32 // its distance in pixels
}

// tokens finds repetitions: of the pixel before, of those above, or of where the same four pixels were last.
func tokens(pixels []uint32, width int) []token {
	const least, most, window, slots = 4, 4096, 1<<20 - 120, 15
	var out []token
	seen := make([]int32, 1<<slots) // positions + 1
	for i := 0; i < len(pixels); {
		slot := -1
		if i+least <= len(pixels) {
			k := ((pixels[i]*31+pixels[i+1])*31+pixels[i+2])*31 + pixels[i+3]
			slot = int(k * 0x9e3779b1 >> (32 - slots))
		}
		best := token{pixel: pixels[i]}
		if slot >= 0 {
			for _, back := range [...]int{1, width, i + 1 - int(seen[slot])} {
				if back > i || back < 1 || back > window {
					continue
				}
				n := 0
				for i+n < len(pixels) && n < most && pixels[i+n] == pixels[i+n-back] {
					n++
				}
				if n >= least && n > int(best.length) {
					best.length, best.back = int32(n), int32(back)
				}
			}
			seen[slot] = int32(i + 1)
		}
		out = append(out, best)
		i += max(1, int(best.length))
	}
	return out
}

// The codes of a picture: green and lengths, red, blue, alpha, distances.
var alphabets = [5]int{256 + 24, 256, 256, 256, 40}

// data writes pixels.
func (b *bitWriter) data(pixels []uint32, width int) {
	all := tokens(pixels, width)
	var counts [5][]int
	for k, n := range alphabets {
		counts[k] = make([]int, n)
	}
	for _, t := range all {
		if t.length == 0 {
			for k, s := range [...]int{8, 16, 0, 24} {
				counts[k][t.pixel>>s&255]++
			}
			continue
		}
		symbol, _, _ := prefix(int(t.length))
		counts[0][256+symbol]++
		symbol, _, _ = prefix(backNumber(int(t.back), width))
		counts[4][symbol]++
	}
	var codes [5]prefixCode
	for k := range codes {
		codes[k] = newPrefixCode(counts[k], 15)
		b.lengths(codes[k])
	}
	for _, t := range all {
		if t.length == 0 {
			for k, s := range [...]int{8, 16, 0, 24} {
				b.symbol(codes[k], int(t.pixel>>s&255))
			}
			continue
		}
		symbol, n, extra := prefix(int(t.length))
		b.symbol(codes[0], 256+symbol)
		b.bits(extra, n)
		symbol, n, extra = prefix(backNumber(int(t.back), width))
		b.symbol(codes[4], symbol)
		b.bits(extra, n)
	}
}

// backNumber returns the number of a distance: those of the pixel above and of the one before are 1 and 2, 118 more are of other neighbours.
func backNumber(back, width int) int {
	switch back {
	case width:
		return 1
	case 1:
		return 2
	}
	return back + 120
}

// prefix returns the symbol of a length or distance from 1 on, and the bits that follow it.
func prefix(v int) (symbol, n int, extra uint64) {
	v--
	if v < 4 {
		return v, 0, 0
	}
	n = bits.Len(uint(v)) - 2
	return 2*(n+1) + v>>n&1, n, uint64(v & (1<<n - 1))
}
