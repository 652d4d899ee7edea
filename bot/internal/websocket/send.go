package websocket

import (
	"errors"
	"math"
	"strconv"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/wire"
)

func send(r *realm.Realm, s *Socket, args []goja.Value) goja.Value {
	var err error
	if data, ok := r.Bytes(args[0]); ok {
		err = s.socket.SendBytes(data)
	} else if b, ok := realm.StateOf(args[0]).(*blob.Blob); ok {
		err = s.socket.SendBytes(b.Data)
	} else {
		err = s.socket.Send(r.Text(args[0]))
	}
	if errors.Is(err, airsocket.ErrInvalidState) {
		events.Throw(r, "InvalidStateError", "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.")
	}
	return nil
}

func closeSocket(r *realm.Realm, s *Socket, args []goja.Value) goja.Value {
	hasCode, code, reason := false, uint16(0), ""
	if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
		hasCode, code = true, clamp(v.ToFloat())
	}
	if v := realm.Arg(args, 1); !goja.IsUndefined(v) {
		reason = r.Text(v)
	}
	if !hasCode && reason == "" {
		s.socket.SendMessage(wire.Close, nil)
		return nil
	}
	if !hasCode {
		code = uint16(airsocket.StatusNormalClosure)
	}
	switch err := s.socket.Close(airsocket.StatusCode(code), reason); {
	case errors.Is(err, airsocket.ErrCode):
		events.Throw(r, "InvalidAccessError", "Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. "+strconv.Itoa(int(code))+" is neither.")
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
