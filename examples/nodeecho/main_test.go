package main

import (
	"net/http"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestEcho(t *testing.T) {
	addr, out := stage.Serve(t, run)
	p := stage.Connect(t, &airsocket.Options{Origin: "https://example.com"}, "ws://"+addr, "echo-protocol")
	p.Want("open echo-protocol")
	p.Send("one")
	p.SendBytes([]byte{2, 2})
	p.Want("text one", "binary 0202")
	p.Close(1000, "")
	p.Want("close 1000 ")
	out.Want(t, "connection accepted", "received message: one", "received binary message of 2 bytes", "peer 127.0.0.1 disconnected: 1000")
}

func TestRejected(t *testing.T) {
	addr, out := stage.Serve(t, run)
	p := stage.Connect(t, &airsocket.Options{Origin: "https://elsewhere.example"}, "ws://"+addr, "echo-protocol")
	p.Want("error 403", "close 1006 ")
	out.Want(t, "connection from origin https://elsewhere.example rejected")

	p = stage.Connect(t, nil, "ws://"+addr, "another-protocol")
	p.Want("error 400", "close 1006 ")

	res, err := http.Get("http://" + addr + "/page")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
	out.Want(t, "received request for /page")
}
