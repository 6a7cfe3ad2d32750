package codec

import (
	"errors"
	"fmt"
	"image"
)

// Tags of TIFF 6.0.
const (
	tagWidth       = 256
	tagHeight      = 257
	tagBits        = 258
	tagCompression = 259
	tagPhotometric = 262
	tagFillOrder   = 266
	tagOffsets     = 273
	tagSamples     = 277
	tagRows        = 278
	tagSizes       = 279
	tagPlanar      = 284
	tagFaxOptions  = 292
	tagPredictor   = 317
	tagPalette     = 320
	tagTileWidth   = 322
	tagTileHeight  = 323
	tagTileOffsets = 324
	tagTileSizes   = 325
	tagInks        = 332
	tagExtra       = 338
	tagFormat      = 339
	tagJPEGTables  = 347
	tagSampling    = 530
)

// Meanings of samples.
const (
	whiteIsZero = 0
	blackIsZero = 1
	meansRGB    = 2
	meansIndex  = 3
	meansInk    = 5
	meansYCbCr  = 6
)

// tiff is the first picture of a TIFF file (TIFF 6.0; BigTIFF).
type tiff struct {
	*directory
	w, h          int
	bits          int // per sample
	samples       int // per pixel
	photometric   int
	compression   int
	predictor     int
	planar        bool // each kind of sample is stored separately
	alpha         int  // index of the alpha sample; 0: none
	premultiplied bool
	subW, subH    int // pixels per chroma sample, across and down
	palette       []uint64
	tables        []byte // for JPEG

	blockW, blockH int // size of a strip or tile in pixels
	across, down   int // number of blocks
	tiled          bool
	offsets, sizes []uint64
}

var errBlocks = errors.New("its strips or tiles are damaged")

func openTIFF(p []byte) (*Picture, error) {
	d, err := readDirectory(p)
	if err != nil {
		return nil, err
	}
	t := &tiff{directory: d}
	for _, step := range []func() error{t.readSize, t.readSamples, t.readMeaning, t.readBlocks} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	pic := &Picture{Width: t.w, Height: t.h, Orientation: d.orientation()}
	pic.Grey = t.photometric == whiteIsZero || t.photometric == blackIsZero
	pic.Bytes = t.pixelBytes()*int64(t.w)*int64(t.h) + 2*int64(t.blockBytes(t.blockH))
	pic.decode = t.decode
	return pic, nil
}

// number returns a value that must be from 1 to most, or the usual one if the file has none.
func (t *tiff) number(tag uint16, usual, most int) (int, error) {
	v := t.value(tag, uint64(usual))
	if v < 1 || v > uint64(most) {
		return 0, fmt.Errorf("its value %d of tag %d is not read", v, tag)
	}
	return int(v), nil
}

func (t *tiff) readSize() (err error) {
	if t.w, err = t.number(tagWidth, 0, maxSide); err == nil {
		t.h, err = t.number(tagHeight, 0, maxSide)
	}
	return err
}

// readSamples reads how many samples a pixel has and of which size, and refuses those that are not decoded.
func (t *tiff) readSamples() (err error) {
	if t.samples, err = t.number(tagSamples, max(1, len(t.values(tagBits))), 64); err != nil {
		return err
	}
	if t.bits, err = t.number(tagBits, 1, 32); err != nil {
		return err
	}
	if t.bits > 16 && t.bits != 32 {
		return fmt.Errorf("samples of %d bits are not read", t.bits)
	}
	for _, b := range t.values(tagBits) {
		if int(b) != t.bits {
			return errors.New("samples of different sizes are not read")
		}
	}
	for _, f := range t.values(tagFormat) {
		if f != 1 && f != 4 { // 4: unspecified
			return errors.New("samples that are no natural numbers are not read")
		}
	}
	t.compression = int(t.value(tagCompression, 1) & 0xffff)
	if unpackers[t.compression] == nil && t.compression != compressedJPEG {
		return fmt.Errorf("its compression %d is not read", t.compression)
	}
	t.planar = t.value(tagPlanar, 1) == 2 && t.samples > 1
	t.predictor = int(t.value(tagPredictor, 1) & 0xffff)
	if t.predictor > 2 || t.predictor == 2 && t.bits != 8 && t.bits != 16 && t.bits != 32 {
		return fmt.Errorf("its predictor %d for samples of %d bits is not read", t.predictor, t.bits)
	}
	t.tables = t.entries[tagJPEGTables].data
	return nil
}

