package main

import (
	"fmt"
	"syscall/js"

	"github.com/airsocket/airsocket"
)

func main() {
	s := airsocket.NewSocket(&airsocket.Options{Reconnect: &airsocket.Reconnect{}})
	s.OnOpen(func(*airsocket.OpenEvent) { show("open " + s.URL()) })
	s.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Binary() {
			show(fmt.Sprintf("received % x", e.Bytes()))
		} else {
			show("received " + e.Text())
		}
	})
	s.OnError(func(e *airsocket.ErrorEvent) { show("error " + e.Err.Error()) })
	s.OnClose(func(e *airsocket.CloseEvent) {
		show(fmt.Sprintf("close %d %s", e.Code, e.Reason))
		if e.WillReconnect {
			show(fmt.Sprintf("connecting again in %v", e.ReconnectIn))
		}
	})

	element("url").Set("value", "ws://"+js.Global().Get("location").Get("host").String()+"/")
	onClick("connect", func() error { return s.Connect(value("url")) })
	onClick("text", func() error { return s.Send(value("message")) })
	onClick("binary", func() error { return s.SendBytes([]byte(value("message"))) })
	onClick("close", func() error { return s.Close(airsocket.StatusNormalClosure, "") })
	select {} // the program has to stay for the clicks
}

func element(id string) js.Value { return js.Global().Get("document").Call("getElementById", id) }

func value(id string) string { return element(id).Get("value").String() }

// onClick has fn called for clicks on a button. JavaScript waits until fn returns, but no
// method of a Socket waits for the network.
func onClick(id string, fn func() error) {
	button := element(id)
	button.Call("addEventListener", "click", js.FuncOf(func(js.Value, []js.Value) any {
		if err := fn(); err != nil {
			show(err.Error())
		}
		return nil
	}))
	button.Set("disabled", false)
}

func show(line string) {
	item := js.Global().Get("document").Call("createElement", "li")
	item.Set("textContent", line)
	element("log").Call("append", item)
}
