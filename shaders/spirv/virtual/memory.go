package virtual

import "math"

// A Buffer is memory of the device.
type Buffer struct {
	Name    string
	Bytes   []byte
	Unknown []uint32 // of each word, the bits that nobody has written, or that are made of such
	shadow  []access
}

// NewBuffer makes a buffer of so many bytes, which nobody has written.
func NewBuffer(name string, size int) *Buffer {
	words := (size + 3) / 4
	b := &Buffer{Name: name, Bytes: make([]byte, 4*words), Unknown: make([]uint32, words), shadow: make([]access, words)}
	b.Forget()
	return b
}

// Forget has the buffer hold nothing.
func (b *Buffer) Forget() {
	for i := range b.Unknown {
		b.Unknown[i] = math.MaxUint32
	}
}

// Write puts bytes at an offset that is a multiple of 4.
func (b *Buffer) Write(at int, p []byte) {
	copy(b.Bytes[at:], p)
	for i := at / 4; i < (at+len(p)+3)/4; i++ {
		b.Unknown[i] = 0
	}
}

// Copy copies bytes lo to hi of another buffer to an offset, and which of their bits are known.
func (b *Buffer) Copy(at int, from *Buffer, lo, hi int) {
	copy(b.Bytes[at:], from.Bytes[lo:hi])
	copy(b.Unknown[at/4:], from.Unknown[lo/4:(hi+3)/4])
}

// A View is a range of a buffer, in bytes.
type View struct {
	Buffer *Buffer
	Lo, Hi int
}

// An access tells who touched a word last in this dispatch. Epochs count the barriers of the workgroup.
type access struct {
	dispatch         uint32
	writer, reader   int32 // number of the invocation in the dispatch, −1: none, −2: several
	wGroup, rGroup   int32
	wEpoch, rEpoch   int32
	manyReaderGroups bool
}

// conflict notes an access and returns what it races with, or "".
//
//go:norace
func (a *access) conflict(dispatch uint32, me, group, epoch int32, write bool) string {
	if a.dispatch != dispatch {
		*a = access{dispatch: dispatch, writer: -1, reader: -1}
	}
	clash := ""
	if a.writer >= 0 && a.writer != me && (a.wGroup != group || a.wEpoch == epoch) {
		clash = "races with a write"
	}
	if write {
		if a.reader != -1 && a.reader != me && (a.manyReaderGroups || a.rGroup != group || a.rEpoch == epoch) {
			clash = "races with a read"
		}
		a.writer, a.wGroup, a.wEpoch = me, group, epoch
		return clash
	}
	switch {
	case a.reader == -1 || a.rGroup == group && a.rEpoch != epoch && !a.manyReaderGroups:
		a.reader, a.rGroup, a.rEpoch = me, group, epoch
	case a.rGroup != group:
		a.reader, a.manyReaderGroups = -2, true
	case a.reader != me:
		a.reader = -2
	}
	return clash
}

// raced tells whether another invocation may be writing what this one reads, and notes nothing.
//
//go:norace
func (a *access) raced(dispatch uint32, me, group, epoch int32) bool {
	return a.dispatch == dispatch && a.writer >= 0 && a.writer != me && (a.wGroup != group || a.wEpoch == epoch)
}