// readMeaning determines the meaning of samples, and whether there is alpha.
func (t *tiff) readMeaning() error {
	t.photometric = int(t.value(tagPhotometric, blackIsZero) & 0xffff)
	t.subW, t.subH = 1, 1
	colours := 1
	switch t.photometric {
	case whiteIsZero, blackIsZero:
	case meansRGB:
		colours = 3
	case meansIndex:
		t.palette = t.values(tagPalette)
		if t.bits > 8 || len(t.palette) < 3<<t.bits {
			return errors.New("its palette is damaged")
		}
	case meansInk:
		if t.value(tagInks, 1) != 1 {
			return errors.New("inks other than cyan, magenta, yellow and black are not read")
		}
		colours = 4
	case meansYCbCr:
		colours = 3
		if err := t.readSampling(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("its colours of kind %d are not read", t.photometric)
	}
	if t.samples < colours {
		return fmt.Errorf("it has %d samples a pixel for %d colours", t.samples, colours)
	}
	extra := t.values(tagExtra)
	switch {
	case t.samples == colours:
	case len(extra) == 0 && t.photometric == meansRGB && t.samples == 4: // old files do not specify the fourth sample
		t.alpha = colours
	case len(extra) > 0 && (extra[0] == 1 || extra[0] == 2):
		t.alpha, t.premultiplied = colours, extra[0] == 1
	}
	return nil
}

// readSampling reads how many pixels share a chroma sample. JPEG streams contain that themselves.
func (t *tiff) readSampling() error {
	if t.compression == compressedJPEG {
		return nil
	}
	if t.bits != 8 || t.samples != 3 || t.planar {
		return errors.New("luma and chroma of this form are not read")
	}
	t.subW, t.subH = 2, 2
	if s := t.values(tagSampling); len(s) == 2 {
		t.subW, t.subH = int(s[0]&7), int(s[1]&7)
	}
	known := map[int]bool{1: true, 2: true, 4: true}
	if !known[t.subW] || !known[t.subH] {
		return errSampling
	}
	return nil
}

// readBlocks finds the strips or tiles.
func (t *tiff) readBlocks() (err error) {
	t.tiled = t.entries[tagTileWidth].count > 0
	if t.tiled {
		t.offsets, t.sizes = t.values(tagTileOffsets), t.values(tagTileSizes)
		if t.blockW, err = t.number(tagTileWidth, 0, 1<<16); err == nil {
			t.blockH, err = t.number(tagTileHeight, 0, 1<<16)
		}
	} else {
		t.offsets, t.sizes = t.values(tagOffsets), t.values(tagSizes)
		t.blockW = t.w
		t.blockH = int(min(t.value(tagRows, 1<<32-1), uint64(t.h)))
	}
	if err != nil {
		return err
	}
	if t.blockH < 1 {
		return errBlocks
	}
	t.across, t.down = ceilDiv(t.w, t.blockW), ceilDiv(t.h, t.blockH)
	n := t.across * t.down
	if t.planar {
		n *= t.samples
	}
	if len(t.offsets) < n {
		return errBlocks
	}
	return nil
}

// inBlock returns how many samples of a pixel are stored together.
func (t *tiff) inBlock() int {
	if t.planar {
		return 1
	}
	return t.samples
}

// rowBytes returns the size of a row of a block, or of all rows that share chroma.
func (t *tiff) rowBytes() int {
	if t.subW*t.subH > 1 {
		return ceilDiv(t.blockW, t.subW) * (t.subW*t.subH + 2)
	}
	return (t.blockW*t.inBlock()*t.bits + 7) / 8
}

// blockBytes returns the size of the first rows of an unpacked block.
func (t *tiff) blockBytes(rows int) int { return ceilDiv(rows, t.subH) * t.rowBytes() }

// pixelBytes returns the size of a pixel in the result of decode, with its samples.
func (t *tiff) pixelBytes() int64 {
	n := int64(4)
	if t.planar {
		n += int64(t.samples)
	}
	if t.compression == compressedJPEG {
		n += 9 // a strip's samples while they are decoded
	}
	return n
}

// block returns the packed bytes of block i.
func (t *tiff) block(i, unpacked int) ([]byte, error) {
	at := t.offsets[i]
	if at > uint64(len(t.file)) {
		return nil, errShort
	}
	p := t.file[at:]
	switch {
	case i < len(t.sizes) && t.sizes[i] > 0:
		if t.sizes[i] > uint64(len(p)) {
			return nil, errShort
		}
		p = p[:t.sizes[i]]
	case t.compression == 1: // old writers omit the sizes
		p = p[:min(unpacked, len(p))]
	}
	if t.value(tagFillOrder, 1) == 2 {
		p = reversed(p)
	}
	return p, nil
}

// decode unpacks block after block into rows of eight-bit samples, and converts these to pixels.
func (t *tiff) decode() (image.Image, error) {
	out := t.canvas()
	if !t.planar {
		for i := range t.across * t.down {
			if err := t.place(i, 0, t.samples, out.pixels); err != nil {
				return nil, err
			}
		}
		return out.Image, nil
	}
	all := make([]byte, t.w*t.h*t.samples)
	for i := range t.across * t.down * t.samples {
		plane := i / (t.across * t.down)
		err := t.place(i, plane, 1, func(x, y int, row []byte) {
			for k, v := range row {
				all[(y*t.w+x+k)*t.samples+plane] = v
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for y := range t.h {
		out.pixels(0, y, all[y*t.w*t.samples:(y+1)*t.w*t.samples])
	}
	return out.Image, nil
}

// place unpacks block i and passes on the part of each of its rows that is inside the picture, as eight-bit samples.
func (t *tiff) place(i, plane, samples int, row func(x, y int, row []byte)) error {
	at := i - plane*t.across*t.down
	x, y := at%t.across*t.blockW, at/t.across*t.blockH
	w, h := min(t.blockW, t.w-x), min(t.blockH, t.h-y)
	rows := h
	if t.tiled {
		rows = t.blockH
	}
	unpacked := t.blockBytes(rows)
	p, err := t.block(i, unpacked)
	if err != nil {
		return err
	}
	if t.compression == compressedJPEG {
		return t.placeJPEG(p, samples, w, h, func(dy int, samples []byte) { row(x, y+dy, samples) })
	}
	if p, err = unpackers[t.compression](t, p, unpacked, rows); err != nil {
		return err
	}
	if len(p) < t.blockBytes(h) {
		return errShort
	}
	if t.subW*t.subH > 1 {
		t.chroma(p, w, h, func(dy int, samples []byte) { row(x, y+dy, samples) })
		return nil
	}
	if t.predictor == 2 {
		t.undoPredictor(p, samples)
	}
	line := make([]byte, w*samples)
	for dy := range h {
		t.eightBits(line, p[dy*t.rowBytes():])
		row(x, y+dy, line)
	}
	return nil
}

// placeJPEG decodes a block that is a JPEG. The directory says what its components mean.
func (t *tiff) placeJPEG(p []byte, samples, w, h int, row func(dy int, samples []byte)) error {
	d, err := decodeJPEG(p, t.tables, max(t.blockW*t.blockH, 1<<12))
	if err != nil {
		return err
	}
	if len(d.planes) != samples || d.w < w || d.h < h {
		return errBlocks
	}
	if samples < 1 || samples > 4 {
		return errSampling
	}
	pix, line := make([]byte, 4*d.w*d.h), make([]byte, samples*w)
	d.interleave(pix)
	for dy := range h {
		for dx := range w {
			copy(line[dx*samples:(dx+1)*samples], pix[4*(dy*d.w+dx):])
		}
		row(dy, line)
	}
	return nil
}

// chroma passes on rows of luma and chroma. Each unit of the file holds the luma of several pixels and their common chroma.
func (t *tiff) chroma(p []byte, w, h int, row func(dy int, samples []byte)) {
	unit, line := t.subW*t.subH+2, make([]byte, 3*w)
	for y := range h {
		units := p[y/t.subH*t.rowBytes():]
		for x := range w {
			u := units[x/t.subW*unit:]
			line[3*x] = u[y%t.subH*t.subW+x%t.subW]
			copy(line[3*x+1:3*x+3], u[unit-2:unit])
		}
		row(y, line)
	}
}
