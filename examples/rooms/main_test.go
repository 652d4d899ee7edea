package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

// TestRooms checks that everybody sees what is said in the same room, and nothing else.
func TestRooms(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	join := func(room, name string) *stage.Peer {
		p := stage.Connect(t, nil, "ws://"+addr+"/?room="+room+"&name="+name)
		p.Want("open ", "text * "+name+" has joined")
		return p
	}
	ann := join("go", "ann")
	cid := join("c", "cid")
	bob := join("go", "bob")
	ann.Want("text * bob has joined")
	ann.Send("hello")
	ann.Want("text ann: hello")
	bob.Want("text ann: hello")
	cid.Send("alone")
	cid.Want("text cid: alone") // and nothing from the other room
	ann.Close(1000, "")
	bob.Want("text * ann has left")
	bob.Send("bye")
	bob.Want("text bob: bye") // and nothing from the other room
}

func TestNames(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	long := strings.Repeat("ü", 20)
	stage.Connect(t, nil, "ws://"+addr+"/?room=go&name="+url.QueryEscape(long)).Want("open ", "text * "+long+" has joined")
	for _, query := range []string{"", "?room=go", "?name=ann", "?room=go&name=" + strings.Repeat("x", 21), "?room=go&name=%ff"} {
		if event := stage.Connect(t, nil, "ws://"+addr+"/"+query).Next(); event != "error 400" {
			t.Errorf("%q: %s", query, event)
		}
	}
}

func TestPage(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "new WebSocket(") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%v %v %.80s", err, res.Header, body)
	}
}
