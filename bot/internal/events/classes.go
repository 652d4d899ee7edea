package events

import (
	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// Globals are the classes of this package.
var Globals = []realm.Global{
	EventClass.Global(), TargetClass.Global(), ExceptionClass.Global(), MessageClass.Global(),
	CloseClass.Global(), CustomClass.Global(), SignalClass.Global(), ControllerClass.Global(),
}

// noPorts is the value of the attribute ports: there are no channels here, but the array
// that scripts see is frozen (Web IDL, section 2.13.33).
var noPorts = realm.NewKey(func(r *realm.Realm) goja.Value {
	v, err := r.RunProgram(frozenArray)
	if err != nil {
		panic(err)
	}
	return v
})

var frozenArray = goja.MustCompile("ports", "Object.freeze([])", true)

// A Message is the state of a MessageEvent (HTML, section 9.1).
type Message struct {
	Event
	Data                goja.Value
	Origin, LastEventID string
}

// MessageClass is the class MessageEvent.
var MessageClass = &realm.Class{
	Name:   "MessageEvent",
	Parent: EventClass,
	Length: 1,
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		e := new(Message)
		e.init(r, args)
		options := realm.Arg(args, 1)
		if e.Data = realm.Member(r, options, "data"); goja.IsUndefined(e.Data) {
			e.Data = goja.Null()
		}
		e.Origin = text(r, options, "origin")
		e.LastEventID = text(r, options, "lastEventId")
		return e
	},
	Attributes: []realm.Attribute{
		realm.Attr("data", func(_ *realm.Realm, e *Message) goja.Value { return e.Data }, nil),
		realm.Attr("origin", func(r *realm.Realm, e *Message) goja.Value { return r.ToValue(e.Origin) }, nil),
		realm.Attr("lastEventId", func(r *realm.Realm, e *Message) goja.Value { return r.ToValue(e.LastEventID) }, nil),
		realm.Attr("source", func(*realm.Realm, *Message) goja.Value { return goja.Null() }, nil),
		realm.Attr("ports", func(r *realm.Realm, _ *Message) goja.Value { return noPorts.In(r) }, nil),
	},
}

// A Close is the state of a CloseEvent (WebSockets, section 6).
type Close struct {
	Event
	WasClean bool
	Code     uint16
	Reason   string
}

// CloseClass is the class CloseEvent.
var CloseClass = &realm.Class{
	Name:   "CloseEvent",
	Parent: EventClass,
	Length: 1,
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		e := new(Close)
		e.init(r, args)
		options := realm.Arg(args, 1)
		e.WasClean = realm.Member(r, options, "wasClean").ToBoolean()
		if v := realm.Member(r, options, "code"); !goja.IsUndefined(v) {
			e.Code = uint16(v.ToInteger())
		}
		e.Reason = text(r, options, "reason")
		return e
	},
	Attributes: []realm.Attribute{
		realm.Attr("wasClean", func(r *realm.Realm, e *Close) goja.Value { return r.ToValue(e.WasClean) }, nil),
		realm.Attr("code", func(r *realm.Realm, e *Close) goja.Value { return r.ToValue(e.Code) }, nil),
		realm.Attr("reason", func(r *realm.Realm, e *Close) goja.Value { return r.ToValue(e.Reason) }, nil),
	},
}

// A custom is the state of a CustomEvent (DOM, section 2.4).
type custom struct {
	Event
	detail goja.Value
}

// CustomClass is the class CustomEvent.
var CustomClass = &realm.Class{
	Name:   "CustomEvent",
	Parent: EventClass,
	Length: 1,
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		e := new(custom)
		e.init(r, args)
		if e.detail = realm.Member(r, realm.Arg(args, 1), "detail"); goja.IsUndefined(e.detail) {
			e.detail = goja.Null()
		}
		return e
	},
	Attributes: []realm.Attribute{
		realm.Attr("detail", func(_ *realm.Realm, e *custom) goja.Value { return e.detail }, nil),
	},
}

// text returns a member of a dictionary as a string, or "" if there is none.
func text(r *realm.Realm, options goja.Value, name string) string {
	if v := realm.Member(r, options, name); !goja.IsUndefined(v) {
		return v.String()
	}
	return ""
}
