package k6

import (
	"net/http"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/websocket"
)

// webSocketClass is the class WebSocket of k6/websockets: that of the browser, with a third
// argument, pings and pongs.
var webSocketClass = &realm.Class{
	Name:      "WebSocket",
	Parent:    websocket.Class,
	Length:    1,
	Construct: newWebSocket,
	Attributes: []realm.Attribute{
		events.Handler("ping"),
		events.Handler("pong"),
	},
	Operations: []realm.Operation{
		realm.Op("ping", 0, func(r *realm.Realm, s *websocket.Socket, _ []goja.Value) goja.Value {
			v := Key.In(r)
			if err := v.ping(s.Socket()); err != nil {
				v.fail("ping(): %w", err)
			}
			return nil
		}),
	},
}

func newWebSocket(r *realm.Realm, args []goja.Value) realm.Platform {
	v := Key.In(r)
	if v.Init {
		v.fail("new WebSocket() cannot be called while the script itself runs: call it in a function")
	}
	options, tags := v.params(realm.Arg(args, 2), websocket.Key.In(r).Options)
	args = append([]goja.Value{}, args[:min(len(args), 2)]...)
	if len(args) == 2 && goja.IsNull(args[1]) {
		args[1] = goja.Undefined()
	}
	s := websocket.Open(r, args, options)
	state := s.Socket().Data().(*session)
	state.tags = state.tags.With(tags)
	s.Socket().OnError(func(e *airsocket.ErrorEvent) {
		text := e.Err.Error()
		emit(r, s, "error", func(event *goja.Object) { event.Set("error", text) })
	})
	s.Socket().OnPing(func(*airsocket.PingEvent) { emit(r, s, "ping", nil) })
	s.Socket().OnPong(func(e *airsocket.PongEvent) {
		v.pong(s.Socket(), e.Data)
		emit(r, s, "pong", nil)
	})
	return s
}

// emit dispatches an event, to which fill may add properties.
func emit(r *realm.Realm, s *websocket.Socket, typ string, fill func(event *goja.Object)) {
	if s.Listens(typ) {
		r.Task(func() {
			e := &events.Event{Type: typ}
			o := r.Wrap(events.EventClass, e)
			if fill != nil {
				fill(o)
			}
			s.Dispatch(r, e)
		})
	}
}

// params returns the options and tags that the parameters of a connection mean.
func (v *VU) params(value goja.Value, options *airsocket.Options) (*airsocket.Options, metrics.Tags) {
	o, ok := value.(*goja.Object)
	if !ok {
		return options, nil
	}
	options = options.Clone()
	options.Header = v.header(o.Get("headers"), options.Header)
	if c := o.Get("compression"); c != nil && c.String() == "deflate" {
		options.Compression, options.Extensions = airsocket.CompressionTakeover, nil
	}
	return options, v.tagsOf(o.Get("tags"))
}

// header returns a header with the fields that a script has passed in an object.
func (v *VU) header(value goja.Value, base http.Header) http.Header {
	o, ok := value.(*goja.Object)
	if !ok {
		return base
	}
	h := base.Clone()
	if h == nil {
		h = make(http.Header)
	}
	for _, name := range o.Keys() {
		h.Set(name, v.Realm.Text(o.Get(name)))
	}
	return h
}

// websockets is the module k6/websockets.
func websockets(v *VU) goja.Value {
	return v.exports(map[string]any{
		"WebSocket": v.Realm.Constructor(webSocketClass),
		"Blob":      v.Realm.GlobalObject().Get("Blob"),
	})
}
