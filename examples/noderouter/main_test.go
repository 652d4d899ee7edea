package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestIncrement(t *testing.T) {
	addr, out := stage.Serve(t, run, "-every", "1ms")
	p := stage.Connect(t, nil, "ws://"+addr+"/any/path", "dumb-increment-protocol")
	p.Want("open dumb-increment-protocol", "text 0", "text 1", "text 2")
	p.Send("reset\n")
	for p.Next() != "text 0" {
	}
	p.Want("text 1")
	p.Close(1000, "")
	out.Want(t, "dumb-increment-protocol connection accepted from 127.0.0.1 - Protocol Version hybi-13",
		"increment reset received", "dumb-increment-protocol peer 127.0.0.1 disconnected, code: 1000")
}

func TestMirror(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := stage.Connect(t, &airsocket.Options{Jar: jar}, "ws://"+addr, "lws-mirror-protocol")
	a.Want("open lws-mirror-protocol")
	cookies := jar.Cookies(&url.URL{Scheme: "http", Host: addr})
	if len(cookies) != 1 || cookies[0].Name != "TestCookie" || !strings.HasPrefix(cookies[0].Value, "CookieValue") {
		t.Errorf("cookies %v", cookies)
	}
	a.Send("d 1 2 3;")
	a.SendBytes([]byte("no text"))
	a.Send("d 4 5 6;")
	a.Want("text d 1 2 3;", "text d 4 5 6;")

	b := stage.Connect(t, nil, "ws://"+addr, "lws-mirror-protocol")
	b.Want("open lws-mirror-protocol", "text d 1 2 3;d 4 5 6;")
	b.Send("clear;")
	a.Want("text clear;")
	b.Want("text clear;")
	a.Close(1000, "")
	a.Want("close 1000 ")
	b.Send("after clear;")
	b.Want("text after clear;")

	c := stage.Connect(t, nil, "ws://"+addr, "lws-mirror-protocol")
	c.Want("open lws-mirror-protocol", "text after clear;")
}

func TestHistoryIsBounded(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	a := stage.Connect(t, nil, "ws://"+addr, "lws-mirror-protocol")
	a.Want("open lws-mirror-protocol")
	for range maxHistory {
		a.Send("x")
	}
	a.Send("y")
	for a.Next() != "text y" {
	}
	b := stage.Connect(t, nil, "ws://"+addr, "lws-mirror-protocol")
	b.Want("open lws-mirror-protocol", "text "+strings.Repeat("x", maxHistory-1)+"y")
}

func TestNoRoute(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	stage.Connect(t, nil, "ws://"+addr, "fraggle-protocol").Want("error 404", "close 1006 ")
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d", res.StatusCode)
	}
}
