package airsocket_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// acts are what can be done to a Socket, and what can happen to it, each returning
// what the call has returned.
var acts = map[string]func(*scene) error{
	"Connect":     func(sc *scene) error { return sc.s.Connect("ws://example.com/again") },
	"StartServer": func(sc *scene) error { return sc.s.StartServer(sc.line(true, true)) },
	"SetProtocol": func(sc *scene) error { return sc.s.SetProtocol("p") },

	"Send":              func(sc *scene) error { return sc.s.Send("x") },
	"SendBytes":         func(sc *scene) error { return sc.s.SendBytes([]byte("x")) },
	"SendMessageText":   func(sc *scene) error { return sc.s.SendMessage(wire.Text, []byte("x")) },
	"SendMessageBinary": func(sc *scene) error { return sc.s.SendMessage(wire.Binary, []byte{}) },
	"SendMessagePing":   func(sc *scene) error { return sc.s.SendMessage(wire.Ping, []byte("x")) },
	"SendMessagePong":   func(sc *scene) error { return sc.s.SendMessage(wire.Pong, []byte("x")) },
	"SendPrepared": func(sc *scene) error {
		p, err := airsocket.Prepare(wire.Text, []byte("x"))
		return errors.Join(err, sc.s.SendPrepared(p))
	},
	"SendPart":         func(sc *scene) error { return sc.s.SendPart(wire.Text, []byte("x"), true) },
	"SendUncompressed": func(sc *scene) error { return sc.s.SendUncompressed(wire.Text, []byte("x"), true) },
	"Ping":             func(sc *scene) error { return sc.s.Ping([]byte("x")) },
	"Pong":             func(sc *scene) error { return sc.s.Pong([]byte("x")) },
	"PingFunc":         func(sc *scene) error { return sc.s.PingFunc([]byte("x"), func() {}) },

	"SendMessageNil":   func(sc *scene) error { return sc.s.SendMessage(wire.Text, nil) },
	"SendMessageFail":  func(sc *scene) error { return sc.s.SendMessage(wire.Fail, []byte("x")) },
	"SendMessageClose": func(sc *scene) error { return sc.s.SendMessage(wire.Close, nil) },

	"Close":           func(sc *scene) error { return sc.s.Close(1000, "done") },
	"Close0":          func(sc *scene) error { return sc.s.Close(0, "") },
	"Close1001":       func(sc *scene) error { return sc.s.Close(1001, "") },
	"Close1006":       func(sc *scene) error { return sc.s.Close(1006, "") },
	"CloseLongReason": func(sc *scene) error { return sc.s.Close(1000, strings.Repeat("x", 124)) },
	"Drop":            func(sc *scene) error { return sc.s.Drop(3000, "drop") },
	"CloseTwice": func(sc *scene) error {
		return errors.Join(sc.s.Close(1000, "done"), sc.s.Close(1000, "again"))
	},
	"DropTwice": func(sc *scene) error {
		return errors.Join(sc.s.Drop(3000, "drop"), sc.s.Drop(3001, "again"))
	},
	"CloseDrop": func(sc *scene) error {
		return errors.Join(sc.s.Close(1000, "done"), sc.s.Drop(3000, "drop"))
	},
	"Drop1006":       func(sc *scene) error { return sc.s.Drop(1006, "") },
	"DropLongReason": func(sc *scene) error { return sc.s.Drop(1000, strings.Repeat("x", 124)) },

	"Pause":  func(sc *scene) error { sc.s.Pause(); return nil },
	"Resume": func(sc *scene) error { sc.s.Resume(); return nil },
	"Flush":  func(sc *scene) error { sc.s.Flush(); return nil },

	"ServerShutdown": func(sc *scene) error {
		go func() { sc.shutdown <- sc.srv.Shutdown(context.Background()) }()
		return nil
	},
	"ServerClose":     func(sc *scene) error { return sc.srv.Close() },
	"ServerCloseDrop": func(sc *scene) error { return errors.Join(sc.srv.Close(), sc.s.Drop(3000, "drop")) },

	"PeerCloses":     func(sc *scene) error { go sc.peer().close(1001, "away"); return nil },
	"PeerBreaksRule": func(sc *scene) error { go sc.peer().send(0x83, ""); return nil },
	"StreamEnds":     func(sc *scene) error { return sc.peer().out.Close() },
	"ReadFails":      func(sc *scene) error { sc.peer().set(&sc.peer().readFails); return sc.peer().out.Close() },
	"WriteFails": func(sc *scene) error { // as something is written
		sc.peer().set(&sc.peer().writeFails)
		sc.peer().raw.Close()
		return sc.s.Send("x")
	},

	"Goexit": func(*scene) error { runtime.Goexit(); return nil },

	"WriteTimeout":    writesToTheDeaf,
	"IdleTimeout":     passes,
	"MessageTimeout":  beginsAMessage,
	"RateLimitHolds":  sendsTooMuch,
	"RateLimitCloses": sendsTooMuch,

	"CloseTimeout":     passes,
	"HandshakeTimeout": passes,
	"PongTimeout": func(sc *scene) error {
		if p := sc.peer(); p != nil {
			p.set(&p.mute)
		}
		return passes(sc)
	},
}

// passes lets any of the timeouts pass, which are a second, and a ping before one.
func passes(*scene) error {
	time.Sleep(3 * time.Second) // of the bubble
	return nil
}

// doubles are acts that lead to what another act leads to, where a state does not say
// otherwise.
var doubles = map[string]string{"CloseTwice": "Close", "DropTwice": "Drop", "CloseDrop": "Drop", "ServerCloseDrop": "ServerClose"}

// actTimes are the times of the acts that wait for them. Otherwise they are long.
var actTimes = map[string]func(*airsocket.Options){
	"CloseTimeout":     func(o *airsocket.Options) { o.CloseTimeout = time.Second },
	"HandshakeTimeout": func(o *airsocket.Options) { o.HandshakeTimeout = time.Second },
	"PongTimeout":      func(o *airsocket.Options) { o.PingInterval, o.PongTimeout = time.Second, time.Second },
	"WriteTimeout":     func(o *airsocket.Options) { o.WriteTimeout = time.Second },
	"IdleTimeout":      func(o *airsocket.Options) { o.IdleTimeout = time.Second },
	"MessageTimeout":   func(o *airsocket.Options) { o.MessageTimeout = time.Second },
	"RateLimitHolds":   func(o *airsocket.Options) { o.RateLimit = &airsocket.RateLimit{Messages: 1, Burst: 1} },
	"RateLimitCloses":  func(o *airsocket.Options) { o.RateLimit = &airsocket.RateLimit{Messages: 1, Burst: 1, Close: true} },
}
