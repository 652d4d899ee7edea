//go:build js

// A Socket in a browser or in Node, driven as peer.js describes: commands are calls of obey,
// and reports go to the function tell. It becomes a client when connect is called.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"syscall/js"

	"github.com/airsocket/airsocket"
)

// reported is the length from which only the length of a binary message is reported.
const reported = 2 << 20

type options struct {
	URL       string
	Protocols []string
	Reconnect bool
}

type command struct {
	Do     string
	Data   any
	Code   int
	Reason string
}

var socket *airsocket.Socket

func main() {
	export("connect", func(text string) error {
		var o options
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return err
		}
		return connect(o)
	})
	export("obey", func(text string) error {
		var c command
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return err
		}
		return obey(c)
	})
	js.Global().Call("ready")
	select {}
}

// export makes fn a function of JavaScript that takes JSON.
func export(name string, fn func(string) error) {
	js.Global().Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any {
		if err := fn(args[0].String()); err != nil {
			report("error", map[string]any{"message": err.Error()})
		}
		return nil
	}))
}

func report(event string, fields map[string]any) {
	fields["event"] = event
	text, _ := json.Marshal(fields)
	js.Global().Call("tell", string(text))
}

func connect(o options) error {
	opts := &airsocket.Options{}
	if o.Reconnect {
		opts.Reconnect = &airsocket.Reconnect{Min: 1, Max: 1}
	}
	s := airsocket.NewSocket(opts)
	socket = s
	s.OnOpen(func(*airsocket.OpenEvent) {
		report("open", map[string]any{"protocol": s.Protocol(), "extensions": s.Extensions()})
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		switch p := e.Bytes(); {
		case !e.Binary():
			report("text", map[string]any{"data": e.Text()})
		case len(p) < reported:
			report("binary", map[string]any{"data": base64.StdEncoding.EncodeToString(p)})
		default:
			report("binary", map[string]any{"data": fmt.Sprint(len(p))})
		}
	})
	s.OnError(func(e *airsocket.ErrorEvent) { report("error", map[string]any{"message": e.Err.Error()}) })
	s.OnClose(func(e *airsocket.CloseEvent) {
		report("close", map[string]any{"code": e.Code, "reason": e.Reason})
	})
	return s.Connect(o.URL, o.Protocols...)
}

func obey(c command) error {
	switch c.Do {
	case "text":
		return socket.Send(c.Data.(string))
	case "binary":
		p, err := base64.StdEncoding.DecodeString(c.Data.(string))
		if err != nil {
			return err
		}
		return socket.SendBytes(p)
	case "zeros":
		return socket.SendBytes(make([]byte, int(c.Data.(float64))))
	case "close":
		return socket.Close(airsocket.StatusCode(c.Code), c.Reason)
	}
	return fmt.Errorf("no such command: %s", c.Do)
}
