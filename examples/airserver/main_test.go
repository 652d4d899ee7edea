package main

import (
	"testing"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestEcho(t *testing.T) {
	addr, out := stage.Serve(t, run)
	a := stage.Connect(t, nil, "ws://"+addr)
	a.Want("open ")
	b := stage.Connect(t, nil, "ws://"+addr)
	b.Want("open ")

	a.Send("héllo")
	a.Want("text héllo")
	b.SendBytes([]byte{1, 2, 255})
	b.Want("binary 0102ff")
	a.Close(3001, "")
	a.Want("close 3001 ")
	out.Want(t, "text: héllo", "binary: 3 bytes", "closed: 3001 clients left: 1")
	b.Close(1000, "")
	out.Want(t, "closed: 1000 clients left: 0")
}

func TestAddressInUse(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	if err := run([]string{"-addr", addr}, t.Output()); err == nil {
		t.Error("two servers listen on one address")
	}
}
