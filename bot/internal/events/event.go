// Package events is the part of the DOM standard that has no tree: events, their targets,
// exceptions, and AbortController.
package events

import (
	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// An Event is the state of an Event (DOM, section 2.2).
type Event struct {
	realm.Object
	Type       string
	Bubbles    bool
	Cancelable bool
	Composed   bool

	trusted          bool
	time             float64
	target           *Target // nil before it is dispatched
	current          *Target // nil unless its listeners are being called
	defaultPrevented bool
	passive          bool
	stopped          bool
	stoppedNow       bool
	dispatching      bool
}

type event interface {
	realm.Platform
	event() *Event
}

func (e *Event) event() *Event { return e }

// The values of eventPhase.
const (
	phaseNone     = 0
	phaseAtTarget = 2
)

// EventClass is the class Event.
var EventClass = &realm.Class{
	Name:   "Event",
	Length: 1,
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		e := new(Event)
		e.init(r, args)
		return e
	},
	Constants: []realm.Constant{{Name: "NONE", Value: phaseNone}, {Name: "CAPTURING_PHASE", Value: 1}, {Name: "AT_TARGET", Value: phaseAtTarget}, {Name: "BUBBLING_PHASE", Value: 3}},
	Attributes: []realm.Attribute{
		attribute("type", func(_ *realm.Realm, e *Event) any { return e.Type }),
		attribute("target", func(_ *realm.Realm, e *Event) any { return e.target.value() }),
		attribute("srcElement", func(_ *realm.Realm, e *Event) any { return e.target.value() }),
		attribute("currentTarget", func(_ *realm.Realm, e *Event) any { return e.current.value() }),
		attribute("eventPhase", func(_ *realm.Realm, e *Event) any { return e.phase() }),
		attribute("bubbles", func(_ *realm.Realm, e *Event) any { return e.Bubbles }),
		attribute("cancelable", func(_ *realm.Realm, e *Event) any { return e.Cancelable }),
		attribute("defaultPrevented", func(_ *realm.Realm, e *Event) any { return e.defaultPrevented }),
		attribute("composed", func(_ *realm.Realm, e *Event) any { return e.Composed }),
		attribute("timeStamp", func(_ *realm.Realm, e *Event) any { return e.time }),
		realm.Attr("cancelBubble",
			func(r *realm.Realm, e event) goja.Value { return r.ToValue(e.event().stopped) },
			func(_ *realm.Realm, e event, v goja.Value) { e.event().stopped = e.event().stopped || v.ToBoolean() }),
		realm.Attr("returnValue",
			func(r *realm.Realm, e event) goja.Value { return r.ToValue(!e.event().defaultPrevented) },
			func(_ *realm.Realm, e event, v goja.Value) {
				if !v.ToBoolean() {
					e.event().preventDefault()
				}
			}),
	},
	Unforgeable: []realm.Attribute{attribute("isTrusted", func(_ *realm.Realm, e *Event) any { return e.trusted })},
	Operations: []realm.Operation{
		realm.Op("composedPath", 0, func(r *realm.Realm, e event, _ []goja.Value) goja.Value {
			if e.event().current == nil {
				return r.NewArray()
			}
			return r.NewArray(e.event().current.value())
		}),
		realm.Op("stopPropagation", 0, func(_ *realm.Realm, e event, _ []goja.Value) goja.Value {
			e.event().stopped = true
			return nil
		}),
		realm.Op("stopImmediatePropagation", 0, func(_ *realm.Realm, e event, _ []goja.Value) goja.Value {
			e.event().stopped, e.event().stoppedNow = true, true
			return nil
		}),
		realm.Op("preventDefault", 0, func(_ *realm.Realm, e event, _ []goja.Value) goja.Value {
			e.event().preventDefault()
			return nil
		}),
		realm.Op("initEvent", 1, func(_ *realm.Realm, s event, args []goja.Value) goja.Value {
			if e := s.event(); !e.dispatching {
				e.Type = args[0].String()
				e.Bubbles, e.Cancelable = realm.Arg(args, 1).ToBoolean(), realm.Arg(args, 2).ToBoolean()
				e.stopped, e.stoppedNow, e.defaultPrevented = false, false, false
			}
			return nil
		}),
	},
}

// attribute returns an attribute of Event that cannot be set.
func attribute(name string, get func(*realm.Realm, *Event) any) realm.Attribute {
	return realm.Attr(name, func(r *realm.Realm, e event) goja.Value { return r.ToValue(get(r, e.event())) }, nil)
}

// init sets what the constructors of all events have in common: the type, and the members of
// the dictionary that may follow.
func (e *Event) init(r *realm.Realm, args []goja.Value) {
	e.Type = args[0].String()
	e.time = r.Elapsed()
	options := realm.Arg(args, 1)
	e.Bubbles = realm.Member(r, options, "bubbles").ToBoolean()
	e.Cancelable = realm.Member(r, options, "cancelable").ToBoolean()
	e.Composed = realm.Member(r, options, "composed").ToBoolean()
}

func (e *Event) phase() int {
	if e.current == nil {
		return phaseNone
	}
	return phaseAtTarget
}

func (e *Event) preventDefault() {
	if e.Cancelable && !e.passive {
		e.defaultPrevented = true
	}
}
