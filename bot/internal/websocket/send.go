package websocket

import (
	"errors"
	"math"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/dop251/goja"
)

func send(r *realm.Realm, s *socket, args []goja.Value) goja.Value {
	var err error
	if data, ok := bytesOf(r, args[0]); ok {
		err = s.socket.SendBytes(data)
	} else {
		err = s.socket.Send(args[0].String())
	}
	if errors.Is(err, airsocket.ErrInvalidState) {
		events.Throw(r, "InvalidStateError", "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.")
	}
	return nil
}

// bytesOf returns the bytes of an ArrayBuffer or of a view of one. They belong to the script.
func bytesOf(r *realm.Realm, v goja.Value) (data []byte, ok bool) {
	o, isObject := v.(*goja.Object)
	if !isObject {
		return nil, false
	}
	if b, ok := o.Export().(goja.ArrayBuffer); ok {
		return b.Bytes(), true
	}
	return r.ViewBytes(o)
}

func closeSocket(r *realm.Realm, s *socket, args []goja.Value) goja.Value {
	code, reason := airsocket.StatusCode(0), ""
	if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
		if code = airsocket.StatusCode(clamp(v.ToFloat())); code == 0 {
			code = 1 // which Close refuses too, while 0 says that there is no code
		}
	}
	if v := realm.Arg(args, 1); !goja.IsUndefined(v) {
		if reason = v.String(); code == 0 && reason != "" {
			code = airsocket.StatusNormalClosure
		}
	}
	switch err := s.socket.Close(code, reason); {
	case errors.Is(err, airsocket.ErrCode):
		events.Throw(r, "InvalidAccessError", "Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. "+args[0].String()+" is neither.")
	case errors.Is(err, airsocket.ErrReason):
		events.Throw(r, "SyntaxError", "Failed to execute 'close' on 'WebSocket': The close reason must not be greater than 123 UTF-8 bytes.")
	}
	return nil
}

// clamp converts to an unsigned short with [Clamp] (Web IDL, section 3.2.4.9).
func clamp(f float64) uint16 {
	if math.IsNaN(f) {
		return 0
	}
	return uint16(math.RoundToEven(min(max(f, 0), math.MaxUint16)))
}
