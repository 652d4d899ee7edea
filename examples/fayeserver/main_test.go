package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
	"github.com/airsocket/airsocket/wire"
)

func TestEcho(t *testing.T) {
	addr, out := stage.Serve(t, run)
	p := stage.Connect(t, nil, "ws://"+addr+"/chat?a=b", "xmpp", "soap")
	p.Want("open xmpp")
	p.Send("Hello, WebSocket!")
	p.Want("text Hello, WebSocket!")
	p.SendBytes([]byte{0, 128})
	p.Want("binary 0080")
	p.Close(3000, "bye")
	p.Want("close 3000 bye")
	out.Want(t, `open /chat?a=b hybi-13 "xmpp"`, `close 3000 "bye"`)
}

// FayeOptions include the old versions of the protocol.
func TestHixie76(t *testing.T) {
	addr, out := stage.Serve(t, run)
	p := stage.Connect(t, &airsocket.Options{Version: wire.Hixie76, Origin: "http://" + addr}, "ws://"+addr)
	p.Want("open ")
	p.Send("old")
	p.Want("text old")
	p.Close(0, "")
	out.Want(t, `open / hixie-76 ""`, `close 1005 ""`)
}

func TestPage(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || string(body) != "Hello" {
		t.Errorf("%d %q %v", res.StatusCode, body, err)
	}
}
