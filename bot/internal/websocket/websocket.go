// Package websocket has the class WebSocket (WebSockets, section 3), on top of an
// airsocket.Socket, which has all of the state.
package websocket

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/urls"
)

// Max is how many WebSockets that are not closed a Realm may have, and maxProtocols how many
// subprotocols one may ask for.
const (
	Max          = 1000
	maxProtocols = 1000
)

// Key is the place of the options of all WebSockets of a Realm.
var Key = realm.NewKey(func(*realm.Realm) *Config { return &Config{} })

// A Config is what the WebSockets of a Realm have in common.
type Config struct {
	// Options are those of the sockets. They have the Dispatcher of the Realm.
	Options *airsocket.Options

	// Opening is called before a connection is opened, with its URL. It may be nil.
	Opening func(s *airsocket.Socket, url string)
}

// A Socket is the state of a WebSocket.
type Socket struct {
	events.Target
	realm      *realm.Realm
	socket     *airsocket.Socket
	binaryType string
	origin     string // of the URL
}

// Class is the class WebSocket.
var Class = &realm.Class{
	Name:      "WebSocket",
	Parent:    events.TargetClass,
	Length:    1,
	Construct: construct,
	Constants: []realm.Constant{{Name: "CONNECTING", Value: 0}, {Name: "OPEN", Value: 1}, {Name: "CLOSING", Value: 2}, {Name: "CLOSED", Value: 3}},
	Attributes: []realm.Attribute{
		attribute("url", func(s *Socket) any { return s.socket.URL() }),
		attribute("readyState", func(s *Socket) any { return int(s.socket.ReadyState()) }),
		attribute("bufferedAmount", func(s *Socket) any { return s.socket.BufferedAmount() }),
		events.Handler("open"),
		events.Handler("error"),
		events.Handler("close"),
		attribute("extensions", func(s *Socket) any { return s.socket.Extensions() }),
		attribute("protocol", func(s *Socket) any { return s.socket.Protocol() }),
		events.Handler("message"),
		realm.Attr("binaryType", func(r *realm.Realm, s *Socket) goja.Value { return r.ToValue(s.binaryType) }, setBinaryType),
	},
	Operations: []realm.Operation{
		realm.Op("close", 0, closeSocket),
		realm.Op("send", 1, send),
	},
}

func attribute(name string, get func(*Socket) any) realm.Attribute {
	return realm.Attr(name, func(r *realm.Realm, s *Socket) goja.Value { return r.ToValue(get(s)) }, nil)
}

func construct(r *realm.Realm, args []goja.Value) realm.Platform {
	return Open(r, args, Key.In(r).Options)
}

// Open returns the state of a new WebSocket for the arguments of its constructor.
func Open(r *realm.Realm, args []goja.Value, options *airsocket.Options) *Socket {
	address := r.Text(args[0])
	asked := protocols(r, realm.Arg(args, 1))
	u, err := parseURL(urls.Base.In(r), address)
	if err != nil {
		events.Throw(r, "SyntaxError", "Failed to construct 'WebSocket': "+err.Error())
	}
	if realm.Tracked[*Socket](r) >= Max {
		events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to construct 'WebSocket': there are %d of them already that are not closed.", Max))
	}
	s := &Socket{realm: r, binaryType: "blob", origin: u.Scheme() + "://" + u.Host(), socket: airsocket.NewSocket(options)}
	s.socket.OnOpen(s.opened)
	s.socket.OnMessage(s.received)
	s.socket.OnError(s.failed)
	s.socket.OnClose(s.closed)
	if opening := Key.In(r).Opening; opening != nil {
		opening(s.socket, u.Href(false))
	}
	switch err := s.socket.Connect(u.Href(false), asked...); {
	case errors.Is(err, airsocket.ErrProtocol):
		events.Throw(r, "SyntaxError", "Failed to construct 'WebSocket': The subprotocols '"+strings.Join(asked, ", ")+"' are invalid: each must be a token, and none may be repeated.")
	case err != nil:
		events.Throw(r, "SyntaxError", "Failed to construct 'WebSocket': "+err.Error())
	}
	r.Track(s)
	return s
}

// protocols converts the second argument of the constructor: a string, or a sequence of
// them.
func protocols(r *realm.Realm, v goja.Value) []string {
	if goja.IsUndefined(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return []string{r.Text(v)}
	}
	iterator := o.GetSymbol(goja.SymIterator)
	if iterator == nil || goja.IsUndefined(iterator) || goja.IsNull(iterator) {
		return []string{r.Text(v)}
	}
	list := []string{}
	r.ForOf(o, func(v goja.Value) bool {
		if len(list) == maxProtocols {
			events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to construct 'WebSocket': there are more than %d subprotocols.", maxProtocols))
		}
		list = append(list, r.Text(v))
		return true
	})
	return list
}

// Socket returns the connection.
func (s *Socket) Socket() *airsocket.Socket { return s.socket }

func (s *Socket) opened(*airsocket.OpenEvent) { s.emit("open") }

func (s *Socket) failed(*airsocket.ErrorEvent) { s.emit("error") }

func (s *Socket) emit(typ string) {
	if s.Listens(typ) {
		s.realm.Task(func() {
			e := &events.Event{Type: typ}
			s.realm.Wrap(events.EventClass, e)
			s.Dispatch(s.realm, e)
		})
	}
}

func (s *Socket) received(m *airsocket.MessageEvent) {
	if s.Listens("message") {
		s.realm.Task(func() {
			e := &events.Message{Event: events.Event{Type: "message"}, Data: s.data(m), Origin: s.origin}
			s.realm.Wrap(events.MessageClass, e)
			s.Dispatch(s.realm, e)
		})
	}
}

// data returns a message as the script wants it.
func (s *Socket) data(m *airsocket.MessageEvent) goja.Value {
	switch {
	case !m.Binary():
		return s.realm.ToValue(m.Text())
	case s.binaryType == "blob":
		return blob.New(s.realm, m.Clone(), "")
	}
	return s.realm.Buffer(m.Clone())
}

func (s *Socket) closed(c *airsocket.CloseEvent) {
	s.realm.Untrack(s)
	if s.Listens("close") {
		s.realm.Task(func() {
			e := &events.Close{Event: events.Event{Type: "close"}, WasClean: c.WasClean, Code: uint16(c.Code), Reason: c.Reason}
			s.realm.Wrap(events.CloseClass, e)
			s.Dispatch(s.realm, e)
		})
	}
}

// Stop makes a Socket a realm.Stopper.
func (s *Socket) Stop() {
	s.RemoveAll()
	s.socket.Drop(airsocket.StatusGoingAway, "")
}

func setBinaryType(r *realm.Realm, s *Socket, v goja.Value) {
	switch typ := r.Text(v); typ {
	case "blob", "arraybuffer":
		s.binaryType = typ
	}
}
