package vk

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// listeners receive the messages of the validation layer; C knows each by its number. Callbacks cannot be freed, so there is one for all.
var listeners struct {
	sync.Mutex
	next uintptr
	by   map[uintptr]func(string)
	call uintptr
}

type messengerInfo struct {
	chained
	flags, severity, kind uint32
	call, user            uintptr
}

type messageData struct {
	_       chained
	_       uint32 // flags
	_       *byte  // name of the message
	_       int32
	message *byte
}

// listen passes the validation layer's warnings and errors to f until the returned function is called.
func (n newer) listen(f func(string)) (stop func()) {
	create, destroy := n.find("vkCreateDebugUtilsMessengerEXT"), n.find("vkDestroyDebugUtilsMessengerEXT")
	if create == 0 || destroy == 0 || f == nil {
		return func() {}
	}
	l := &listeners
	l.Lock()
	if l.call == 0 {
		l.by = map[uintptr]func(string){}
		l.call = purego.NewCallback(hear)
	}
	l.next++
	id := l.next
	l.by[id] = f
	info := messengerInfo{chained: chained{sType: 1000128004}, severity: 0x1100, kind: 0x7, call: l.call, user: id}
	l.Unlock()
	var messenger uint64
	var pin runtime.Pinner
	pin.Pin(&info)
	pin.Pin(&messenger)
	purego.SyscallN(create, uintptr(unsafe.Pointer(n.instance)), uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&messenger)))
	pin.Unpin()
	return func() {
		purego.SyscallN(destroy, uintptr(unsafe.Pointer(n.instance)), uintptr(messenger), 0)
		l.Lock()
		delete(l.by, id)
		l.Unlock()
	}
}

func hear(_, _ uint32, data *messageData, user uintptr) uintptr {
	listeners.Lock()
	f := listeners.by[user]
	listeners.Unlock()
	if f != nil && data.message != nil {
		f(goString(data.message))
	}
	return 0
}

func goString(p *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
