//go:build !windows && !darwin

package viewer

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// clipboard is X11's selection CLIPBOARD, as the ICCCM describes it (section 2): its owner keeps the text, and answers who asks for it. It
// has a connection of its own, because Ebitengine's is not to be had.
type clipboard struct {
	mu    sync.Mutex
	conn  *xgb.Conn // nil until the first use, and after the connection broke
	own   xproto.Window
	atoms map[string]xproto.Atom
	text  string // that is ours to give while the selection is ours

	answered chan xproto.SelectionNotifyEvent
}

const (
	clipboardPatience = 500 * time.Millisecond // with the owner
	mostPasted        = 1 << 20                // bytes
)

func newClipboard() Clipboard {
	return &clipboard{answered: make(chan xproto.SelectionNotifyEvent, 1)}
}

// open connects to the X server if need be. The caller holds the lock.
func (b *clipboard) open() error {
	if b.conn != nil {
		return nil
	}
	xgb.Logger.SetOutput(io.Discard) // it would print that the server is gone, which the window says
	conn, err := xgb.NewConn()
	if err != nil {
		return err
	}
	own, err := xproto.NewWindowId(conn)
	if err != nil {
		conn.Close()
		return err
	}
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	atoms := map[string]xproto.Atom{}
	err = xproto.CreateWindowChecked(conn, 0, own, root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil).Check()
	for _, name := range []string{"CLIPBOARD", "UTF8_STRING", "TARGETS", "GENVIEW_PASTE", "text/plain;charset=utf-8"} {
		reply, failed := xproto.InternAtom(conn, false, uint16(len(name)), name).Reply()
		if err = errors.Join(err, failed); err == nil {
			atoms[name] = reply.Atom
		}
	}
	if err != nil {
		conn.Close()
		return err
	}
	b.conn, b.own, b.atoms = conn, own, atoms
	go b.serve(conn)
	return nil
}

// serve answers other programs until the connection ends.
func (b *clipboard) serve(conn *xgb.Conn) {
	for {
		e, err := conn.WaitForEvent()
		if e == nil && err == nil {
			b.mu.Lock()
			b.conn = nil
			b.mu.Unlock()
			return
		}
		switch e := e.(type) {
		case xproto.SelectionNotifyEvent:
			select {
			case b.answered <- e:
			default: // nobody waits for it
			}
		case xproto.SelectionRequestEvent:
			b.give(conn, e)
		}
	}
}

// give answers a program that asks for the text.
func (b *clipboard) give(conn *xgb.Conn, e xproto.SelectionRequestEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
	if answer.Property == 0 { // an old program
		answer.Property = e.Target
	}
	switch e.Target {
	case b.atoms["TARGETS"]:
		var list []byte
		for _, name := range []string{"TARGETS", "UTF8_STRING", "text/plain;charset=utf-8"} {
			var atom [4]byte
			xgb.Put32(atom[:], uint32(b.atoms[name]))
			list = append(list, atom[:]...)
		}
		xproto.ChangeProperty(conn, xproto.PropModeReplace, e.Requestor, answer.Property, xproto.AtomAtom, 32, uint32(len(list)/4), list)
	case b.atoms["UTF8_STRING"], b.atoms["text/plain;charset=utf-8"]:
		xproto.ChangeProperty(conn, xproto.PropModeReplace, e.Requestor, answer.Property, e.Target, 8, uint32(len(b.text)), []byte(b.text))
	default:
		answer.Property = 0
	}
	xproto.SendEvent(conn, false, e.Requestor, 0, string(answer.Bytes()))
}

// Write makes text the clipboard's. It is gone when the program ends, as that of any X11 program, unless a clipboard manager keeps it.
func (b *clipboard) Write(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open() != nil {
		return
	}
	most := 4*int(xproto.Setup(b.conn).MaximumRequestLength) - 64 // a property is written by one request
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	b.text = text
	_ = xproto.SetSelectionOwnerChecked(b.conn, b.own, b.atoms["CLIPBOARD"], xproto.TimeCurrentTime).Check() // the user sees it when pasting
}

// Read asks the clipboard's owner, for a moment. It reads no text that its owner can only send in parts.
func (b *clipboard) Read() string {
	b.mu.Lock()
	err := b.open()
	conn, own, atoms, text := b.conn, b.own, b.atoms, b.text
	b.mu.Unlock()
	if err != nil {
		return ""
	}
	owner, err := xproto.GetSelectionOwner(conn, atoms["CLIPBOARD"]).Reply()
	switch {
	case err != nil:
		return ""
	case owner.Owner == own:
		return text
	}
	select {
	case <-b.answered: // too late for the question before
	default:
	}
	xproto.ConvertSelection(conn, own, atoms["CLIPBOARD"], atoms["UTF8_STRING"], atoms["GENVIEW_PASTE"], xproto.TimeCurrentTime)
	select {
	case e := <-b.answered:
		if e.Property == 0 {
			return "" // there is no text
		}
	case <-time.After(clipboardPatience):
		return ""
	}
	p, err := xproto.GetProperty(conn, true, own, atoms["GENVIEW_PASTE"], xproto.GetPropertyTypeAny, 0, mostPasted/4).Reply()
	if err != nil || p.Type != atoms["UTF8_STRING"] {
		return ""
	}
	return string(p.Value)
}
