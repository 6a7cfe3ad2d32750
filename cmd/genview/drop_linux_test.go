package main

import (
	"image"
	"net/url"
	"time"

	"github.com/jezek/xgb/xproto"
)

func (d *desktop) atom(name string) xproto.Atom {
	a, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	return a.Atom
}

// message sends a message of a client.
func (d *desktop) message(to xproto.Window, name string, data ...uint32) {
	e := xproto.ClientMessageEvent{Format: 32, Window: to, Type: d.atom(name), Data: xproto.ClientMessageDataUnionData32New(append(data, make([]uint32, 5-len(data))...))}
	xproto.SendEvent(d.conn, false, to, 0, string(e.Bytes()))
}

// drop drops a file on the window: the protocol is XDND 5 (freedesktop.org/wiki/Specifications/XDND).
func (d *desktop) drop(path string, at image.Point) {
	d.t.Helper()
	from, err := xproto.NewWindowId(d.conn)
	if err != nil {
		d.t.Fatal(err)
	}
	xproto.CreateWindow(d.conn, 0, from, d.root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil)
	selection, list := d.atom("XdndSelection"), d.atom("text/uri-list")
	xproto.SetSelectionOwner(d.conn, from, selection, xproto.TimeCurrentTime)
	uri := (&url.URL{Scheme: "file", Path: path}).String() + "\r\n"
	d.message(d.window, "XdndEnter", uint32(from), 5<<24, uint32(list))
	d.message(d.window, "XdndPosition", uint32(from), 0, uint32(at.X<<16|at.Y), xproto.TimeCurrentTime, uint32(d.atom("XdndActionCopy")))
	status, finished := d.atom("XdndStatus"), d.atom("XdndFinished")
	late := time.AfterFunc(patience, func() { d.message(from, "XdndFinished", 0) })
	defer late.Stop()
	for {
		e, _ := d.conn.WaitForEvent() // an error is of another request
		switch e := e.(type) {
		case xproto.ClientMessageEvent:
			switch {
			case e.Type == status && e.Data.Data32[1]&1 == 0:
				d.t.Fatal("the window does not take files")
			case e.Type == status:
				d.message(d.window, "XdndDrop", uint32(from), 0, xproto.TimeCurrentTime)
			case e.Type == finished:
				if e.Data.Data32[0] == 0 {
					d.t.Fatal("the window has not taken the file")
				}
				return
			}
		case xproto.SelectionRequestEvent:
			xproto.ChangeProperty(d.conn, xproto.PropModeReplace, e.Requestor, e.Property, e.Target, 8, uint32(len(uri)), []byte(uri))
			answer := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
			xproto.SendEvent(d.conn, false, e.Requestor, 0, string(answer.Bytes()))
		}
	}
}
